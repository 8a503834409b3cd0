"""Every face in a picture: who else is in view of a speaker, which a network that looks for one person does not say."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from tango_models.perception.colours import colour_counts
from tango_models.perception.quiet import quiet_native_logs

PICTURE_SIDE = 384
"""Longest side of a picture that is worth handing over: the network itself looks at 192 x 192."""

_MIN_SCORE = 0.6  # the speakers of real clips score 0.7 to 0.95; at 0.5 a crumpled sleeve can pass


@dataclass(frozen=True)
class Face:
    """A face in a picture, in pixels of that picture."""

    x: float
    y: float
    """Its middle; x right, y down."""
    size: float
    """Side of its square, brows to chin: about 16 cm."""
    clothes: np.ndarray | None
    """(216,) float32 share of each colour in what is worn below the face; None where that is out of the picture."""


class FaceFinder:
    """All faces up to about 5 m away, with MediaPipe's full-range face detection (inside its wheel). Keeps no state
    from picture to picture: the same picture always gives the same faces."""

    def __init__(self) -> None:
        self._network: Any = None

    def find(self, picture: np.ndarray) -> list[Face]:
        """The faces in a picture (H, W, 3) uint8 RGB, surest first; best handed over at `PICTURE_SIDE`."""
        picture = np.ascontiguousarray(picture)
        if self._network is None:
            # The native threads report their start until the first picture has come through.
            with quiet_native_logs():
                self._network = self._build()
                result = self._network.process(picture)
        else:
            result = self._network.process(picture)
        height, width = picture.shape[:2]
        faces = []
        for detection in result.detections or ():
            box = detection.location_data.relative_bounding_box
            x, y = (box.xmin + box.width / 2) * width, (box.ymin + box.height / 2) * height
            if 0 <= x < width and 0 <= y < height:
                size = max(1.0, box.height * height)
                faces.append(Face(x, y, size, _clothes(picture, x, y, size)))
        return faces

    def close(self) -> None:
        """Free the network; it is loaded again when needed."""
        if self._network is not None:
            self._network.close()
        self._network = None

    def _build(self) -> Any:
        # As in the landmark detector: compiled protobuf files of this release ask in a way that protobuf 4 warns about.
        warnings.filterwarnings("ignore", message=r"SymbolDatabase\.GetPrototype")
        from mediapipe.python.solutions.face_detection import FaceDetection

        return FaceDetection(min_detection_confidence=_MIN_SCORE, model_selection=1)


def _clothes(picture: np.ndarray, x: float, y: float, size: float) -> np.ndarray | None:
    height, width = picture.shape[:2]
    left, right = max(0, round(x - size)), min(width, round(x + size))
    top, bottom = max(0, round(y + 0.9 * size)), min(height, round(y + 2.4 * size))
    if right - left < 4 or bottom - top < 4:
        return None
    counts = colour_counts(picture[top:bottom, left:right]).ravel()
    return (counts / max(1.0, float(counts.sum()))).astype(np.float32)
