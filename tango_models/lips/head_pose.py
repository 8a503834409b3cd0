"""Turning a face mesh so that only its expression is left, and back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tango_models.lips.mesh_points import STIFF


@dataclass(frozen=True)
class HeadPose:
    """How heads stand in their pictures: `picture = (face @ rotation) * scale + shift`.

    Attributes:
        rotation: (T, 3, 3); scale: (T,) pixels of one unit of the reference; shift: (T, 3) pixels.
    """

    rotation: np.ndarray
    scale: np.ndarray
    shift: np.ndarray

    def to_face(self, points: np.ndarray) -> np.ndarray:
        """(T, P, 3) pixels in the reference's frame."""
        away = (points - self.shift[:, None]) / self.scale[:, None, None]
        return away @ np.swapaxes(self.rotation, 1, 2)

    def to_picture(self, points: np.ndarray) -> np.ndarray:
        """(T, P, 3) of `to_face` in pixels."""
        return points @ self.rotation * self.scale[:, None, None] + self.shift[:, None]

    def __getitem__(self, rows: np.ndarray | slice) -> HeadPose:
        return HeadPose(self.rotation[rows], self.scale[rows], self.shift[rows])


def head_pose(meshes: np.ndarray, reference: np.ndarray) -> HeadPose:
    """The similarity that brings a reference onto each mesh, by the points that speech does not move (Procrustes:
    Umeyama 1991).

    Args:
        meshes: (T, 478, 3); a frame without a face is NaN and gets a NaN pose.
        reference: (478, 3) of any size.
    """
    stiff = list(STIFF)
    still = reference[stiff].astype(np.float64)
    middle = still.mean(0)
    still = still - middle
    seen = meshes[:, stiff].astype(np.float64)
    known = np.asarray(np.isfinite(seen).all((1, 2)))
    centre = seen.mean(1)
    moved = np.where(known[:, None, None], seen - centre[:, None], still)
    u, strength, vt = np.linalg.svd(np.swapaxes(np.broadcast_to(still, moved.shape), 1, 2) @ moved)
    mirrored = np.flatnonzero(np.asarray(np.linalg.det(u @ vt)) < 0)
    u[mirrored, :, 2] *= -1
    strength[mirrored, 2] *= -1
    rotation = u @ vt
    scale = np.where(known, strength.sum(1) / (still**2).sum(), np.nan)
    shift = centre - (middle @ rotation) * scale[:, None]
    return HeadPose(rotation, scale, shift)


def reference_face(meshes: np.ndarray) -> np.ndarray:
    """(478, 3) the mean face of some meshes (T, 478, 3), centred, upright as in the frame that is turned least, one
    unit from eye corner to eye corner. Raises ValueError: none of them shows a face."""
    found = meshes[np.isfinite(meshes).all((1, 2))].astype(np.float64)
    if not len(found):
        raise ValueError("no face in any of these frames")
    sample = found[:: max(1, len(found) // 500)]
    turned = np.abs(yaw_and_pitch(sample)[:, 0])
    reference = sample[int(np.argmin(turned))]
    for _ in range(3):
        reference = head_pose(sample, reference).to_face(sample).mean(0)
    reference = reference - reference[list(STIFF)].mean(0)
    return (reference / np.linalg.norm(reference[33] - reference[263])).astype(np.float32)


def yaw_and_pitch(meshes: np.ndarray) -> np.ndarray:
    """(T, 2) degrees of (T, 478, 3): yaw, above 0 when the face turns to the picture's right; pitch, above 0 when it
    looks down. From the axis through both eyes and temples, and that from forehead to chin's side of the nose."""
    across = meshes[:, 454] - meshes[:, 234] + meshes[:, 263] - meshes[:, 33]
    down = meshes[:, 2] - meshes[:, 151]
    yaw = np.degrees(np.arctan2(across[:, 2], across[:, 0]))
    pitch = np.degrees(np.arctan2(down[:, 2], down[:, 1]))
    return np.stack([yaw, pitch], 1)
