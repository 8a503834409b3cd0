"""When a chosen mouth is painted, how much of it, and what it fades from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tango_models.lips.library import MouthLibrary
from tango_models.lips.shapes import gap_of

_FADE = 3  # frames from the frame's own mouth to a painted one where a hand comes before it
_FITS = 0.06  # of the speaker's range: an own mouth that is no further off stays as it is
_OTHER = 1 / 3  # share of the other mouth in the two frames around a change


@dataclass(frozen=True)
class PaintedLips:
    """What is painted in each of T frames.

    Attributes:
        mouth: (T,) number in the library.
        other: (T,) number of a second mouth that it fades from or to; -1 without.
        weight: (T,) float32 share of the second.
        strength: (T,) float32 in 0..1; 0: the frame stays as it is.
    """

    mouth: np.ndarray
    other: np.ndarray
    weight: np.ndarray
    strength: np.ndarray


def painted_lips(
    mouth: np.ndarray, own: np.ndarray, shown: np.ndarray, shapes: np.ndarray, library: MouthLibrary
) -> PaintedLips:
    """
    Args:
        mouth: (T,) the chosen mouths; own: (T,) the frames' own, -1 without.
        shown: (T,) bool: the frame shows a face with nothing before its mouth.
        shapes: (T, 55, 3) what is painted.
    """
    count = len(mouth)
    fits = np.zeros(count, bool)
    same = (own == mouth) & (own >= 0)
    off = np.abs(gap_of(shapes[same]) - gap_of(library.shape[own[same]]))
    fits[same] = off < _FITS * library.range.span
    strength = np.clip(_distance_to(~shown) / _FADE, 0, 1)
    calm = np.convolve(np.pad((~fits).astype(float), 1, mode="edge"), np.ones(3) / 3, "valid")
    strength = np.where(same, strength * calm, strength)
    other, weight = np.full(count, -1), np.zeros(count, np.float32)
    change = np.flatnonzero(_changes(mouth, library))
    for t in change:  # `t` is the first frame of another source
        before = mouth[t - 1]
        on = before + 1 if before + 1 < len(library) and library.follows[before + 1] else before
        back = mouth[t] - 1 if library.follows[mouth[t]] else mouth[t]
        for frame, second in ((t - 1, back), (t, on)):
            if library.usable[second] and other[frame] < 0:
                other[frame], weight[frame] = second, _OTHER
    return PaintedLips(mouth, other, weight, strength.astype(np.float32))


def source_runs(mouth: np.ndarray, library: MouthLibrary) -> np.ndarray:
    """(T,) number of the run of one source that each frame belongs to."""
    return np.cumsum(_changes(mouth, library))


def _changes(mouth: np.ndarray, library: MouthLibrary) -> np.ndarray:
    """(T,) bool: another source than in the frame before: from further away, or across a cut or the end of a video."""
    found = np.zeros(len(mouth), bool)
    step, last = np.diff(mouth), mouth[1:]
    going = (step == 0) | (step == 1) & library.follows[last]
    going |= (step == 2) & library.follows[last] & library.follows[np.maximum(last - 1, 0)]
    found[1:] = ~going
    return found


def _distance_to(flags: np.ndarray) -> np.ndarray:
    """(T,) frames to the nearest flag; far more than any fade without one."""
    from scipy.ndimage import distance_transform_cdt

    if not flags.any():
        return np.full(len(flags), 1e6)
    return distance_transform_cdt(~flags, metric="taxicab").astype(float)
