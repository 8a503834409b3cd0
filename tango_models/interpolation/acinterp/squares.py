"""The square part of a picture in which a speaker is looked at."""

from __future__ import annotations

import cv2
import numpy as np

from tango_models.interpolation.acinterp.poses import Poses

_MARGIN = 1.15  # of the person's outline, within which the picture is looked at


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
