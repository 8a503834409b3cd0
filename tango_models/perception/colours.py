"""The colours of a picture, counted: by them clothes and rooms are told apart."""

from __future__ import annotations

import numpy as np

BINS = (6, 6, 6)
"""Of a colour's lightness, a and b: coarse, so that light and folds change little."""


def colour_counts(picture: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
    """(6, 6, 6) float32 pixels of each colour in a picture (H, W, 3) uint8 RGB, of those where `mask` (H, W) uint8 is
    not 0."""
    import cv2

    lab = cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2LAB)
    return cv2.calcHist([lab], [0, 1, 2], mask, list(BINS), [0, 256, 64, 192, 64, 192])
