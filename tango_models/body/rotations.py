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
    """Right-handed frames (..., 3, 3) with columns: ``first``, ``second`` made perpendicular to it, their product."""
    x = unit(first)
    y = unit(second - (second * x).sum(-1, keepdims=True) * x)
    return np.stack([x, y, np.cross(x, y)], -1)


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


def continuous(axis_angle: np.ndarray) -> np.ndarray:
    """Axis-angle over time (T, 3) without jumps: of the vectors 2 pi apart that mean one rotation, the nearest to the
    frame before."""
    out = np.array(axis_angle, np.float64)
    for t in range(1, len(out)):
        angle = np.linalg.norm(out[t])
        if angle > 2.0:  # below this the alternative is further than any single frame's motion
            other = out[t] * (1 - 2 * np.pi / angle)
            if np.sum((other - out[t - 1]) ** 2) < np.sum((out[t] - out[t - 1]) ** 2):
                out[t] = other
    return out
