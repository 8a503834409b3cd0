"""Frames that repeat the one before, and when each picture was really taken.

Much footage was shot at 24 or 25 fps, or lost frames on its way, and is stored at 30 with repeats. Played it passes;
measured it is not: a hand that moves at 1 m/s stands still in every fifth frame and takes 1.25 steps in the others.
"""

from __future__ import annotations

import warnings
from itertools import pairwise

import numpy as np

from tango_models.media.pictures.small_grey import block_means

_MOST_CHANGED = 0.05  # share of the blocks that count: a moving face is some 3 % of an upper-body shot
_SIDE = 2  # frames on each side that say what a step is here: 10 fps stored as 30 repeats twice in a row
_SMALLEST_STEP = 0.8  # grey levels; below it on either side nothing moves and a repeat is no different from a rest
_OVER_NOISE = 4.0  # a step next to a repeat is this many times the quietest tenth of the changes around it
_DIP = 0.3  # a repeat's change as a share of the steps beside it. Real footage: repeats up to 0.06 as downloaded and
# 0.4 after another encoding at CRF 23; frames that are no repeats, at the turn of a gesture, down to 0.31
_LONE_DIP = 0.12  # of the smaller step right beside it, where no period helps: a gesture that turns slows down first
_PERIODIC_DIP = 0.5  # median of the dips one period apart
_LIKELY_DIP = 0.8  # enough for one of them
_PERIODS = (5, 6)  # 24 and 25 fps stored as 30
_OCCURRENCES = 4  # each way
_WINDOW = 45  # frames each way for the noise
_LONGEST_CYCLE = 12  # frames between two repeats that may be of one cadence
_FROZEN_STEP = 1.4142  # between 1 (evenly spaced pictures) and 2 (a picture is missing behind the repeat)


class ChangeMeter:
    """How much each frame differs from the one before, where it differs most. Holds one frame and a number for each."""

    def __init__(self) -> None:
        self._before: np.ndarray | None = None
        self._change: list[float] = []

    def see(self, grey: np.ndarray) -> float:
        """Take the next small grey frame, (96, 96) uint8; its change."""
        now = grey.astype(np.float32)
        if self._before is None:
            self._change.append(0.0)
        else:
            blocks = block_means(np.abs(now - self._before))
            most = int(len(blocks) * _MOST_CHANGED)
            self._change.append(float(np.partition(blocks, -most)[-most:].mean()))
        self._before = now
        return self._change[-1]

    @property
    def change(self) -> np.ndarray:
        """(T,) float32 grey levels: mean of the 5 % most changed blocks; 0 for the first frame."""
        return np.asarray(self._change, np.float32)


def find_repeats(change: np.ndarray) -> np.ndarray:
    """Which frames show the picture before once more, (T,) bool.

    A frame repeats when its change is far below the steps on *both* sides, and these are well above the noise: a person
    at rest has no such steps. Where gestures turn, everything may stand still for a frame too; so a single such frame
    must be very sudden, or several lie in a period. Where compression blurs the difference, a shallower dip counts
    if the clear repeats around it have the same period (24 fps stored as 30: every fifth frame).

    Args:
        change: (T,) of `ChangeMeter`.
    """
    count = len(change)
    repeated = np.zeros(count, bool)
    if count < 4:
        return repeated
    step = np.asarray(change, np.float64)[1:]
    padded = np.pad(step, _SIDE, mode="reflect")
    before = np.max([padded[k : k + count - 1] for k in range(_SIDE)], axis=0)
    after = np.max([padded[_SIDE + 1 + k : _SIDE + k + count] for k in range(_SIDE)], axis=0)
    beside = np.minimum(before, after)
    moving = (beside > _SMALLEST_STEP) & (beside > _OVER_NOISE * _quiet_level(step))
    dip = step / np.maximum(beside, 1e-6)
    deep = moving & (dip < _DIP)
    padded = np.pad(step, 1, mode="reflect")
    sudden = step < _LONE_DIP * np.minimum(padded[:-2], padded[2:])
    clear = deep & (sudden | _in_step(deep))
    repeated[1:] = clear | _periodic(clear, beside, dip)
    return repeated


def _quiet_level(step: np.ndarray) -> np.ndarray:
    """(S,) quietest tenth of the changes around each."""
    from scipy.ndimage import percentile_filter

    return percentile_filter(step, 10, size=min(2 * _WINDOW + 1, len(step)), mode="nearest")


