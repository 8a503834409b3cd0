"""A mouth as numbers: how far it is open and how wide, whatever the head does, and how good a picture of it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

import numpy as np

from tango_models.lips.head_pose import yaw_and_pitch
from tango_models.lips.mesh_points import CHIN, CORNERS, EYE_CORNERS, GAPS, LIPS
from tango_models.perception.face_mesh import MESH_POINTS

_NEAR_HAND = 0.12  # of the distance of the eyes: a finger's half width


@dataclass(frozen=True)
class Mouths:
    """The mouth in each of T frames. Without a face all is NaN. Lengths are shares of the distance of the outer corners
    of the eyes."""

    mesh: np.ndarray
    """(T, 478, 3) float32, pixels of the frame; z away from the camera."""
    opening: np.ndarray
    """(T,) float32 distance of the inner lips, mean over the middle of the mouth."""
    width: np.ndarray
    """(T,) float32 from corner to corner."""
    yaw: np.ndarray
    """(T,) float32 degrees."""
    pitch: np.ndarray
    """(T,) float32 degrees."""
    sharpness: np.ndarray
    """(T,) float32 grey levels: mean absolute Laplacian around the mouth."""
    light: np.ndarray
    """(T, 3) float32 mean red, green and blue around the mouth, 0..255."""
    covered: np.ndarray
    """(T,) bool: a hand is before the mouth."""

    def __len__(self) -> int:
        return len(self.opening)

    @property
    def found(self) -> np.ndarray:
        """(T,) bool: frames with a face."""
        return np.isfinite(self.opening)

    def __getitem__(self, rows: np.ndarray | slice) -> Mouths:
        return Mouths(*(getattr(self, field.name)[rows] for field in fields(self)))

    @staticmethod
    def concatenate(parts: Sequence[Mouths]) -> Mouths:
        """Several videos' one after the other."""
        names = [field.name for field in fields(Mouths)]
        return Mouths(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def lip_measures(meshes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Opening and width, each (T,), of (T, 478, 3) meshes."""
    eyes = _distance(meshes, *EYE_CORNERS)
    opening = np.mean([_distance(meshes, *pair) for pair in GAPS], axis=0) / eyes
    return opening, _distance(meshes, *CORNERS) / eyes


def describe_mouths(seen: Iterable[tuple[np.ndarray, np.ndarray]], hands: np.ndarray) -> Mouths:
    """What of each mouth is kept.

    Args:
        seen: T times a picture (H, W, 3) uint8 RGB and the mesh in it (478, 3), NaN where there is no face; taken one
            after the other, and no picture is kept.
        hands: (T, 2, 21, 2) pixels, NaN where a hand is not seen.
    """
    found = [(mesh, *_picture(frame, mesh)) for frame, mesh in seen]
    meshes = np.stack([mesh for mesh, _, _ in found])
    opening, width = lip_measures(meshes)
    turned = yaw_and_pitch(meshes)
    return Mouths(
        mesh=meshes.astype(np.float32),
        opening=opening.astype(np.float32),
        width=width.astype(np.float32),
        yaw=turned[:, 0].astype(np.float32),
        pitch=turned[:, 1].astype(np.float32),
        sharpness=np.array([sharp for _, sharp, _ in found], np.float32),
        light=np.array([light for _, _, light in found], np.float32),
        covered=np.array([covered(mesh, hand) for mesh, hand in zip(meshes, hands, strict=True)], bool),
    )


def covered(mesh: np.ndarray, hands: np.ndarray) -> bool:
    """Whether one of two hands (2, 21, 2) lies over the lips of a mesh (478, 3)."""
    import cv2

    if not np.isfinite(mesh[0, 0]):
        return False
    margin = _NEAR_HAND * float(np.linalg.norm(mesh[EYE_CORNERS[0], :2] - mesh[EYE_CORNERS[1], :2]))
    for hand in hands:
        if np.isfinite(hand).all():
            hull = cv2.convexHull(hand.astype(np.float32))
            points = [*mesh[LIPS, :2], mesh[CHIN, :2]]
            if any(cv2.pointPolygonTest(hull, (float(x), float(y)), True) > -margin for x, y in points):
                return True
    return False


def mouth_box(mesh: np.ndarray, size: tuple[int, int], *, room: float = 0.25) -> tuple[int, int, int, int]:
    """Left, top, right, bottom pixels around the lips of a mesh (478, 3), inside a (width, height) picture."""
    low, high = mesh[LIPS, :2].min(0), mesh[LIPS, :2].max(0)
    margin = room * float(high[0] - low[0])
    left, top = np.floor(np.clip(low - margin, 0, np.array(size) - 2)).astype(int)
    right, bottom = np.ceil(np.clip(high + margin, [left + 2, top + 2], size)).astype(int)
    return int(left), int(top), int(right), int(bottom)


def no_mesh() -> np.ndarray:
    """(478, 3) NaN: a frame without a face."""
    return np.full((MESH_POINTS, 3), np.nan, np.float32)


def _distance(meshes: np.ndarray, a: int, b: int) -> np.ndarray:
    return np.linalg.norm(meshes[:, a] - meshes[:, b], axis=1)


def _picture(frame: np.ndarray, mesh: np.ndarray) -> tuple[float, np.ndarray]:
    """Sharpness and mean colour around the mouth."""
    import cv2

    if not np.isfinite(mesh[0, 0]):
        return float("nan"), np.full(3, np.nan)
    left, top, right, bottom = mouth_box(mesh, (frame.shape[1], frame.shape[0]))
    part = np.ascontiguousarray(frame[top:bottom, left:right])
    grey = cv2.cvtColor(part, cv2.COLOR_RGB2GRAY)
    return float(np.abs(cv2.Laplacian(grey, cv2.CV_32F)).mean()), part.reshape(-1, 3).mean(0)
