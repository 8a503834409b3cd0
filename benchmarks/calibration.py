"""Whether the price of a jump says how visible its seam is once it is made, and the coefficients that say it best.

Seams between sampled clips of each speaker, near and far, are placed and made by the interpolator and measured with the
yardstick. Coefficients of `seam_price.PriceConfig` are fitted with one speaker left out, by relative error, every
speaker counting alike; on the one left out the prediction is held against what was measured. Without --catalog the
clips of TANGO_FOOTAGE are onboarded first.
"""

import argparse
from pathlib import Path

import numpy as np

from benchmarks.commands import workplace
from benchmarks.footage import REAL, synthetic_speaker
from benchmarks.made_seams import Footage
from benchmarks.printing import heading, table
from data_catalog import Catalog
from data_catalog.keys import equals
from tango_models.interpolation.interpolators import create_interpolator
from tango_models.metrics.seam_visibility import POP
from tango_models.motion_graph.edge_config import EdgeConfig
from tango_models.motion_graph.edges import Judge
from tango_models.motion_graph.features import FrameFeatures
from tango_models.motion_graph.seam_price import Views, differences
from tasks.views.clip_features import read_frame_features

_WANTED = 0.7, 0.9


def sampled_jumps(features: FrameFeatures, count: int, seed: int) -> list[tuple[int, int]]:
    """Pairs of clips by position: sources at random, targets by a rank of nearness drawn log-evenly."""
    rng, judge = np.random.default_rng(seed), Judge([features], EdgeConfig())
    usable = np.flatnonzero(features.usable_clips)
    src, dst = judge.nearest(usable, usable, usable.size, separation=judge.config.separation)
    edges = judge.score(src, dst)
    found: list[tuple[int, int]] = []
    sources = rng.permutation(np.unique(edges.src))
    for k in range(count if sources.size else 0):
        source = sources[k % sources.size]
        mine = edges.dst[edges.src == source]  # by cost
        rank = min(int(np.exp(rng.uniform(0, np.log(mine.size)))), mine.size - 1)
        found.append((int(source), int(mine[rank])))
    return found


def measured(catalog: Catalog, track: str, count: int, seed: int, interpolator: str) -> np.ndarray:
    """(P, 4): of each seam difference over usual change and visibility, whole picture and background in turn."""
    features = read_frame_features(catalog, track)
    index = catalog.table("clips").read(["clip_id", "index"], where=equals(track_id=track))["index"].to_numpy()
    jumps, views = sampled_jumps(features, count, seed), Views.of_videos([features])
    numbers = [(int(index[a]), int(index[b])) for a, b in jumps]
    found = Footage(catalog, track).measure(numbers, create_interpolator(interpolator))
    rows = []
    for (a, b), seam in zip(jumps, found, strict=True):
        if seam.placement.half:
            shift = seam.placement.shift
            last, first = views.last[4 * a], views.first[4 * b]
            apart = differences(
                views.picture, views.person, np.array([min(4 * a + 4 + shift, last)]),
                np.array([max(4 * b + shift, first)]),
            )[0]  # fmt: skip
            usual = (views.usual[4 * a] + views.usual[4 * b]) / 2
            rows.append((apart[0] / usual[0], seam.whole, apart[1] / usual[1], seam.background))
    return np.array(rows).reshape(-1, 4)


def fit(seams: list[np.ndarray], column: int) -> np.ndarray:
    """(2,) constant and share, not negative: least relative squares, every speaker alike. column: 0 whole picture, 2
    background."""
    from scipy.optimize import nnls

    rows, targets = [], []
    for one in seams:
        weight = 1 / np.sqrt(len(one))
        rows.append(np.stack([np.ones(len(one)), one[:, column]], axis=1) / one[:, column + 1 : column + 2] * weight)
        targets.append(np.full(len(one), weight))
    return nnls(np.concatenate(rows), np.concatenate(targets))[0]


def report(speakers: dict[str, np.ndarray]) -> None:
    from scipy.stats import spearmanr

    rows, predicted, seen = [], [], []
    for name, own in speakers.items():
        others = [seams for other, seams in speakers.items() if other != name] or [own]
        cells = [name, str(len(own)), f"{(own[:, 1] >= POP).mean():.0%}"]
        for column in (0, 2):
            base, share = fit(others, column)
            guess = base + share * own[:, column]
            cells += [f"{base:.2f} {share:.3f}", f"{spearmanr(guess, own[:, column + 1]).statistic:.2f}"]
            if column == 0:
                predicted.append(guess)
                seen.append(own[:, 1])
        rows.append(cells)
    table(["left out", "seams", "pop", "whole: fitted", "rank", "background: fitted", "rank"], rows)
    guess, true = np.concatenate(predicted), np.concatenate(seen)
    cheap = true[guess <= np.median(guess)]
    print(f"All together, each predicted by the others: rank correlation {spearmanr(guess, true).statistic:.2f}")
    print(
        f"(wanted {_WANTED[0]}); of the cheaper half {(cheap < POP).mean():.0%} do not pop (wanted {_WANTED[1]:.0%})."
    )
    every = list(speakers.values())
    whole, background = (" ".join(f"{value:.3f}" for value in fit(every, column)) for column in (0, 2))
    print(f"Fitted on all: whole {whole}, background {background}.", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--catalog", type=Path, help="a catalog that the speakers are already onboarded into")
    parser.add_argument("--avatars", nargs="*", help="of that catalog; none: all of them")
    parser.add_argument("--seams", type=int, default=60, help="of each track")
    parser.add_argument("--interpolator", default="auto", help="that of the product, where none is named")
    arguments = parser.parse_args()
    heading("The price of a jump and what is seen", __doc__, "calibration")
    with workplace() as place:
        folder = arguments.catalog
        if folder is None:
            clips = sorted((REAL / "speakers").glob("*.mp4")) or [synthetic_speaker()]
            folder = place.folder / "catalog"
            for clip in clips:
                place.tango("onboard", clip.stem.rpartition("_")[0] or clip.stem, clip, catalog=folder)
        catalog = Catalog(folder)
        speakers = {}
        for avatar in arguments.avatars or catalog.avatars():
            parts = [
                measured(catalog, track, arguments.seams, 0, arguments.interpolator)
                for track in catalog.avatar_tracks(avatar)
            ]
            speakers[avatar] = np.concatenate(parts)
        report({name: seams for name, seams in speakers.items() if len(seams)})


if __name__ == "__main__":
    main()
