"""Dense optical flow of pictures of any shape."""

from __future__ import annotations

from typing import Any

import numpy as np

LEAST_SIDE = 32
"""Pixels: of a long picture that is less high (or wide) OpenCV's DIS reads beyond the picture and ends the process
(cv2 4.x and 5.x, all presets; tried for 8 to 64 by 24 to 768)."""


def dense_flow(engine: Any, source: np.ndarray, target: np.ndarray, start: np.ndarray | None = None) -> np.ndarray:
    """Where each pixel of `source` is in `target`: (h, w, 2) float32 pixels, x and y.

    Args:
        engine: a `cv2.DISOpticalFlow`.
        source, target: (h, w) uint8 grey.
        start: (h, w, 2) float32, a guess; it is overwritten.
    """
    import cv2

    height, width = source.shape
    below, right = max(0, LEAST_SIDE - height), max(0, LEAST_SIDE - width)
    if not (below or right):
        return engine.calc(source, target, start)
    wide = [
        None if array is None else cv2.copyMakeBorder(array, 0, below, 0, right, cv2.BORDER_REPLICATE)
        for array in (source, target, start)
    ]
    return np.ascontiguousarray(engine.calc(*wide)[:height, :width])
