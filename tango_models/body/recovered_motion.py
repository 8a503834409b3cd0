"""What a motion representation still tells of the poses and of the body it was made from, so that neither is stored
twice: the inputs of the published embedding are made of it."""

from __future__ import annotations

import numpy as np

from tango_models.body.motion_features import (
    ANGULAR_VELOCITY,
    FEATURES_PER_JOINT,
    FPS,
    POSITION,
    ROTATION_6D,
    VELOCITY,
    difference_per_second,
    neighbours,
    turn_per_second,
)
from tango_models.body.rotations import continuous, nearest_turn, to_axis_angle, to_matrix, transpose
from tango_models.body.skeleton import JAW, JOINT_COUNT, LEFT_EYE, PARENTS, RIGHT_EYE

_STILL = [0, JAW, LEFT_EYE, RIGHT_EYE]  # whose rotations do not show in the positions
_SAME = 0.05  # rad/s between two velocities: more than rounding to float16 does, less than one would see


def axis_angles(representation: np.ndarray) -> np.ndarray:
    """The poses, (T, 55, 3) axis-angle float64: at the first frame the shortest vectors, then without jumps over time.

    They are the numbers that the representation was made of where these began below half a turn and had no jumps of
    2 pi. Where they were longer (a speaker whose pelvis was given as turned by more than half a turn) they mean the
    same rotation by the vector that points the other way.

    Args:
        representation: (T, 825) of `motion_features.motion_representation`, of frames that follow each other.
    """
    return continuous(to_axis_angle(_rotations(_by_joint(representation))))


def rest_joints(representation: np.ndarray) -> np.ndarray:
    """Joints of the body's zero pose, (55, 3) float64 metres: each frame's bones turned back, and their mean.

    Args:
        representation: (T, 825), T >= 1.
    """
    joints = _by_joint(representation)
    turned = _rotations(joints)
    turned[:, _STILL] = np.eye(3)
    place = joints[..., POSITION].astype(np.float64)
    world, rest = turned.copy(), np.empty((JOINT_COUNT, 3))
    rest[0] = place[:, 0].mean(0)
    for joint, parent in enumerate(PARENTS[1:].tolist(), start=1):
        bone = place[:, joint] - place[:, parent]
        rest[joint] = rest[parent] + (transpose(world[:, parent]) @ bone[..., None])[..., 0].mean(0)
        world[:, joint] = world[:, parent] @ turned[:, joint]
    return rest


def with_axis_angle_velocity(representation: np.ndarray) -> np.ndarray:
    """The same motion, (T, 825) float32, with TANGO's angular velocity: what its release calls one.

    Central differences per second of the numbers of :func:`axis_angles`, one-sided at both ends. They are the
    published ones but for their jumps of 2 pi, each of which is there a velocity of 94 rad/s in two frames, and for
    poses beyond half a turn (see :func:`axis_angles`).

    Where the stored velocity is not that between the frames shown (footage that repeats frames, see `true_motion`; a
    take that begins amid a shot) the numbers' differences are those of a joint that turns evenly at that velocity.

    Args:
        representation: (T, 825) of frames that follow each other.
    """
    joints = _by_joint(representation).astype(np.float32)  # a copy
    turned = _rotations(joints)
    vectors = continuous(to_axis_angle(turned))
    stored = joints[..., ANGULAR_VELOCITY].astype(np.float64)
    velocity = difference_per_second(vectors)
    before, after, seconds = neighbours(len(joints))
    missed = to_matrix(stored * seconds[:, None, None]) @ turned[before] - turned[after]
    unlike = np.abs(missed).max((-1, -2)) > _SAME * seconds[:, None]
    here, middle, step = vectors[unlike], turned[unlike], stored[unlike] / FPS
    ahead, behind = (nearest_turn(to_axis_angle(to_matrix(turn) @ middle), here) for turn in (step, -step))
    velocity[unlike] = (ahead - behind) * (FPS / 2)
    joints[..., ANGULAR_VELOCITY] = velocity
    return joints.reshape(len(joints), -1)


def extended_by_zero_poses(representation: np.ndarray, count: int) -> np.ndarray:
    """A motion followed by frames of the zero pose, (count, 825) float32, as if it had been extended as poses.

    The last frame's velocities and those of the first zero pose hold the leap from one to the other; all others stay.

    Args:
        representation: (T, 825), 1 <= T <= count; its own body's zero pose is shown (:func:`rest_joints`).
    """
    shown = len(representation)
    out = np.zeros((count, JOINT_COUNT, FEATURES_PER_JOINT), np.float32)
    out[:shown] = _by_joint(representation)
    if shown == count:
        return out.reshape(count, -1)
    out[shown:, :, POSITION] = rest_joints(representation)
    out[shown:, :, ROTATION_6D] = [1, 0, 0, 0, 1, 0]
    first = shown - 1
    out[first:, :, VELOCITY] = difference_per_second(out[..., POSITION])[first:]
    out[first:, :, ANGULAR_VELOCITY] = turn_per_second(_rotations(out))[first:]
    return out.reshape(count, -1)


def _by_joint(representation: np.ndarray) -> np.ndarray:
    return np.asarray(representation).reshape(-1, JOINT_COUNT, FEATURES_PER_JOINT)


def _rotations(joints: np.ndarray) -> np.ndarray:
    """(T, 55, 15) to matrices (T, 55, 3, 3): the third row is the product of the first two."""
    rows = joints[..., ROTATION_6D].astype(np.float64).reshape(*joints.shape[:2], 2, 3)
    return np.concatenate([rows, np.cross(rows[..., :1, :], rows[..., 1:, :])], axis=2)
