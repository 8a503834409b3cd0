"""Whether made hands are there: one that is half transparent is seen less by any difference between frames than one
that goes its way, and a viewer sees it at once."""

from __future__ import annotations

import cv2
import numpy as np

from tango_models.interpolation.seam import Seam
from tango_models.interpolation.warping.arms import HAND

_AROUND = 0.25  # of a hand's size, that belongs to it
_EDGES = 0.2  # of the pixels of a hand, its strongest edges
_LEAST = 16  # px of a hand's longer side


def hand_solidity(seam: Seam, made: np.ndarray) -> float:
    """How strong the edges of the faintest hand of `made` (2m, H, W, 3) are, over what they are at both ends: 1 as
    strong, about 0.5 half transparent; 1 where no hand is known."""
    lowest = 1.0
    if seam.outgoing_arms is None or seam.incoming_arms is None:
        return lowest
    alphas = seam.alphas
    for k in np.flatnonzero((alphas > 0) & (alphas < 1)).tolist():
        for outgoing, incoming in zip(seam.outgoing_arms[k, :, HAND:], seam.incoming_arms[k, :, HAND:], strict=True):
            first, last = _edges(seam.outgoing[k], outgoing), _edges(seam.incoming[k], incoming)
            here = _edges(made[k], outgoing + alphas[k] * (incoming - outgoing))
            if here is not None and first is not None and last is not None:
                lowest = min(lowest, here / max(min(first, last), 1e-6))
    return lowest


def _edges(frame: np.ndarray, points: np.ndarray) -> float | None:
    """Mean of the strongest gradients of a hand, points (21, 2); None where it is not known, or out of the picture."""
    if not np.isfinite(points).all():
        return None
    low, high = points.min(0), points.max(0)
    around = _AROUND * float((high - low).max())
    left, top = np.maximum(low - around, 0).astype(int)
    right, bottom = np.minimum(high + around, frame.shape[1::-1]).astype(int)
    if max(right - left, bottom - top) < _LEAST or min(right - left, bottom - top) < 4:
        return None
    grey = cv2.cvtColor(np.ascontiguousarray(frame[top:bottom, left:right]), cv2.COLOR_RGB2GRAY).astype(np.float32)
    size = cv2.magnitude(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)).ravel()
    keep = max(1, int(_EDGES * size.size))
    return float(np.partition(size, -keep)[-keep:].mean())
