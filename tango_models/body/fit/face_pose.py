"""Head orientation and jaw opening from the face landmarks."""

from __future__ import annotations

import numpy as np

from tango_models.body.fit.smoothing import gaussian
from tango_models.body.rotations import frame, transpose
from tango_models.perception.face_points import COLUMN, INNER_LIPS, SYMMETRIC_PAIRS

# Points that neither the jaw nor the brows move.
_STIFF = [COLUMN[i] for i in (234, 454, 54, 10, 284, 33, 133, 362, 263, 168, 1, 2)]
_FOREHEAD, _CHIN = COLUMN[10], COLUMN[152]
_TEMPLE_RIGHT, _TEMPLE_LEFT = COLUMN[234], COLUMN[454]
_HALF_FACE_METRES = 0.070  # temple to the middle of the head
_LIP_TO_JAW_JOINT_METRES = 0.085
_MAX_JAW = 0.5  # radians
# Closed lips still leave their thickness between the inner lip landmarks at some angles; measured on closed mouths.
_CLOSED_GAP_METRES = 0.0015


def face_shape(face_xy: np.ndarray, face_z: np.ndarray, score: np.ndarray) -> np.ndarray:
    """The stiff part of this person's face, (P, 3) of about unit size, upright and looking into the camera: the median
    over frames, each turned upright by its own symmetry axis and forehead-chin line. NaN without a face.

    Args:
        face_xy: (T, F, 2) pixels.
        face_z: (T, F) pixels toward the camera.
        score: (T,).
    """
    seen = score > 0
    if not seen.any():
        return np.full((len(_STIFF), 3), np.nan)
    points = _normalised(face_xy[seen], face_z[seen])
    right, left = ([COLUMN[pair[side]] for pair in SYMMETRIC_PAIRS] for side in (0, 1))
    across = (points[:, left] - points[:, right]).sum(1)
    rough = frame(across, points[:, _FOREHEAD] - points[:, _CHIN])  # columns: left, up, forward
    return np.median(np.einsum("nji,npj->npi", rough, points), axis=0)[_STIFF]


def head_rotations(face_xy: np.ndarray, face_z: np.ndarray, score: np.ndarray, shape: np.ndarray) -> np.ndarray:
    """World orientation of the head, (T, 3, 3), NaN without a face; the identity looks into the camera, upright.

    The rotation of ``shape`` (of :func:`face_shape`) onto the frame (Kabsch): only the stiff part counts, so an opening
    jaw does not nod the head.
    """
    out = np.full((len(face_xy), 3, 3), np.nan)
    seen = score > 0
    if not seen.any() or not np.isfinite(shape).all():
        return out
    moment = np.einsum("npi,pj->nij", _normalised(face_xy[seen], face_z[seen])[:, _STIFF], shape)
    u, _, vt = np.linalg.svd(moment)
    u[..., 2] *= np.linalg.det(u @ vt)[:, None]
    out[seen] = u @ vt
    return out


def _normalised(face_xy: np.ndarray, face_z: np.ndarray) -> np.ndarray:
    """Faces (N, F, 3), y up, z toward the camera, about the stiff part's centre and of its size."""
    points = np.concatenate([face_xy * [1, -1], face_z[..., None]], -1).astype(np.float64)
    points -= points[:, _STIFF].mean(1, keepdims=True)
    return points / np.linalg.norm(points[:, _STIFF], axis=-1).mean(1)[:, None, None]


def jaw_angles(face_xy: np.ndarray, face_z: np.ndarray, score: np.ndarray) -> np.ndarray:
    """Opening of the jaw in radians, (T,) in 0..0.5, from the gap between the inner lips; NaN without a face."""
    points = np.concatenate([face_xy, -face_z[..., None]], -1).astype(np.float64)
    upper, lower = (points[:, COLUMN[i]] for i in (INNER_LIPS[1], INNER_LIPS[3]))
    scale = np.linalg.norm(points[:, _TEMPLE_LEFT] - points[:, _TEMPLE_RIGHT], axis=-1) / (2 * _HALF_FACE_METRES)
    gap = np.linalg.norm(upper - lower, axis=-1) / np.maximum(scale, 1e-6) - _CLOSED_GAP_METRES
    angle = np.clip(gap / _LIP_TO_JAW_JOINT_METRES, 0, _MAX_JAW)
    return np.where(score > 0, angle, np.nan)


def smooth_rotations(matrices: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian mean of rotations (T, 3, 3) over time, NaN frames bridged from within reach, NaN beyond it."""
    mean = gaussian(matrices, sigma, np.isfinite(matrices[:, 0, 0]).astype(float))
    good = np.isfinite(mean[:, 0, 0])
    out = np.full_like(mean, np.nan)
    if good.any():
        u, _, vt = np.linalg.svd(mean[good])
        u[..., 2] *= np.linalg.det(u @ vt)[:, None]
        out[good] = u @ vt
    return out


def relative(above: np.ndarray, world: np.ndarray) -> np.ndarray:
    """Local rotation of a joint with world orientation ``world`` under a parent at ``above``."""
    return transpose(above) @ world
