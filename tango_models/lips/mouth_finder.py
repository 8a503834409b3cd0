"""The face mesh of the speaker of a video, whose face the landmarks have found."""

from __future__ import annotations

import numpy as np

from tango_models.lips.mouths import no_mesh
from tango_models.perception.face_mesh import FaceMeshDetector
from tango_models.perception.face_points import COLUMN
from tango_models.perception.landmarks import Landmarks

_ROOM = 0.9  # of the face's size, around all places where it is
_APART = 0.35  # of the face's size: two networks that differ by more do not look at the same face
_COMMON = tuple(point for point in COLUMN if point not in (0, 17, 13, 14, 152, 148, 377))


class MouthFinder:
    """Finds the mesh of one face: `start` for each shot, `find` for each of its frames, in order."""

    def __init__(self) -> None:
        self._detector = FaceMeshDetector()
        self._box: tuple[int, int, int, int] | None = None
        self._faces = np.zeros((0, 0, 2), np.float32)
        self._next = 0

    def start(self, marks: Landmarks) -> None:
        """Begin a shot whose landmarks are `marks`."""
        self._detector.reset()
        self._faces, self._next = marks.face_xy, 0
        seen = marks.face_xy[np.isfinite(marks.face_xy).all((1, 2))]
        if not len(seen):
            self._box = None
            return
        low, high = seen.min((0, 1)), seen.max((0, 1))
        room = _ROOM * float((seen.max(1) - seen.min(1)).max(1).mean())
        width, height = marks.image_size
        left, top = np.floor(np.clip(low - room, 0, [width - 1, height - 1])).astype(int)
        right, bottom = np.ceil(np.clip(high + room, 1, [width, height])).astype(int)
        self._box = (int(left), int(top), int(right), int(bottom)) if right > left and bottom > top else None

    def find(self, frame: np.ndarray) -> np.ndarray:
        """(478, 3) float32 pixels of the frame (H, W, 3) uint8 RGB; NaN where the speaker's face is not found."""
        face = self._faces[self._next]
        self._next += 1
        if self._box is None:
            return no_mesh()
        left, top, right, bottom = self._box
        mesh = self._detector.find(frame[top:bottom, left:right])
        if mesh is None or not np.isfinite(face).all():
            return no_mesh()
        mesh[:, :2] += (left, top)
        size = float((face.max(0) - face.min(0)).max())
        common = [COLUMN[point] for point in _COMMON]
        apart = np.median(np.linalg.norm(mesh[list(_COMMON), :2] - face[common], axis=1))
        return mesh if apart < _APART * size else no_mesh()
