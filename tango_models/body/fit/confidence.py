"""How far the fit of each frame can be trusted, and of which parts of the speaker there was anything to fit."""

from __future__ import annotations

import numpy as np

from tango_models.body.camera import project
from tango_models.body.fit.cleaning import body_weights
from tango_models.body.fit.model_points import POINT
from tango_models.body.fit.subject import Subject
from tango_models.body.fit.targets import Targets
from tango_models.perception.landmarks import Landmarks

_JUDGED_LANDMARKS = (0, 11, 12, 13, 14, 15, 16)  # nose, shoulders, elbows, wrists
_JUDGED_POINTS = [POINT[f"{side}_{name}"] for name in ("mark", "elbow_mark", "wrist") for side in ("left", "right")]
_ERROR = 0.06  # of the person's height, or m where less than a metre is in the picture: so far off counts for little
_BRIDGED = 0.29
_FACE_ALONE = 0.4  # of the upper body: so much counts a face that fills the picture, about as head and shoulders do
_UNSEEN_HAND = 0.1  # share of a frame's confidence that each hand out of sight takes

PARTS = ("face", "left arm", "right arm", "left hand", "right hand", "legs")
_ARMS, _KNEES = ((13, 15), (14, 16)), (25, 26)
SEEN = 0.3
"""Confidence from which a part of the speaker counts as seen."""


def parts_of(landmarks: Landmarks) -> np.ndarray:
    """(T, 6) float32 in 0..1: how surely each of `PARTS` was seen in each frame; 0 where it was not.

    What was not seen is held, or rests: its pose is no observation.
    """
    weights = body_weights(landmarks)
    columns = [landmarks.face_score, *(weights[:, arm].min(1) for arm in _ARMS), *landmarks.hands_score.T]
    return (np.stack([*columns, weights[:, _KNEES].min(1)], 1) * landmarks.found[:, None]).astype(np.float32)


def confidence_of(
    landmarks: Landmarks, known: np.ndarray, targets: Targets, points: np.ndarray, subject: Subject
) -> np.ndarray:
    """(T,) in 0..1: mean visibility of the upper body, or the face's, times how well the model lies over what is seen;
    a tenth less for each hand out of sight, below `SEEN` where a gap was bridged, 0 where nothing is ``known`` (T,).

    Args:
        points: (T, 85, 3) fitted model points.
    """
    found = landmarks.found
    visible = np.maximum(landmarks.body_visibility[:, _JUDGED_LANDMARKS].mean(1), _FACE_ALONE * landmarks.face_score)
    visibility = np.where(found, visible, subject.framing.visibility)
    seen = project(points[:, _JUDGED_POINTS], subject.camera)
    # An elbow below the picture's edge is a guess of the network's: it hardly counts here, as it hardly did in the fit.
    weights = targets.point_weights[:, _JUDGED_POINTS].astype(np.float64)
    off = np.linalg.norm(seen - targets.points[:, _JUDGED_POINTS], axis=-1)
    height = max(subject.framing.person_height, subject.scale)
    total = weights.sum(1)
    error = (np.nan_to_num(off) * weights).sum(1) / np.where(total > 0, total, 1) / height
    fitted = np.where(total > 0, np.exp(-((error / _ERROR) ** 2)), 0.0)
    hands = 1 - _UNSEEN_HAND * (landmarks.hands_score < SEEN).sum(1)
    return np.where(known, visibility * fitted * np.where(found, hands, _BRIDGED), 0.0)
