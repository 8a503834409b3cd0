"""The 15 numbers per joint that describe a motion: position, velocity, rotation and angular velocity.

They feed the motion graph (position, velocity) and the speech-motion embedding (all of them).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tango_models.body.skeleton import JAW, JOINT_COUNT, LEFT_EYE, LEFT_HAND, RIGHT_EYE, RIGHT_HAND, UPPER_BODY, slots

if TYPE_CHECKING:
    from tango_models.body.smplx_body import Body

FPS = 30.0
FEATURES_PER_JOINT = 15
POSITION, VELOCITY, ROTATION_6D, ANGULAR_VELOCITY = slice(0, 3), slice(3, 6), slice(6, 12), slice(12, 15)
"""Where each part lies on the last axis of a representation reshaped to (T, 55, 15)."""

_BLOCK = 1024  # frames of forward kinematics at a time: 9,000 frames need no more memory than 1,000
_NOT_POSITION = slots((0, JAW, LEFT_EYE, RIGHT_EYE))
# Speed of the arms and trunk, and of each finger's last joint: every finger joint would let the hands outvote the arms.
_ENERGY_JOINTS = [*UPPER_BODY, *LEFT_HAND[2::3], *RIGHT_HAND[2::3]]


def motion_representation(poses: np.ndarray, body: Body) -> np.ndarray:
    """The 15-D representation of every joint, (T, 825) float32: [position 3 | velocity 3 | rot6d 6 | angular 3] x 55.

    * position: metres, of the mean shape with global orientation, translation, jaw and eyes at zero, so two frames
      compare by gesture and neither by speaker nor by place;
    * velocity: m/s, central differences, one-sided at both ends;
    * rot6d: first two rows of the rotation matrix, for all joints, global orientation and jaw included;
    * angular velocity: rad/s in the parent's frame, the rotation vector of ``R[t+1] R[t-1]^T`` over two frames. TANGO's
      release differentiates the axis-angle numbers: `recovered_motion.with_axis_angle_velocity`.

    Args:
        poses: (T, 165) axis-angle at 30 fps.
        body: its mean shape gives the bone lengths.

    Raises:
        ValueError: ``poses`` is not (T, 165) with T >= 1.
    """
    import torch
    from scipy.spatial.transform import Rotation

    poses = np.asarray(poses, np.float32)
    if poses.ndim != 2 or poses.shape[1] != 3 * JOINT_COUNT or len(poses) == 0:
        raise ValueError(f"poses must be (T, 165) with T >= 1, not {poses.shape}")
    count = len(poses)
    still = poses.copy()
    still[:, _NOT_POSITION] = 0
    out = np.empty((count, JOINT_COUNT, FEATURES_PER_JOINT), np.float32)
    with torch.no_grad():
        for start in range(0, count, _BLOCK):
            out[start : start + _BLOCK, :, POSITION] = body.joints(still[start : start + _BLOCK]).numpy()
    rotations = Rotation.from_rotvec(poses.reshape(-1, 3)).as_matrix().reshape(count, JOINT_COUNT, 3, 3)
    out[:, :, ROTATION_6D] = rotations[:, :, :2].reshape(count, JOINT_COUNT, 6)
    out[:, :, VELOCITY] = difference_per_second(out[:, :, POSITION])
    out[:, :, ANGULAR_VELOCITY] = turn_per_second(rotations)
    return out.reshape(count, -1)


def motion_energy(representation: np.ndarray) -> np.ndarray:
    """How much the speaker gestures, (T,) float32 m/s: mean speed of the upper body's joints and the fingers' ends.

    Args:
        representation: (T, 825) of :func:`motion_representation`.
    """
    joints = np.asarray(representation).reshape(-1, JOINT_COUNT, FEATURES_PER_JOINT)
    return np.linalg.norm(joints[:, _ENERGY_JOINTS, VELOCITY], axis=-1).mean(1).astype(np.float32)


def difference_per_second(values: np.ndarray) -> np.ndarray:
    """Central differences over time, one-sided at both ends: (T, ...) at 30 fps to (T, ...) per second."""
    before, after, seconds = neighbours(len(values))
    return (values[after] - values[before]) / seconds.reshape(-1, *[1] * (values.ndim - 1))


def turn_per_second(rotations: np.ndarray) -> np.ndarray:
    """Rotation vectors from the frame before to the frame after: (T, 55, 3, 3) at 30 fps to (T, 55, 3) rad/s."""
    from scipy.spatial.transform import Rotation

    before, after, seconds = neighbours(len(rotations))
    turn = rotations[after] @ rotations[before].swapaxes(-1, -2)
    vectors = Rotation.from_matrix(turn.reshape(-1, 3, 3)).as_rotvec().reshape(turn.shape[:-1])
    return vectors / seconds[:, None, None]


def neighbours(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For every frame the frames before and after it (itself at the ends) and the seconds between these two."""
    frames = np.arange(count)
    before, after = np.maximum(frames - 1, 0), np.minimum(frames + 1, count - 1)
    return before, after, np.maximum(after - before, 1).astype(np.float32) / FPS
