"""Whether an edge's cost says how visible its jump is. `python -m benchmarks.calibration [--catalog FOLDER]`

Artificial seams of 0 to 60 frames in real continuous footage, weights fitted on all speakers but one, Spearman's
coefficient on the one left out. Without --catalog the clips of TANGO_FOOTAGE are onboarded first.
"""

import argparse
from collections import defaultdict
from pathlib import Path

import numpy as np

from benchmarks.commands import workplace
from benchmarks.edge_calibration import Seams, artificial_seams, fit_weights
from benchmarks.footage import REAL
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


def report(catalog: Catalog, ridge: float) -> bool:
    """Print the table; whether every original clip passes."""
    config = EdgeConfig()
    speakers: dict[str, dict[str, Seams]] = defaultdict(dict)
    for video in catalog.table("videos").read().to_pylist():
        name = Path(video["file_name"]).stem
        speakers[name.rpartition("_")[0]][name] = seams_of(catalog, video, config)
    print(f"weights of {', '.join(TERMS)}; ridge {ridge:g} to even weights")
    print("| held out | seams | fitted | without gap 0 | gaps from 6 | even | default | weights |")
    print("|---|---|---|---|---|---|---|---|")
    passed = True
    for speaker, videos in sorted(speakers.items()):
        others = [seams for other, mine in speakers.items() if other != speaker for seams in mine.values()]
        weights = fit_weights(others, EVEN, ridge=ridge)
        for name, seams in sorted(videos.items()):
            held_out = [seams.rank_correlation(weights, shortest=gap) for gap in (0, 1, 6)]
            fixed = [seams.rank_correlation(w) for w in (EVEN, config.weights)]
            cells = [*(f"{value:.3f}" for value in (*held_out, *fixed)), " ".join(f"{w:.2f}" for w in weights)]
            print(f"| {name} | {len(seams.gap)} | {' | '.join(cells)} |")
            passed &= held_out[0] >= PASS or not name.endswith("_a")
    every = [seams for videos in speakers.values() for seams in videos.values()]
    print("fitted on all: " + " ".join(f"{w:.3f}" for w in fit_weights(every, EVEN, ridge=ridge)))
    terms = [np.median([seams.rank_correlation(np.eye(len(TERMS))[k]) for seams in every]) for k in range(len(TERMS))]
    print(
        "each term alone, median: " + ", ".join(f"{name} {value:.2f}" for name, value in zip(TERMS, terms, strict=True))
    )
    return passed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--catalog", type=Path, help="a catalog that the clips are already onboarded into")
    parser.add_argument("--ridge", type=float, default=0.3)
    arguments = parser.parse_args()
    with workplace() as place:
        folder = arguments.catalog
        if folder is None:
            clips = sorted((REAL / "speakers").glob("*_[ab].mp4"))
            if len({clip.stem.rpartition("_")[0] for clip in clips}) < 2:
                print(f"needs clips of two speakers and more under {REAL}/speakers")
                return
            folder = place.folder / "catalog"
            for clip in clips:
                place.tango("onboard", clip.stem.rpartition("_")[0], clip, catalog=folder)
        if not report(Catalog(folder), arguments.ridge):
            raise SystemExit(f"an original clip lies below {PASS}")


if __name__ == "__main__":
    main()
