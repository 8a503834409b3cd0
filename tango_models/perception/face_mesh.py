"""MediaPipe's face mesh with its refined lips: 478 points of one face, frame by frame."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from tango_models.perception.quiet import quiet_native_logs

MESH_POINTS = 478
"""468 of the face, whose lips and eyes the network looks at a second time, and 10 of the irises."""


class FaceMeshDetector:
    """The mesh of the face in a picture of a head (networks inside MediaPipe's wheel, nothing downloaded).

    It tracks: a picture is searched where the face was in the one before, so pictures of one video are cut at the same
    place; `reset` starts another. 10 to 12 ms a frame.

    Args:
        tracks: False looks at each picture by itself, wherever it was cut.
    """

    def __init__(self, *, tracks: bool = True) -> None:
        self._tracks = tracks
        self._network: Any = None
        self._fresh = True

    def find(self, picture: np.ndarray) -> np.ndarray | None:
        """(478, 3) float32: x and y in pixels of the picture (H, W, 3) uint8 RGB, z in pixels away from the camera.
        None without a face."""
        picture = np.ascontiguousarray(picture)
        if self._fresh:
            # The native threads report their start until the first picture has come through.
            with quiet_native_logs():
                if self._network is None:
                    self._network = self._build()
                else:
                    self._network.reset()
                result = self._network.process(picture)
            self._fresh = False
        else:
            result = self._network.process(picture)
        if not result.multi_face_landmarks:
            return None
        points = result.multi_face_landmarks[0].landmark
        height, width = picture.shape[:2]
        unit = np.array([width, height, width], np.float32)
        return np.array([(p.x, p.y, p.z) for p in points], np.float32) * unit

    def reset(self) -> None:
        """Forget the face seen last."""
        self._fresh = True

    def close(self) -> None:
        """Free the networks; they are loaded again when needed."""
        if self._network is not None:
            self._network.close()
        self._network, self._fresh = None, True

    def _build(self) -> Any:
        # As in the landmark detector: compiled protobuf files of this release ask in a way that protobuf 4 warns about.
        warnings.filterwarnings("ignore", message=r"SymbolDatabase\.GetPrototype")
        from mediapipe.python.solutions.face_mesh import FaceMesh

        return FaceMesh(static_image_mode=not self._tracks, max_num_faces=1, refine_landmarks=True)
