"""The camera of a fit: a pinhole at the origin that looks along -z, x to the picture's right, y up, metres."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

# Focal length over longest side of the picture: about 26 degrees across, a portrait lens at interview distance. What a
# video's palms do not tell better (see focal.py) is taken to be this.
DEFAULT_FOCAL = 2.2


def make_camera(image_size: tuple[int, int], focal: float | None = None) -> dict[str, Any]:
    """A camera for pictures of ``image_size`` (width, height); ``focal`` in longest sides of the picture.

    Returns:
        ``{"focal": px, "center": (x, y) px, "image_size": (width, height)}``: plain numbers, ready for JSON.
    """
    width, height = image_size
    return {
        "focal": float((focal or DEFAULT_FOCAL) * max(width, height)),
        "center": (width / 2.0, height / 2.0),
        "image_size": (int(width), int(height)),
    }


def project(joints: np.ndarray, camera: Mapping[str, Any]) -> np.ndarray:
    """Points (..., 3) in metres to pixels (..., 2); NaN for points not in front of the camera."""
    joints = np.asarray(joints, np.float64)
    depth = -joints[..., 2:]
    depth = np.where(depth > 1e-3, depth, np.nan)
    flat = joints[..., :2] * np.array([1.0, -1.0]) / depth * camera["focal"]
    return flat + np.asarray(camera["center"])
