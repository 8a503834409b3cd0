"""How well lips are told from the sound alone: a speaker's own speech, whose lips are known, given mouths of other
moments."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tango_models.lips.library import MouthLibrary
from tango_models.lips.mesh_points import CHIN, LIPS, MOUTH
from tango_models.lips.selection import Heads, SelectionConfig, select_mouths
from tango_models.lips.shapes import gap_of, painted_shapes
from tango_models.lips.visemes import LipTargets

_LEAD = 8  # frames by which lips may lead their sound in a file
_COMPARED = np.flatnonzero(np.isin(MOUTH, [*LIPS, CHIN]))


@dataclass(frozen=True)
class HeldOut:
    """
    Attributes:
        corr: of the opening with the true one, at `lag`, the frames by which the true lips lead.
        error: mean distance of lips and chin from the true ones, of that of any other mouth of the footage.
        best: the same of the best real mouth if the true shape were known; average: of the mean mouth.
    """

    corr: float
    lag: int
    error: float
    best: float
    average: float


def held_out(library: MouthLibrary, targets: LipTargets, config: SelectionConfig | None = None) -> HeldOut:
    """Each half of one video's mouths made of the other half's, for the video's own sound.

    Args:
        library: of one video, frame after frame; targets: of its sound.
    """
    count = min(len(library), len(targets))
    shapes = np.zeros((count, *library.shape.shape[1:]))
    choice = np.zeros((count, *library.shape.shape[1:]))
    half = count // 2
    for part in (slice(0, half), slice(half, count)):
        wanted = LipTargets(*(getattr(targets, name)[part] for name in LipTargets.__dataclass_fields__))
        others = library.usable.copy()
        others[part] = False
        known = replace(library, usable=others)
        seen = library.mouths[part]
        heads = Heads(seen.yaw, seen.pitch, seen.light, np.full(len(seen), -1))
        shapes[part] = painted_shapes(select_mouths(wanted, heads, known, config), wanted, known)
        pool = np.flatnonzero(others)
        apart = np.stack([_error(library.shape[pool], library.shape[t][None]) for t in range(part.start, part.stop)])
        choice[part] = library.shape[pool[np.argmin(apart, 1)]]
    true = library.shape[:count]
    opening = library.mouths.opening[:count]
    found = gap_of(shapes)
    lags = [_correlation(opening, found, lag) for lag in range(_LEAD + 1)]
    lag = int(np.nanargmax(lags))
    shifted = true[: count - lag] if lag else true
    other = np.random.default_rng(0).permutation(count)
    usual = float(_error(true[other], true).mean())
    return HeldOut(
        float(lags[lag]),
        lag,
        float(_error(shapes[lag:], shifted).mean()) / usual,
        float(_error(choice, true).mean()) / usual,
        float(_error(true.mean(0, keepdims=True), true).mean()) / usual,
    )


def _error(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(T,) root mean square distance of lips and chin in the picture's plane, in eye distances."""
    apart = (a - b)[:, _COMPARED, :2]
    return np.sqrt((apart**2).sum(2).mean(1))


def _correlation(true: np.ndarray, found: np.ndarray, lag: int) -> float:
    """Of the true opening with the one that was found `lag` frames later."""
    a, b = true[: len(true) - lag], found[lag:]
    seen = np.isfinite(a) & np.isfinite(b)
    if seen.sum() < 30 or a[seen].std() < 1e-9 or b[seen].std() < 1e-9:
        return float("nan")
    return float(np.corrcoef(a[seen], b[seen])[0, 1])
