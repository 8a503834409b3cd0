"""Whether the price of a jump says how visible its seam is once it is made, and the coefficients that say it best.

Seams between sampled clips of each speaker, near and far, are placed and made by the interpolator and measured with
the yardstick. Coefficients of `seam_price.PriceConfig` are fitted with one speaker left out, by their logarithm, every
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
from tango_models.motion_graph.edge_config import EdgeConfig, PriceConfig
from tango_models.motion_graph.edges import Judge
from tango_models.motion_graph.features import FrameFeatures
from tango_models.motion_graph.jump_price import visibilities
from tango_models.motion_graph.seam_price import Views, differences
from tasks.views.clip_features import read_frame_features

_WANTED = 0.7, 0.9
_LEAST = 0.05  # of what is seen: less is nothing


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
    """(P, 5): of each seam difference over usual change, surprise over usual surprise and visibility; of the background
    difference over usual change and visibility."""
    features = read_frame_features(catalog, track)
    index = catalog.table("clips").read(["clip_id", "index"], where=equals(track_id=track))["index"].to_numpy()
    jumps, views = sampled_jumps(features, count, seed), Views.of_videos([features])
    numbers = [(int(index[a]), int(index[b])) for a, b in jumps]
    found = Footage(catalog, track).measure(numbers, create_interpolator(interpolator))
    rows = []
    for (a, b), seam in zip(jumps, found, strict=True):
        if seam.placement.half:
            (price,) = visibilities(views, np.array([a]), np.array([b]), PriceConfig())
            apart, surprise = _told_by(views, a, b, int(price[2]))
            rows.append((apart[0], surprise, seam.whole, apart[1], seam.background))
    return np.array(rows).reshape(-1, 5)


def _told_by(views: Views, src: int, dst: int, shift: int) -> tuple[np.ndarray, float]:
    """Differences (2,) and surprise where the price takes the cut to be, over what is usual."""
    a, b = 4 * src, 4 * dst
    leaves, enters = min(a + 4 + shift, views.last[a]), min(max(b + shift, views.first[b]), views.last[b])
    apart = differences(views.picture, views.person, np.array([leaves]), np.array([enters]))[0]
    surprise = max(views.leaving[max(leaves - 1, views.first[a])], views.entering[enters])
    return 2 * apart / (views.usual[a] + views.usual[b]), float(2 * surprise / (views.calm[a] + views.calm[b]))


_WHOLE, _BACKGROUND = ([0, 1], 2), ([3], 4)  # columns of `measured`: told by, and seen


def fit(seams: list[np.ndarray], told_by: list[int], seen: int) -> np.ndarray:
    """(1 + columns,) constant and shares, not negative: by the logarithm, every speaker alike, far ones less."""
    from scipy.optimize import least_squares

    every = np.concatenate(seams)
    known = np.concatenate([np.ones((len(every), 1)), every[:, told_by]], axis=1)
    true = np.log(np.maximum(every[:, seen], _LEAST))
    weight = np.concatenate([np.full(len(one), 1 / np.sqrt(len(one))) for one in seams])

    def astray(shares: np.ndarray) -> np.ndarray:
        return weight * (np.log(np.maximum(known @ shares, _LEAST)) - true)

    start = np.array([1.0, *[0.2] * len(told_by)])
    return least_squares(astray, start, bounds=(0, np.inf), loss="soft_l1", f_scale=0.1 * weight.mean()).x


def report(speakers: dict[str, np.ndarray]) -> None:
    from scipy.stats import spearmanr

    rows, predicted, seen, cheaper = [], [], [], []
    for name, own in speakers.items():
        others = [seams for other, seams in speakers.items() if other != name] or [own]
        cells = [name, str(len(own)), f"{(own[:, 2] >= POP).mean():.0%}"]
        for told_by, column in (_WHOLE, _BACKGROUND):
            base, *shares = fit(others, told_by, column)
            guess, true = base + own[:, told_by] @ np.array(shares), own[:, column]
            cells += [f"{base:.2f} {' '.join(f'{share:.3f}' for share in shares)}"]
            cells += [f"{spearmanr(guess, true).statistic:.2f}"]
            if column == _WHOLE[1]:
                predicted.append(guess)
                seen.append(true)
                cheaper.append(f"{(true[guess <= np.median(guess)] < POP).mean():.0%}")
        rows.append([*cells, cheaper[-1]])
    header = ["left out", "seams", "pop", "whole: fitted", "rank", "background: fitted", "rank", "cheaper half: no pop"]
    table(header, rows)
    guess, true = np.concatenate(predicted), np.concatenate(seen)
    cheap = true[guess <= np.median(guess)]
    print(f"All together, each predicted by the others: rank correlation {spearmanr(guess, true).statistic:.2f}")
    print(
        f"(wanted {_WANTED[0]}); of the cheaper half {(cheap < POP).mean():.0%} do not pop (wanted {_WANTED[1]:.0%})."
    )
    every = list(speakers.values())
    whole, background = (" ".join(f"{value:.3f}" for value in fit(every, *of)) for of in (_WHOLE, _BACKGROUND))
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
