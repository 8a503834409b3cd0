"""The colours of a picture, counted: by them clothes and rooms are told apart."""

from __future__ import annotations

import numpy as np

BINS = (6, 6, 6)
"""Of a colour's lightness, a and b: coarse, so that light and folds change little."""
_BOUNDS = (64, 192)  # of a and b between which nearly all colours of a room lie: what the bins divide
_HUES = (_BOUNDS[0], _BOUNDS[1] - 1)


def colour_counts(picture: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
    """(6, 6, 6) float32 pixels of each colour in a picture (H, W, 3) uint8 RGB, of those where `mask` (H, W) uint8 is
    not 0."""
    import cv2

    lab = cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2LAB)
    hue = lab[..., 1:]
    np.clip(hue, *_HUES, out=hue)  # a bright red or yellow, too, is a colour that counts
    return cv2.calcHist([lab], [0, 1, 2], mask, list(BINS), [0, 256, *_BOUNDS, *_BOUNDS])
