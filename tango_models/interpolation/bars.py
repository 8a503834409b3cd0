"""Black bars around a picture: they are no part of it, so no hand reaches into them and no flow moves them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from tango_models.interpolation.seam import Seam

Box = tuple[int, int, int, int]
"""x0, y0, x1, y1 in pixels, the ends exclusive."""

_BLACK = 24  # levels of any channel: as much as coding leaves of black
_EDGE = 2  # px of the picture beside a bar, which scaling and coding make half black
_LEAST_SIDE = 64  # px; what is less is no picture with bars


def picture_box(seam: Seam) -> Box:
    """What lies within the bars that all frames of both runs have, but for their soft edges; the whole frame where they
    have none."""
    height, width = seam.outgoing.shape[1:3]
    # over the frames first: over the channels of each it took a seventh of a seam's time
    brightest = np.maximum(seam.outgoing.max(axis=0), seam.incoming.max(axis=0))
    bright = brightest.max(axis=2) > _BLACK
    rows, columns = (np.flatnonzero(bright.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return 0, 0, width, height
    (x0, x1), (y0, y1) = _inside(columns, width), _inside(rows, height)
    box = x0, y0, x1, y1
    small = min(box[2] - box[0], box[3] - box[1]) < _LEAST_SIDE
    return (0, 0, width, height) if small else box


def _inside(bright: np.ndarray, side: int) -> tuple[int, int]:
    """First and last (exclusive) of the pixels along a `side`, of which those `bright` (N,) are no bar."""
    first, stop = int(bright[0]), int(bright[-1]) + 1
    return first + _EDGE * (first > 0), stop - _EDGE * (stop < side)


def without_bars(seam: Seam, box: Box) -> Seam:
    """The seam of the picture in the box alone."""
    x0, y0, x1, y1 = box
    height, width = seam.outgoing.shape[1:3]
    parts: dict[str, Any] = {}
    for run in ("outgoing", "incoming"):
        for name in (f"{run}_points", f"{run}_arms", f"{run}_faces"):
            if (points := getattr(seam, name)) is not None:
                parts[name] = (points - (x0, y0)).astype(points.dtype)
        if (heads := getattr(seam, f"{run}_heads")) is not None:
            parts[f"{run}_heads"] = (heads - (x0, y0, 0)).astype(heads.dtype)
        if (person := getattr(seam, f"{run}_person")) is not None:
            rows, columns = _cells(person.shape[1], y0, y1, height), _cells(person.shape[2], x0, x1, width)
            parts[f"{run}_person"] = person[:, rows][:, :, columns]
    for name in ("outgoing", "incoming", "before", "after"):
        if (frames := getattr(seam, name)) is not None:
            parts[name] = np.ascontiguousarray(frames[:, y0:y1, x0:x1])
    return replace(seam, **parts)


def with_bars(seam: Seam, made: np.ndarray, box: Box) -> np.ndarray:
    """Frames (2m, h, w, 3) uint8 made of `without_bars`, with the bars of `seam` around them again."""
    x0, y0, x1, y1 = box
    frames = seam.cut_at(seam.half)
    frames[:, y0:y1, x0:x1] = made
    return frames


def _cells(count: int, first: int, stop: int, side: int) -> np.ndarray:
    """(count,) which of `count` cells along a `side` of pixels lie in the middles of as many between two pixels."""
    middle = first + (np.arange(count) + 0.5) * (stop - first) / count
    return np.minimum((middle * count / side).astype(np.int64), count - 1)
