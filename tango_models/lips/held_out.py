"""How well lips are told from the sound alone: a speaker's own speech, whose lips are known, given mouths of other
moments."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tango_models.lips.library import MouthLibrary, asked_by
from tango_models.lips.mesh_points import CHIN, LIPS, MOUTH
from tango_models.lips.selection import Heads, SelectionConfig, select_mouths
from tango_models.lips.shapes import gap_of, painted_shapes
from tango_models.lips.visemes import LipTargets

_LAGS = 6  # frames by which made lips may be late or early
_NEAR = 1  # frames that nobody sees
_LEAST = 30  # mouths in each half
_COMPARED = np.flatnonzero(np.isin(MOUTH, [*LIPS, CHIN]))


@dataclass(frozen=True)
class HeldOut:
    """
    Attributes:
        corr: of the opening with the true one, at the best shift by a frame at most.
        oracle: the same if opening and width of the true lips were asked for: what is lost by search and mouths alone.
        lag: frames by which the true lips lead where they agree best.
        error: mean distance of lips and chin from the true ones, of that of any other mouth of the footage.
        best: the same of the best real mouth if the true shape were known; average: of the mean mouth.
    """

    corr: float
    oracle: float
    lag: int
    error: float
    best: float
    average: float


def held_out(library: MouthLibrary, targets: LipTargets, config: SelectionConfig | None = None) -> HeldOut | None:
    """Each half of one video's mouths made of the other half's, for the video's own sound. None where a half shows
    hardly any mouth, or lips never move.

    Args:
        library: of one video, frame after frame; targets: of its sound, as far ahead of it as lips are.
    """
    count = min(len(library), len(targets))
    halves = slice(0, count // 2), slice(count // 2, count)
    found = np.isfinite(library.shape[:count]).all((1, 2)) & library.mouths.found[:count]
    if any(min(found[half].sum(), library.usable[half].sum()) < _LEAST for half in halves):
        return None
    shapes = made_of_the_other_half(library, targets, config)
    choice = np.zeros((count, *library.shape.shape[1:]))
    for part in halves:
        pool = _pool(library, part, count)
        for t in np.flatnonzero(found[part]) + part.start:
            choice[t] = library.shape[pool[np.argmin(_error(library.shape[pool], library.shape[t][None]))]]
    true = library.shape[:count]
    opening = np.where(found, library.mouths.opening[:count], np.nan)
    by_lag = _by_lag(opening, gap_of(shapes))
    near = [value for lag, value in by_lag.items() if abs(lag) <= _NEAR]
    if not near:
        return None
    known = _by_lag(opening, gap_of(made_of_the_other_half(library, true_targets(library, count), config)))
    other = np.random.default_rng(0).permutation(np.flatnonzero(found))
    usual = float(_error(true[other], true[found]).mean())
    return HeldOut(
        max(near),
        known.get(0, float("nan")),
        max(by_lag, key=lambda lag: by_lag[lag]),
        float(_error(shapes[found], true[found]).mean()) / usual,
        float(_error(choice[found], true[found]).mean()) / usual,
        float(_error(true[found].mean(0, keepdims=True), true[found]).mean()) / usual,
    )


def made_of_the_other_half(
    library: MouthLibrary, targets: LipTargets, config: SelectionConfig | None = None
) -> np.ndarray:
    """(T, 55, 3) the shapes painted for targets of T frames, in each half of them by mouths of the other half alone."""
    count = min(len(library), len(targets))
    shapes = np.zeros((count, *library.shape.shape[1:]))
    for part in (slice(0, count // 2), slice(count // 2, count)):
        wanted = LipTargets(*(getattr(targets, name)[part] for name in LipTargets.__dataclass_fields__))
        others = np.zeros(len(library), bool)
        others[_pool(library, part, count)] = True
        known, seen = replace(library, usable=others), library.mouths[part]
        heads = Heads(seen.yaw, seen.pitch, seen.light, np.full(len(seen), -1))
        shapes[part] = painted_shapes(select_mouths(wanted, heads, known, config), wanted, known)
    return shapes


def true_targets(library: MouthLibrary, count: int) -> LipTargets:
    """What would have to be asked for to get the first `count` mouths of a library; a mouth at rest where none is."""
    return asked_by(library.mouths[:count], library.range)


def _pool(library: MouthLibrary, part: slice, count: int) -> np.ndarray:
    """Numbers of the usable mouths of the first `count` that are not in one half of them."""
    others = library.usable.copy()
    others[part] = False
    others[count:] = False
    return np.flatnonzero(others)


def _by_lag(true: np.ndarray, made: np.ndarray) -> dict[int, float]:
    """Correlation of openings (T,) by the lag of those that were made, where it can be told."""
    found = {lag: _correlation(true, made, lag) for lag in range(-_LAGS, _LAGS + 1)}
    return {lag: value for lag, value in found.items() if np.isfinite(value)}


def _error(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(T,) root mean square distance of lips and chin in the picture's plane, in eye distances."""
    apart = (a - b)[:, _COMPARED, :2]
    return np.sqrt((apart**2).sum(2).mean(1))


def _correlation(true: np.ndarray, made: np.ndarray, lag: int) -> float:
    """Of the true opening with the one that was made `lag` frames later."""
    a, b = true[max(0, -lag) : len(true) - max(0, lag)], made[max(0, lag) : len(made) - max(0, -lag)]
    seen = np.isfinite(a) & np.isfinite(b)
    if seen.sum() < _LEAST or a[seen].std() < 1e-9 or b[seen].std() < 1e-9:
        return float("nan")
    return float(np.corrcoef(a[seen], b[seen])[0, 1])
