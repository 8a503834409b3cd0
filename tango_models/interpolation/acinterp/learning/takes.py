"""Footage to train on: takes of speakers, read frame by frame, and windows drawn from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from tango_models.errors import InputError
from tango_models.interpolation.acinterp.poses import Poses

_MARGIN = 1.15  # of the person's outline, within which the picture is looked at


@dataclass(frozen=True)
class Take:
    """Frames of one speaker without a cut between them.

    poses   of its T frames, px
    person  (T, h, w) bool, of any size: where the speaker is
    read    the frames of these numbers, (n, H, W, 3) uint8 RGB
    """

    avatar: str
    poses: Poses
    person: np.ndarray
    read: Callable[[Sequence[int]], np.ndarray]

    def __len__(self) -> int:
        return len(self.poses)

    @classmethod
    def of_frames(cls, avatar: str, frames: np.ndarray, poses: Poses, person: np.ndarray) -> Take:
        """Of frames (T, H, W, 3) that are held in memory."""
        return cls(avatar, poses, person, lambda wanted: frames[list(wanted)])


class Takes:
    """All takes of a run. Windows are drawn with the same chance wherever they lie, whoever they show.

    Raises:
        InputError: no take has `least` frames.
    """

    def __init__(self, takes: Sequence[Take], *, least: int) -> None:
        self._takes = [take for take in takes if len(take) >= least]
        self.least = least
        if not self._takes:
            longest = max((len(take) for take in takes), default=0)
            fault = f"has no take of {least} frames (the longest has {longest})"
            raise InputError("the footage to train on", fault, "give longer videos, or a smaller window")

    @property
    def avatars(self) -> list[str]:
        return sorted({take.avatar for take in self._takes})

    @property
    def frames(self) -> int:
        return sum(len(take) for take in self._takes)

    def draw(self, rng: np.random.Generator) -> tuple[Take, int]:
        """A take, and the first frame of a window of `least` frames in it."""
        starts = np.array([len(take) - self.least + 1 for take in self._takes])
        place = int(rng.integers(starts.sum()))
        which = int(np.searchsorted(np.cumsum(starts), place, side="right"))
        return self._takes[which], place - int(starts[:which].sum())


def person_square(person: np.ndarray, width: int, height: int) -> tuple[int, int, int]:
    """Left, top and side in px of the square around the person in all of some masks (T, h, w), inside the picture.

    Where the picture is narrower than the person is long, the square is as large as the picture lets it be.
    """
    shown = np.logical_or.reduce(person, axis=0)
    if not shown.any():
        shown = np.ones_like(shown)
    rows, columns = np.flatnonzero(shown.any(axis=1)), np.flatnonzero(shown.any(axis=0))
    scale_y, scale_x = height / shown.shape[0], width / shown.shape[1]
    top, bottom = rows[0] * scale_y, (rows[-1] + 1) * scale_y
    left, right = columns[0] * scale_x, (columns[-1] + 1) * scale_x
    side = min(round(_MARGIN * max(bottom - top, right - left)), width, height)
    middle_x, middle_y = (left + right) / 2, (top + bottom) / 2
    x = round(min(max(middle_x - side / 2, 0), width - side))
    y = round(min(max(middle_y - side / 2, 0), height - side))
    return x, y, side


def cut_square(frames: np.ndarray, square: tuple[int, int, int], side: int) -> np.ndarray:
    """(T, side, side, 3) uint8 of frames (T, H, W, 3): the part in a square."""
    x, y, size = square
    how = cv2.INTER_AREA if size > side else cv2.INTER_CUBIC
    return np.stack(
        [cv2.resize(frame[y : y + size, x : x + size], (side, side), interpolation=how) for frame in frames]
    )


def poses_in_square(poses: Poses, square: tuple[int, int, int], side: int) -> Poses:
    """Poses in px of what `cut_square` shows."""
    x, y, size = square
    shift = np.array([x, y], np.float32)
    heads = np.column_stack([poses.heads[:, :2] - shift, poses.heads[:, 2]])
    return Poses(poses.points - shift, poses.arms - shift, heads).scaled(side / size)
