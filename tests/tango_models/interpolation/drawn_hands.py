"""Hands drawn from their 21 points, before cloth of any colour."""

import cv2
import numpy as np

from tango_models.interpolation.warping.hand_matte import BONES, PALM

SKIN = np.array([225, 180, 155])
SIDE = 200
UNIT = 70.0


def hand_points(rng: np.random.Generator, at: tuple[float, float], turn: float = 0.0, curl: float = 0.0) -> np.ndarray:
    """(21, 2) px of an open hand with its wrist at `at`; `turn` in degrees, `curl` 0..1 shortens the fingers."""
    points = [(0.0, 0.0)]
    for finger, angle in enumerate((-50, -20, -5, 10, 25)):
        length = 0.75 if finger == 0 else 1.0
        for joint in range(4):
            reach = length * (0.45 + 0.17 * joint * (1 - 0.7 * curl))
            spread = np.radians(angle + rng.normal(0, 1.0))
            points.append((np.sin(spread) * reach, -np.cos(spread) * reach))
    angle = np.radians(turn)
    matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return (UNIT * np.array(points) @ matrix.T + at).astype(np.float32)


def cloth(rng: np.random.Generator) -> np.ndarray:
    """(SIDE, SIDE, 3) uint8 of some colour that is not skin, with a weave."""
    colour = np.array([(40, 40, 48), (60, 80, 150), (35, 110, 60), (240, 240, 240)][int(rng.integers(4))])
    weave = cv2.GaussianBlur(rng.normal(0, 20, (SIDE, SIDE, 1)), (0, 0), 1.2)[..., None]
    return np.clip(colour + weave, 0, 255).astype(np.uint8)


def hand_mask(points: np.ndarray) -> np.ndarray:
    """(SIDE, SIDE) float32 0..1: the hand's pixels."""
    mask = np.zeros((SIDE, SIDE), np.uint8)
    at = np.rint(points * 16).astype(np.int32)
    for a, b in BONES:
        cv2.line(mask, tuple(map(int, at[a])), tuple(map(int, at[b])), (255,), 12, cv2.LINE_AA, 4)
    cv2.fillConvexPoly(mask, cv2.convexHull(at[list(PALM)]), (255,), cv2.LINE_AA, 4)
    return mask.astype(np.float32) / 255


def draw_hand(behind: np.ndarray, points: np.ndarray) -> np.ndarray:
    """A picture (SIDE, SIDE, 3) uint8 with a hand before it."""
    mask = hand_mask(points)[..., None]
    return (behind * (1 - mask) + SKIN * mask).astype(np.uint8)


def skin(frame: np.ndarray) -> np.ndarray:
    """(H, W) bool: pixels of a hand's colour."""
    return np.abs(frame.astype(int) - SKIN).max(-1) < 30
