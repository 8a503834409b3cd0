"""Several speakers in one picture, each at a place and size of his own: what a room with two people looks like."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Place:
    """Where a speaker's square picture stands in a wider one."""

    x: float
    """Of the middle of the speaker's picture, pixels."""
    scale: float = 1.0
    """Pixels of the wide picture per pixel of the speaker's. His picture stands on the lower edge."""

    def map(self, points: np.ndarray, side: int, height: int) -> np.ndarray:
        """Points (..., 2) of the speaker's picture (``side`` pixels square) in a picture ``height`` pixels high."""
        corner = np.array([self.x - self.scale * side / 2, height - self.scale * side])
        return np.asarray(points) * self.scale + corner


def add_person(canvas: np.ndarray, picture: np.ndarray, coverage: np.ndarray, place: Place) -> np.ndarray:
    """A copy of a picture with a speaker in front of all that is in it.

    Args:
        canvas: (H, W, 3) uint8 RGB.
        picture, coverage: (S, S, 3) uint8 and (S, S) float32 0..1, of ``Renderer.frame``.
    """
    import cv2

    height, width = canvas.shape[:2]
    left, top = place.map(np.zeros(2), len(picture), height)
    matrix = np.array([[place.scale, 0, left], [0, place.scale, top]], np.float64)
    matrix[:, 2] += (place.scale - 1) / 2  # pixel middles stay pixel middles
    how = cv2.INTER_AREA if place.scale < 1 else cv2.INTER_LINEAR
    moved, share = (
        cv2.warpAffine(array, matrix, (width, height), flags=how, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
        for array in (picture.astype(np.float32) * coverage[..., None], coverage.astype(np.float32))
    )
    return (canvas * (1 - share[..., None]) + moved).round().clip(0, 255).astype(np.uint8)
