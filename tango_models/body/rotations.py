"""Rotations in numpy, batched over any leading axes: matrices (..., 3, 3), axis-angle vectors (..., 3)."""

from __future__ import annotations

import numpy as np


def to_matrix(axis_angle: np.ndarray) -> np.ndarray:
    """Axis-angle (..., 3) to matrices (..., 3, 3)."""
    from scipy.spatial.transform import Rotation

    axis_angle = np.asarray(axis_angle, np.float64)
    return Rotation.from_rotvec(axis_angle.reshape(-1, 3)).as_matrix().reshape(*axis_angle.shape[:-1], 3, 3)


def to_axis_angle(matrices: np.ndarray) -> np.ndarray:
    """Matrices (..., 3, 3) to the shortest axis-angle (..., 3)."""
    from scipy.spatial.transform import Rotation

    matrices = np.asarray(matrices, np.float64)
    return Rotation.from_matrix(matrices.reshape(-1, 3, 3)).as_rotvec().reshape(matrices.shape[:-1])


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors (..., 3) at length 1; a vector of no length stays zero."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)


def transpose(matrices: np.ndarray) -> np.ndarray:
    """Inverse rotations."""
    return np.swapaxes(matrices, -1, -2)


def frame(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Right-handed frames (..., 3, 3) with columns: ``first``, ``second`` made perpendicular to it, their product.

    Always a rotation: a ``first`` of no length is taken for x, and where ``second`` says nothing (no length, or along
    ``first``) any perpendicular will do.
    """
    x = unit(first)
    x = np.where(_none(x), [1.0, 0.0, 0.0], x)
    across = second - (second * x).sum(-1, keepdims=True) * x
    y = unit(across)
    least = np.eye(3)[np.abs(x).argmin(-1)]  # the axis that lies least along x
    other = unit(least - (least * x).sum(-1, keepdims=True) * x)
    y = np.where(_none(y) | _none(across, 1e-7 * np.linalg.norm(second, axis=-1, keepdims=True)), other, y)
    return np.stack([x, y, np.cross(x, y)], -1)


def _none(vectors: np.ndarray, length: float | np.ndarray = 0.5) -> np.ndarray:
    """(..., 1) bool: vectors no longer than that."""
    return np.linalg.norm(vectors, axis=-1, keepdims=True) <= length


def swing(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Axis-angle (..., 3) of the shortest rotation that turns direction ``source`` into ``target``."""
    axis = np.cross(source, target)
    sine = np.linalg.norm(axis, axis=-1, keepdims=True)
    cosine = (source * target).sum(-1, keepdims=True)
    return axis / np.maximum(sine, 1e-9) * np.arctan2(sine, cosine)


def twist_angle(matrices: np.ndarray, axis: np.ndarray) -> np.ndarray:
    """Angle (...,) by which rotations turn about ``axis`` (swing-twist decomposition), in -pi..pi."""
    from scipy.spatial.transform import Rotation

    quaternions = Rotation.from_matrix(matrices.reshape(-1, 3, 3)).as_quat().reshape(*matrices.shape[:-2], 4)
    angle = 2 * np.arctan2((quaternions[..., :3] * axis).sum(-1), quaternions[..., 3])
    return (angle + np.pi) % (2 * np.pi) - np.pi


def nearest_turn(axis_angle: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Of the vectors (..., 3) 2 pi apart that mean one rotation, the nearest to ``reference``."""
    angle = np.linalg.norm(axis_angle, axis=-1, keepdims=True)
    other = axis_angle * (1 - 2 * np.pi / np.maximum(angle, 1e-6))
    nearer = ((other - reference) ** 2).sum(-1, keepdims=True) < ((axis_angle - reference) ** 2).sum(-1, keepdims=True)
    return np.where(nearer & (angle > 1e-6), other, axis_angle)


def continuous(axis_angle: np.ndarray, before: np.ndarray | None = None) -> np.ndarray:
    """Axis-angle over time (T, ..., 3) without jumps: each frame's :func:`nearest_turn` to the frame before it.

    Args:
        before: (..., 3) of the frame before the first, if there is one.
    """
    out = np.array(axis_angle, np.float64)
    if before is not None and len(out):
        out[0] = nearest_turn(out[0], before)
    for t in range(1, len(out)):
        out[t] = nearest_turn(out[t], out[t - 1])
    return out
