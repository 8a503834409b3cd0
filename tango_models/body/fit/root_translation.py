"""Where a posed body stands before the camera."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tango_models.body.fit.smoothing import gaussian
from tango_models.body.fit.targets import Targets


def root_translations(
    poses: np.ndarray, rest: np.ndarray, targets: Targets, scale: float, camera: Mapping[str, Any]
) -> np.ndarray:
    """Translations (T, 3) that lay the shoulders of posed bodies over their landmarks, at the distance that ``scale``
    (pixels per metre) stands for.

    Args:
        poses: (T, 55, 3) axis-angle.
        rest: (85, 3) model points of the T-pose.
    """
    import torch

    from tango_models.body.fit.model_points import POINT, pose_points, rotation_matrices

    marks = [POINT["left_mark"], POINT["right_mark"]]
    with torch.no_grad():
        rotations = rotation_matrices(torch.as_tensor(poses, dtype=torch.float32))
        points = pose_points(torch.as_tensor(rest, dtype=torch.float32), rotations)[0].numpy()
    middle, pixels = points[:, marks].mean(1), targets.points[:, marks].mean(1)
    flat = (pixels - np.asarray(camera["center"])) * [1, -1] / scale
    wanted = np.concatenate([flat, np.full((len(flat), 1), -camera["focal"] / scale)], 1)
    return gaussian(wanted - middle, 3.0)
