"""Pictures between two of one take, in place of frames that show the picture before once more."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from tango_models.interpolation.warping.layers import FlowSettings, compose, warp_layer
from tango_models.interpolation.warping.matching import match_frames

_FLOW_SIDE = 256  # px; at 352 fast hands look the same (52 dB) and cost half as much again
_MOVES = 5.0  # grey levels, averaged over some 16 px: what differs less is no movement that a viewer sees
_REDUCED = 8
_MARGIN = 0.06  # of the longer side, around what moves: flow needs to see that it moves no further


def between(first: np.ndarray, second: np.ndarray, share: float) -> np.ndarray:
    """The picture `share` (0..1) of the way from `first` to `second`, all (H, W, 3) uint8. Where nothing moves it is
    `first`, and nothing is computed."""
    box = moving_box(first, second)
    if box is None:
        return first
    top, bottom, left, right = box
    a, b = (np.ascontiguousarray(picture[top:bottom, left:right]) for picture in (first, second))
    side = round(_FLOW_SIDE * max(a.shape[:2]) / max(first.shape[:2]))
    match = match_frames(a, b, None, flow_side=max(32, side))
    made = first.copy()
    layer = replace(warp_layer(match, share, FlowSettings()), exposure=np.zeros_like(match.outgoing))
    made[top:bottom, left:right] = compose(a, b, layer, share, float(share >= 0.5))
    return made


def moving_box(first: np.ndarray, second: np.ndarray) -> tuple[int, int, int, int] | None:
    """Top, bottom, left, right (exclusive) of what differs in two pictures, with a margin; None if nothing does."""
    height, width = first.shape[:2]
    small = (max(1, width // _REDUCED), max(1, height // _REDUCED))
    grey = [
        cv2.cvtColor(cv2.resize(picture, small, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
        for picture in (first, second)
    ]
    rows, columns = np.nonzero(cv2.blur(cv2.absdiff(*grey), (2, 2)) > _MOVES)
    if not len(rows):
        return None
    margin = round(_MARGIN * max(height, width))
    top, left = (max(0, int(v.min()) * _REDUCED - margin) for v in (rows, columns))
    bottom = min(height, (int(rows.max()) + 1) * _REDUCED + margin)
    right = min(width, (int(columns.max()) + 1) * _REDUCED + margin)
    return top, bottom, left, right
