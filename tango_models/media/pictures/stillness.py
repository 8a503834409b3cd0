"""Stretches in which the picture stands still: a call that hung, a slide. They are no footage of a person at rest.

A person at rest breathes and the camera adds noise; only a picture that is shown again changes by nothing but its key
frames. Where the person is small, though, most of the picture stands still while they speak: then a small place changes
by more than coding changes the picture everywhere.
"""

from __future__ import annotations

from collections import deque
from itertools import pairwise

import numpy as np

from tango_models.media.pictures.small_grey import block_means

_FROZEN_CHANGE = 0.25  # grey levels; median of the changes around a frame. A frozen picture stays below 0.17 after any
# encoding tried (H.264, VP8, MPEG-4; 0.3 to 10 Mb/s), seven clips of speakers above 0.74
_FROZEN_WINDOW = 25
_NEW_PICTURE = 0.5  # grey levels: another picture, and not the same one in another quality
_SETTLING, _LONGEST_SETTLING = 1.0, 15  # grey levels and frames in which encoders improve a picture that they are given
# again and again, or blur one before the next
_SETTLED = 0.12  # by so much of the step beside at most
_LONGEST_HOLD = 8  # frames for which a low rate holds a picture; key frames are further apart
_SPOT = 3  # of the most changed blocks: a head that fills 1 % of the picture
_ELSEWHERE = 28  # so many blocks change more than the rest: a picture that is encoded anew changes in more places
_LAG = 12  # frames, in which a mouth or a head moves by more than from one to the next, and a coded picture does not
_LIVELY = 0.8
"""Grey levels. Five speakers on slides, in six encodings: it tells 92 % of the frames in which nothing else moves where
they fill 1 % of the picture, 97 % at 2 %, 99 % at 4 %, all of a webinar's; of pictures that stand still, in ten
encodings, 4 % seem to move."""
LONGEST_REPEAT = 12
"""Frames that repeat one picture in a row; where there are more, the picture stood still and the speaker did not."""


class SpotMeter:
    """How much a small place of each frame changed lately, beyond what the rest did.

    Holds `_LAG` frames and a number for each.
    """

    def __init__(self) -> None:
        self._before: deque[np.ndarray] = deque(maxlen=_LAG)
        self._spot: list[float] = []

    def see(self, grey: np.ndarray) -> None:
        """Take the next small grey frame, (96, 96) uint8."""
        now = grey.astype(np.float32)
        if len(self._before) == _LAG:
            blocks = block_means(np.abs(now - self._before[0]))
            most = np.sort(np.partition(blocks, -_ELSEWHERE)[-_ELSEWHERE:])
            self._spot.append(float(most[-_SPOT:].mean() - most[0]))
        self._before.append(now)

    @property
    def spot(self) -> np.ndarray:
        """(T,) float64 grey levels for each frame: of what moved before it and what moves behind it the less, since a
        picture that has just frozen has moved."""
        if not self._spot:
            return np.zeros(len(self._before))
        before, behind = np.pad(self._spot, (_LAG, 0), mode="edge"), np.pad(self._spot, (0, _LAG), mode="edge")
        return np.minimum(before, behind)


def find_frozen(change: np.ndarray, repeated: np.ndarray, spot: np.ndarray) -> np.ndarray:
    """Which frames belong to a stretch in which the picture stands still, (T,) bool.

    The stretch's first frame is none of them. A low rate shows every picture several times, by the file's
    timestamps or by its pictures: what counts is how much a picture differs from the one before, for as long as it is
    shown.

    Args:
        change: (T,) of `ChangeMeter`.
        repeated: (T,) bool: shows the picture before once more by the file's timestamps.
        spot: (T,) of `SpotMeter`.
    """
    from scipy.ndimage import median_filter

    still = np.asarray(repeated, bool).copy()
    if len(change) > 1:
        size = min(_FROZEN_WINDOW, len(change) - 1)
        shown = _change_of_shown(np.asarray(change, np.float64), still)[1:]
        around = median_filter(shown, size=size, mode="nearest")  # passes over key frames
        quiet = np.append(False, np.minimum(shown, around) < _FROZEN_CHANGE)
        for start, stop in runs(quiet):
            lively = median_filter(spot[start:stop], size=min(_FROZEN_WINDOW, stop - start), mode="nearest") > _LIVELY
            quiet[start:stop] = ~lively
        still |= quiet
        still |= _with_settling(long_runs(still), np.append(0.0, shown))
    return long_runs(still)


def _with_settling(frozen: np.ndarray, shown: np.ndarray) -> np.ndarray:
    """(T,) bool: the same stretches with the frames beside them in which the picture only changes its quality."""
    grown = frozen.copy()
    for start, stop in runs(frozen):
        for beside in (range(start - 1, -1, -1), range(stop, len(shown))):
            frames = beside[: _LONGEST_SETTLING + 1]
            step = next((k for k, frame in enumerate(frames) if shown[frame] >= _SETTLING), None)
            if step and shown[list(frames[:step])].max() < _SETTLED * shown[frames[step]]:
                grown[list(frames[:step])] = True
    return grown


def _change_of_shown(change: np.ndarray, repeated: np.ndarray) -> np.ndarray:
    """(T,) float64: by how much the picture that each frame shows differs from the picture before it."""
    fresh = ~repeated
    fresh[0] = False  # nothing is known before the first picture
    if not fresh.any():
        return np.zeros(len(change))
    pictures = np.flatnonzero(fresh)
    latest = np.searchsorted(pictures, np.arange(len(change)), side="right") - 1
    shown = change[pictures[np.maximum(latest, 0)]]
    new = pictures[change[pictures] >= _NEW_PICTURE]
    for begin, end in pairwise(new.tolist()):
        if end - begin <= _LONGEST_HOLD:
            shown[begin:end] = np.maximum(shown[begin:end], min(change[begin], change[end]))
    return shown


def long_runs(repeated: np.ndarray) -> np.ndarray:
    """(T,) bool: the frame lies among more than `LONGEST_REPEAT` repeated ones in a row."""
    found = np.zeros(len(repeated), bool)
    for start, stop in runs(repeated):
        found[start:stop] = stop - start > LONGEST_REPEAT
    return found


def runs(flags: np.ndarray) -> list[list[int]]:
    """[first, behind the last] of each run of true ones in (T,) bool."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], np.asarray(flags, np.int8), [0]])))
    return edges.reshape(-1, 2).tolist()
