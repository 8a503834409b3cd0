"""How far the fit of each frame can be trusted."""

from __future__ import annotations

import numpy as np

from tango_models.body.camera import project
from tango_models.body.fit.model_points import POINT
from tango_models.body.fit.subject import Subject
from tango_models.body.fit.targets import Targets
from tango_models.perception.landmarks import Landmarks

_JUDGED_LANDMARKS = (0, 11, 12, 13, 14, 15, 16)  # nose, shoulders, elbows, wrists
_JUDGED_POINTS = [POINT[f"{side}_{name}"] for name in ("mark", "elbow_mark", "wrist") for side in ("left", "right")]
_ERROR = 0.06  # of the person's height: a fit that far off counts for little
_BRIDGED = 0.5


def confidence_of(
    landmarks: Landmarks, known: np.ndarray, targets: Targets, points: np.ndarray, subject: Subject
) -> np.ndarray:
    """(T,) in 0..1: mean visibility of the upper body times how well the model lies over it; halved where a gap was
    bridged, 0 where nothing is ``known`` (T,).

    Args:
        points: (T, 85, 3) fitted model points.
    """
    found = landmarks.found
    visibility = np.where(found, landmarks.body_visibility[:, _JUDGED_LANDMARKS].mean(1), subject.framing.visibility)
    seen = project(points[:, _JUDGED_POINTS], subject.camera)
    weights = (targets.point_weights[:, _JUDGED_POINTS] > 0).astype(np.float64)
    off = np.linalg.norm(seen - targets.points[:, _JUDGED_POINTS], axis=-1)
    height = max(subject.framing.person_height, 1)
    error = (np.nan_to_num(off) * weights).sum(1) / np.maximum(weights.sum(1), 1) / height
    fitted = np.where(weights.sum(1) > 0, np.exp(-((error / _ERROR) ** 2)), 0.0)
    return np.where(known, visibility * fitted * np.where(found, 1.0, _BRIDGED), 0.0)
