"""What of a person's landmarks a seam is made by: arms, torso and head."""

import numpy as np

TORSO = (11, 12, 23, 24)
"""MediaPipe's left and right shoulder, left and right hip."""
ARMS = ((11, 13, 15), (12, 14, 16))
"""MediaPipe's shoulder, elbow and wrist, left and right."""
EARS = (7, 8)
_HEAD = 0.7, 0.4  # radius: of the distance of the ears, but at least of the shoulders'
_VISIBLE = 0.5  # of MediaPipe's visibility


def arm_points(body: np.ndarray, visibility: np.ndarray, hands: np.ndarray) -> np.ndarray:
    """(T, 2, 24, 2) left and right arm: shoulder, elbow, wrist and 21 points of the hand; NaN where unknown.

    Args:
        body: (T, 33, 2). visibility: (T, 33) of MediaPipe. hands: (T, 2, 21, 2), NaN where not found.
    """
    joints = np.where(visibility[..., None] > _VISIBLE, body, np.nan)[:, ARMS]  # (T, 2, 3, 2): side, joint
    return np.concatenate([joints, hands], axis=2)


def head_circle(body: np.ndarray) -> np.ndarray:
    """(T, 3) float32 middle (x, y) and radius of the head, in the units of `body` (T, 33, 2)."""
    ears, shoulders = body[:, EARS], body[:, TORSO[:2]]
    wide = np.linalg.norm(ears[:, 0] - ears[:, 1], axis=-1)
    broad = np.linalg.norm(shoulders[:, 0] - shoulders[:, 1], axis=-1)
    radius = np.maximum(_HEAD[0] * wide, _HEAD[1] * broad)
    return np.column_stack([ears.mean(axis=1), radius]).astype(np.float32)
