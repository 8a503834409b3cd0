"""How points of one picture lie in another: a similarity, and what it moves."""

from __future__ import annotations

import numpy as np

HAND_SCALE, HAND_TURN = 1.6, 45.0
"""Most that a picture of a hand is scaled and turned (degrees) to meet another: further, it looks different anyway."""


def torso_similarity(source: np.ndarray | None, target: np.ndarray | None) -> np.ndarray | None:
    """(2, 3) similarity (scale, turn, shift) that takes `source` points (P, 2) px to `target` (P, 2) px, least squares.

    None when unknown: fewer than 2 common points, or a fit no two frames of one seated or standing speaker can need
    (scale beyond 0.7..1.4, turn beyond 25 degrees): then a landmark is wrong.
    """
    if source is None or target is None:
        return None
    return similarity(source, target, scale=1.4, turn=25)


def similarity(
    source: np.ndarray, target: np.ndarray, *, scale: float, turn: float, clip: bool = False
) -> np.ndarray | None:
    """(2, 3) similarity that takes `source` points (P, 2) px to `target` (P, 2) px, least squares.

    Args:
        scale: 1 / scale .. scale is allowed.
        turn: degrees allowed either way.
        clip: bring a fit beyond these to them, rather than give it up.

    Returns:
        None with fewer than 2 points known in both, with all points in one place, or for a fit beyond the limits.
    """
    known = np.isfinite(source).all(-1) & np.isfinite(target).all(-1)
    if known.sum() < 2:
        return None
    a, b = source[known].astype(np.float64), target[known].astype(np.float64)
    a_mean, b_mean = a.mean(0), b.mean(0)
    za = (a - a_mean) @ np.array([1, 1j])  # similarity = multiplication by a complex number
    zb = (b - b_mean) @ np.array([1, 1j])
    power = (np.abs(za) ** 2).sum()
    if power < 1.0:
        return None
    factor = (np.conj(za) * zb).sum() / power
    size, angle = np.abs(factor), np.angle(factor)
    within = np.clip(size, 1 / scale, scale), np.clip(angle, -np.radians(turn), np.radians(turn))
    if within != (size, angle):
        if not clip:
            return None
        factor = within[0] * np.exp(1j * within[1])
    linear = np.array([[factor.real, -factor.imag], [factor.imag, factor.real]])
    return np.column_stack([linear, b_mean - linear @ a_mean])


def torso_shift(matrix: np.ndarray, points: np.ndarray) -> float:
    """Mean distance in px by which `matrix` (2, 3) moves the known ones of `points` (P, 2)."""
    known = points[np.isfinite(points).all(-1)]
    return float(np.linalg.norm(known @ (matrix[:, :2] - np.eye(2)).T + matrix[:, 2], axis=-1).mean())


def similarity_flow(matrix: np.ndarray, height: int, width: int, scale: float) -> np.ndarray:
    """(height, width, 2) float32 displacement of each pixel under `matrix` (2, 3) in full-size px, on a grid whose
    pixels are `scale` times as many per side as the full size's; in grid px."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    full_x, full_y = x / scale, y / scale
    moved_x = matrix[0, 0] * full_x + matrix[0, 1] * full_y + matrix[0, 2]
    moved_y = matrix[1, 0] * full_x + matrix[1, 1] * full_y + matrix[1, 2]
    return np.stack([(moved_x - full_x) * scale, (moved_y - full_y) * scale], axis=-1).astype(np.float32)