def _in_step(deep: np.ndarray) -> np.ndarray:
    """(S,) bool: at least two of the frames one or two periods away are deep dips as well, for a period of 2 to 6."""
    count, found = len(deep), np.zeros(len(deep), bool)
    for period in range(2, max(_PERIODS) + 1):
        padded = np.pad(deep, 2 * period)
        fellows = [padded[2 * period + k * period :][:count] for k in (-2, -1, 1, 2)]
        found |= np.sum(fellows, axis=0) >= 2
    return found


def _periodic(clear: np.ndarray, beside: np.ndarray, dip: np.ndarray) -> np.ndarray:
    """(S,) bool: dips every 5 or 6 frames, shallow as they may be.

    Shorter periods are left to the clear repeats: encoders that give every second to fourth frame fewer bits pulse
    at rest, too.
    """
    from scipy.ndimage import binary_dilation

    count, found = len(dip), np.zeros(len(dip), bool)
    depth = np.where(beside > _SMALLEST_STEP, np.log(np.clip(dip, 0.01, 2.0)), np.nan)
    for period in _PERIODS:
        reach = _OCCURRENCES * period
        padded = np.pad(depth, reach, constant_values=np.nan)
        same = np.stack([padded[k : k + count] for k in range(0, 2 * reach + 1, period)])
        known = np.count_nonzero(np.isfinite(same), axis=0) > _OCCURRENCES
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # all unknown: a person at rest
            typical = np.nanmedian(same, axis=0)
        too_close = binary_dilation(clear, iterations=period - 2)
        found |= known & (typical < np.log(_PERIODIC_DIP)) & (dip < _LIKELY_DIP) & ~too_close
    return found


def source_times(repeated: np.ndarray, change: np.ndarray, times: np.ndarray | None = None) -> np.ndarray:
    """When the picture of each frame was taken, (T,) float64 in frames of 1/30 s, never decreasing.

    A repeat has the time of the picture it repeats. Between two repeats the pictures are either evenly spaced (24 fps
    stored as 30: 4 pictures in the time of 5) or taken when they are shown with one missing behind the repeat (a frozen
    frame: the next step is twice as long); which of the two is measured over the video.

    Args:
        repeated: (T,) bool of `find_repeats`.
        change: (T,) of `ChangeMeter`.
        times: (T,) from the file's own timestamps, in frames from the first. They win: where they say themselves that
            a picture is shown twice, nothing is guessed.
    """
    count = len(repeated)
    shown = np.arange(count, dtype=np.float64) if times is None else np.asarray(times, np.float64)
    guessed = np.asarray(repeated, bool).copy()
    guessed[1:] &= np.diff(shown) > 0.5  # the others are repeats by their timestamps
    taken = shown.copy()
    ends = np.flatnonzero(guessed)
    even = _evenly_spaced(ends, change)
    starts = np.concatenate([[0], ends[:-1] + 1])[: len(ends)]
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        # frames start .. end, of which the last repeats the one before
        if even and start > 0 and end - start >= 2 and end - start <= _LONGEST_CYCLE:
            taken[start:end] = shown[start] + np.arange(end - start) * (shown[end] + 1 - shown[start]) / (end - start)
        taken[end] = taken[end - 1]
    return np.maximum.accumulate(taken)


def _evenly_spaced(ends: np.ndarray, change: np.ndarray) -> bool:
    """Whether the step behind a repeat is no longer than the others between the same repeats."""
    ratios = []
    for start, end in pairwise(ends):
        others = change[start + 2 : end]
        if len(others) >= 2 and others.mean() > _SMALLEST_STEP:
            ratios.append(change[start + 1] / others.mean())
    return len(ratios) >= 3 and float(np.median(ratios)) < _FROZEN_STEP


def neighbours_in_time(times: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Between which pictures the time of each frame lies, as a camera at 30 fps would have met it.

    Args:
        times: (T,) of `source_times`, of one shot and counted from its first frame.

    Returns:
        left, right: (T,) int64, the frames that show the pictures before and after; share: (T,) float64 in 0..1, the
        way from one to the other. Behind the last picture it is held.
    """
    times = np.asarray(times, np.float64)
    frame = np.arange(len(times), dtype=np.float64)
    first = np.flatnonzero(np.concatenate([[True], np.diff(times) > 1e-6])[: len(times)])
    if len(first) < 2:
        return np.zeros(len(times), np.int64), np.zeros(len(times), np.int64), np.zeros(len(times))
    at = times[first]
    right = np.clip(np.searchsorted(at, frame, side="right"), 1, len(at) - 1)
    share = np.clip((frame - at[right - 1]) / (at[right] - at[right - 1]), 0.0, 1.0)
    return first[right - 1], first[right], share
