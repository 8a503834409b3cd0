"""Whether an edge's cost says how visible its jump is.

Artificial seams of 0 to 60 frames in real continuous footage, weights fitted on all speakers but one, Spearman's
coefficient of edge cost with the optical flow over the person on the speaker left out. Clips *_b are outputs
of TANGO's own system. Without --catalog the clips of TANGO_FOOTAGE are onboarded first.
"""

import argparse
from collections import defaultdict
from pathlib import Path

import numpy as np

from benchmarks.commands import workplace
from benchmarks.edge_calibration import Seams, artificial_seams, fit_weights
from benchmarks.footage import REAL
from benchmarks.printing import heading, table
from data_catalog import Catalog
from tango_models.motion_graph.terms import TERMS, EdgeConfig
from tasks.views.clip_features import read_frame_features
from tasks.views.columns import unpack_bits
from tasks.views.frame_source import GopCache

PASS = 0.8
EVEN = np.full(len(TERMS), 1 / len(TERMS))


def seams_of(catalog: Catalog, video: dict, config: EdgeConfig) -> Seams:
    import cv2

    features = read_frame_features(catalog, video["video_id"])
    where = f"video_id = '{video['video_id']}'"
    index = np.asarray(catalog.table("clips").read(["clip_id", "index"], where)["index"])
    shown = (index[:, None] * 4 + np.arange(4)).ravel()
    cache = GopCache(catalog)
    repeated = unpack_bits(video["repeated"], video["n_frames"])[shown]
    return artificial_seams(
        features,
        lambda t: cv2.cvtColor(cache.frame(video["video_id"], int(shown[t])), cv2.COLOR_RGB2GRAY),
        config,
        left_out=repeated,
    )


def report(catalog: Catalog, ridge: float) -> None:
    config = EdgeConfig()
    speakers: dict[str, dict[str, Seams]] = defaultdict(dict)
    for video in catalog.table("videos").read().to_pylist():
        name = Path(video["file_name"]).stem
        speakers[name.rpartition("_")[0]][name] = seams_of(catalog, video, config)
    print(f"Weights are those of {', '.join(TERMS)}; ridge {ridge:g} to even weights.")
    print(f"Wanted: at least {PASS} with the fitted weights; less is in bold.\n", flush=True)
    rows, worst = [], 1.0
    for speaker, videos in sorted(speakers.items()):
        others = [seams for other, mine in speakers.items() if other != speaker for seams in mine.values()]
        weights = fit_weights(others, EVEN, ridge=ridge)
        for name, seams in sorted(videos.items()):
            held_out = [seams.rank_correlation(weights, shortest=gap) for gap in (0, 1, 6)]
            fixed = [seams.rank_correlation(w) for w in (EVEN, config.weights)]
            fitted = f"{held_out[0]:.3f}" if held_out[0] >= PASS else f"**{held_out[0]:.3f}**"
            cells = [fitted, *(f"{value:.3f}" for value in (*held_out[1:], *fixed))]
            rows.append([name, str(len(seams.gap)), *cells, " ".join(f"{w:.2f}" for w in weights)])
            worst = min(worst, held_out[0])
    columns = ["held out", "seams", "fitted", "without gap 0", "gaps from 6", "even", "default", "fitted weights"]
    table(columns, rows)
    every = [seams for videos in speakers.values() for seams in videos.values()]
    on_all = " ".join(f"{w:.3f}" for w in fit_weights(every, EVEN, ridge=ridge))
    print(f"Worst clip: {worst:.3f}. Weights fitted on all: {on_all}.")
    terms = [np.median([seams.rank_correlation(np.eye(len(TERMS))[k]) for seams in every]) for k in range(len(TERMS))]
    alone = ", ".join(f"{name} {value:.2f}" for name, value in zip(TERMS, terms, strict=True))
    print(f"Each term alone, median of the clips: {alone}.", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--catalog", type=Path, help="a catalog that the clips are already onboarded into")
    parser.add_argument("--ridge", type=float, default=0.3)
    arguments = parser.parse_args()
    heading("Edge cost and what is seen", __doc__, "calibration")
    with workplace() as place:
        folder = arguments.catalog
        if folder is None:
            clips = sorted((REAL / "speakers").glob("*_[ab].mp4"))
            if len({clip.stem.rpartition("_")[0] for clip in clips}) < 2:
                raise SystemExit(f"needs clips of two speakers and more under {REAL}/speakers")
            folder = place.folder / "catalog"
            for clip in clips:
                place.tango("onboard", clip.stem.rpartition("_")[0], clip, catalog=folder)
        report(Catalog(folder), arguments.ridge)


if __name__ == "__main__":
    main()
