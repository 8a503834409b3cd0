"""What the eye compares at a jump: the head's place, the face, the whole picture, all small and grey."""

from __future__ import annotations

import numpy as np

from tango_models.metrics.seam_visibility import shrunk, unexplained
from tango_models.perception.landmarks import MASK_SIZE, letterbox

PICTURE_SIDE = 32
FACE_SIDE = 24
_SURPRISE_SIDE = 192  # px, the longest side
_FACE_MARGIN = 1.15  # side of the patch over the longer side of the face's points


def head_place(face_xy: np.ndarray, height: int) -> np.ndarray:
    """Middle (x, y) and longer side of the face in units of the picture's height, (T, 3) float32; NaN without a face.

    Args:
        face_xy: (T, F, 2) pixels, NaN where not found.
        height: of the picture, pixels.
    """
    seen = np.isfinite(face_xy).all(axis=(1, 2)) if face_xy.shape[1] else np.zeros(len(face_xy), bool)
    place = np.full((len(face_xy), 3), np.nan, np.float32)
    low, high = face_xy[seen].min(axis=1, initial=np.inf), face_xy[seen].max(axis=1, initial=-np.inf)
    place[seen, :2] = (low + high) / 2
    place[seen, 2] = (high - low).max(axis=1, initial=0.0)
    return place / np.float32(height)


def face_patch(grey: np.ndarray, place: np.ndarray) -> np.ndarray:
    """(24, 24) uint8: the face, brought to one place and size; zeros without a face.

    Args:
        grey: (H, W) uint8.
        place: (3,) of `head_place`.
    """
    import cv2

    if not np.isfinite(place).all() or place[2] <= 0:
        return np.zeros((FACE_SIDE, FACE_SIDE), np.uint8)
    x, y, side = (float(v) * len(grey) for v in place)
    pixels = max(FACE_SIDE, round(side * _FACE_MARGIN))
    crop = cv2.getRectSubPix(grey, (pixels, pixels), (x, y))
    return cv2.resize(crop, (FACE_SIDE, FACE_SIDE), interpolation=cv2.INTER_AREA)


class SurpriseMeter:
    """What frames show beyond the one before each, brought to them by optical flow: quick hands, blur, a turned head.

    One way and small: a seventeenth of what the yardstick (`metrics.seam_visibility`) costs, correlated 0.99 with it.
    """

    def __init__(self) -> None:
        import cv2

        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        self._before: np.ndarray | None = None

    def see(self, grey: np.ndarray) -> float:
        """Mean grey levels, of (H, W) uint8; 0 for the first frame."""
        small, before = shrunk(grey, _SURPRISE_SIDE), self._before
        self._before = small
        return 0.0 if before is None else float(unexplained(self._flow, before, small).mean())


def small_picture(grey: np.ndarray) -> np.ndarray:
    """(32, 32) uint8: the whole frame (H, W) uint8, letterboxed as the person masks are, black beside it."""
    import cv2

    left, top, width, height = letterbox(grey.shape[1], grey.shape[0])
    canvas = np.zeros((MASK_SIZE, MASK_SIZE), np.uint8)
    canvas[top : top + height, left : left + width] = cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA)
    return cv2.resize(canvas, (PICTURE_SIDE, PICTURE_SIDE), interpolation=cv2.INTER_AREA)
