"""Small drawn scenes with known motion."""

import cv2
import numpy as np

from tango_models.interpolation.seam import Seam

SIDE = 128


def backdrop() -> np.ndarray:
    """(SIDE, SIDE, 3) textured background, always the same."""
    noise = np.random.default_rng(1).normal(0, 12, (SIDE, SIDE, 3))
    smooth = cv2.GaussianBlur(noise, (0, 0), 1.5) * 4
    return np.clip(np.array([70, 90, 130]) + smooth, 0, 255).astype(np.uint8)


def figure(x: float, y: float, *, hand: tuple[float, float] | None = None, gain: float = 1.0) -> np.ndarray:
    """A patterned torso with its centre at (x, y), a bright hand, over the backdrop."""
    texture = np.random.default_rng(2).integers(20, 120, (10, 8, 3), dtype=np.uint8)
    torso = cv2.resize(texture, (48, 60), interpolation=cv2.INTER_CUBIC)
    image = backdrop()
    matrix = np.float32([[1, 0, x - 24], [0, 1, y - 30]])
    inside = cv2.warpAffine(np.ones((60, 48), np.float32), matrix, (SIDE, SIDE))[..., None]
    moved = cv2.warpAffine(torso, matrix, (SIDE, SIDE))
    image = (image * (1 - inside) + moved * inside).astype(np.uint8)
    if hand is not None:
        cv2.circle(image, (round(hand[0]), round(hand[1])), 9, (235, 190, 165), -1, cv2.LINE_AA)
    return np.clip(image * gain, 0, 255).astype(np.uint8)


def points(x: float, y: float) -> np.ndarray:
    """(4, 2) shoulders and hips of `figure`."""
    return np.array([[x - 20, y - 25], [x + 20, y - 25], [x - 15, y + 25], [x + 15, y + 25]], np.float32)


def seam(outgoing: list[dict], incoming: list[dict], with_points: bool = True) -> Seam:
    """A seam of drawn figures, one dict of `figure` arguments per frame."""
    return Seam(
        np.stack([figure(**frame) for frame in outgoing]),
        np.stack([figure(**frame) for frame in incoming]),
        np.stack([points(f["x"], f["y"]) for f in outgoing]) if with_points else None,
        np.stack([points(f["x"], f["y"]) for f in incoming]) if with_points else None,
    )
