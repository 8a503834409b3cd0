"""Which pictures stand in for frames that show the picture before once more."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

BETWEEN_ID = "between-1"
"""Under which made pictures may be cached; raised when `between.between` makes others."""
_LONGEST = 3  # repeats in a row; more is a picture that was frozen on purpose or a stream that hung


@dataclass(frozen=True)
class StandIn:
    """A frame to be made: the pictures before and after it, and how far it lies from one to the other (0..1)."""

    left: int
    right: int
    share: float


def stand_ins(repeated: np.ndarray, cuts: list[int]) -> dict[int, StandIn]:
    """What to show in place of each repeated frame: the movement from picture to picture in equal steps.

    The pictures around it stay as they were filmed and where they are shown. 24 fps stored as 30 then moves 1.25, 1.25,
    1.25, 0.625 and 0.625 steps where it moved 1.25, 1.25, 1.25, 0 and 1.25.

    Args:
        repeated: (T,) bool of `media.cadence.find_repeats`.
        cuts: first frames behind cuts; no picture lies between those of two shots.

    Returns:
        by frame; none for repeats at a shot's ends and for more than 3 in a row.
    """
    found: dict[int, StandIn] = {}
    shot = np.searchsorted(np.asarray(cuts, np.int64), np.arange(len(repeated)), side="right")
    pictures = np.flatnonzero(~np.asarray(repeated, bool))
    for left, right in pairwise(pictures.tolist()):
        if 1 < right - left <= _LONGEST + 1 and shot[left] == shot[right]:
            for frame in range(left + 1, right):
                found[frame] = StandIn(left, right, (frame - left) / (right - left))
    return found
