"""The lips of a finished video as anybody sees them: nothing is known of how they were made but where the head is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from tango_models.lips.mesh_points import OUTER_LIPS
from tango_models.lips.mouths import describe_mouths, no_mesh
from tango_models.metrics.seam_visibility import ResidualMeter
from tango_models.perception.face_mesh import FaceMeshDetector

_RIM = (1.35, 1.9)  # of the lips' outline: where a painted mouth would have its border


@dataclass(frozen=True)
class SeenLips:
    """
    Attributes:
        opening: (T,) eye distances, NaN without a face.
        sharpness: (T,) grey levels, of the picture of the mouth.
        rim: (T,) grey levels: mean gradient around the mouth.
        residual: (T,) what of the face the frame before does not explain; see `metrics.seam_visibility`.
    """

    opening: np.ndarray
    sharpness: np.ndarray
    rim: np.ndarray
    residual: np.ndarray


def watch_lips(frames: Iterable[np.ndarray], box: tuple[int, int, int, int]) -> SeenLips:
    """
    Args:
        frames: (H, W, 3) uint8 RGB of one video.
        box: left, top, right, bottom pixels in which the head stays.
    """
    left, top, right, bottom = box
    detector, meter = FaceMeshDetector(), ResidualMeter()
    nobody = np.full((1, 2, 21, 2), np.nan)
    rows = []
    for frame in frames:
        head = np.ascontiguousarray(frame[top:bottom, left:right])
        meter.see(head)
        mesh = detector.find(head)
        mesh = no_mesh() if mesh is None else mesh
        seen = describe_mouths([(head, mesh)], nobody)
        rows.append((seen.opening[0], seen.sharpness[0], _rim(head, mesh)))
    detector.close()
    opening, sharpness, rim = np.array(rows, np.float64).reshape(-1, 3).T
    return SeenLips(opening, sharpness, rim, meter.whole)


def _rim(head: np.ndarray, mesh: np.ndarray) -> float:
    """Mean gradient between two outlines around the lips of a mesh (478, 3)."""
    import cv2

    if not np.isfinite(mesh[0, 0]):
        return float("nan")
    lips = mesh[list(OUTER_LIPS), :2]
    middle = lips.mean(0)
    area = np.zeros(head.shape[:2], np.uint8)
    for far, value in ((_RIM[1], 1), (_RIM[0], 0)):
        around = middle + (lips - middle) * np.array([far, far * 1.3])
        cv2.fillPoly(area, [np.round(around).astype(np.int32)], value)
    grey = cv2.cvtColor(head, cv2.COLOR_RGB2GRAY).astype(np.float32)
    slope = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)) / 8
    return float(slope[area > 0].mean()) if area.any() else float("nan")
