"""`synthetic.arms.solve_arm` for many frames at once: the same geometry, a hundred times faster."""

from __future__ import annotations

import numpy as np

from tango_models.body.skeleton import FINGERS, JOINT
from tango_models.synthetic.arms import (
    _REFERENCE_ARM,
    _REFERENCE_SHOULDER,
    DEVIATION_LIMIT,
    ELBOW_LIMIT,
    FLEX_LIMIT,
    TWIST_LIMIT,
)


def solve_arms(states: np.ndarray, joints: np.ndarray, side: str) -> dict[str, np.ndarray]:
    """Axis-angle rotations (T, 3) by joint name for one arm, as `solve_arm` gives them frame by frame.

    Args:
        states: (T, 13) rows of `ArmState.vector`.
        joints: (55, 3) of the T-pose.
        side: "left" or "right".
    """
    from scipy.spatial.transform import Rotation

    sign = 1.0 if side == "left" else -1.0
    shoulder, elbow_at, wrist_at = (joints[JOINT[f"{side}_{name}"]] for name in ("shoulder", "elbow", "wrist"))
    upper, lower = float(np.linalg.norm(elbow_at - shoulder)), float(np.linalg.norm(wrist_at - elbow_at))
    goal = (states[:, :3] - _REFERENCE_SHOULDER) * (upper + lower) / _REFERENCE_ARM * (sign, 1.0, 1.0)
    distance = np.linalg.norm(goal, axis=1, keepdims=True)
    low, high = (np.sqrt(upper**2 + lower**2 + 2 * upper * lower * np.cos(np.deg2rad(a))) for a in ELBOW_LIMIT[::-1])
    reach = np.clip(distance, low, min(high, 0.97 * (upper + lower)))
    axis = goal / distance
    lift, twist, flex, deviate = states[:, 3], states[:, 4], states[:, 5], states[:, 6]
    pole = np.stack([sign * (0.02 + lift), np.full(len(lift), -1.0), np.full(len(lift), -0.30)], 1)
    pole = _unit(pole - axis * (pole * axis).sum(1, keepdims=True))
    along = (upper**2 - lower**2 + reach**2) / (2 * reach)
    elbow = axis * along + pole * np.sqrt(np.maximum(upper**2 - along**2, 0.0))
    u, f = _unit(elbow), _unit(axis * reach - elbow)
    bend = np.arccos(np.clip((u * f).sum(1), -1, 1))
    w = _unit(f - u * (f * u).sum(1, keepdims=True))
    x = u * sign
    turn = Rotation.from_matrix(np.stack([x, np.cross(w, x), w], 2))
    roll = -np.deg2rad(np.clip(twist, -TWIST_LIMIT, TWIST_LIMIT))
    hinge = _about(1, -sign * bend) * _about(0, 0.6 * roll)
    tilt = np.deg2rad(np.clip(deviate, -DEVIATION_LIMIT, DEVIATION_LIMIT))
    bent = np.deg2rad(np.clip(flex, -FLEX_LIMIT, FLEX_LIMIT))
    wrist = _about(0, 0.4 * roll) * _about(1, -sign * tilt) * _about(2, -sign * bent)
    found = {
        f"{side}_shoulder": turn.as_rotvec(),
        f"{side}_elbow": hinge.as_rotvec(),
        f"{side}_wrist": wrist.as_rotvec(),
    }
    fan = {"index": 1.5, "middle": 0.5, "ring": -0.5, "pinky": -1.5}
    nothing = np.zeros(len(states))
    for finger, curl in zip(FINGERS, states[:, 7:12].T, strict=True):
        angle = np.deg2rad(np.clip(curl, -5, 95))
        for k in (1, 2, 3):
            if finger == "thumb":
                vector = np.stack([nothing, sign * 0.75 * angle, -sign * 0.35 * angle], 1)
            elif k == 1:
                spread = _about(1, -sign * np.deg2rad(fan[finger] * states[:, 12]))
                vector = (spread * _about(2, -sign * 0.9 * angle)).as_rotvec()
            else:
                vector = np.stack([nothing, nothing, -sign * (1.15 if k == 2 else 0.75) * angle], 1)
            found[f"{side}_{finger}{k}"] = vector
    return found


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _about(axis: int, angles: np.ndarray):
    from scipy.spatial.transform import Rotation

    vectors = np.zeros((len(angles), 3))
    vectors[:, axis] = angles
    return Rotation.from_rotvec(vectors)
