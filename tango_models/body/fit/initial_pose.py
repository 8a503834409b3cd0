"""A pose straight from the targets, without optimising: bones swung into the directions the landmarks give.

Close enough that a few dozen gradient steps finish the fit, and the same for every frame, so it also starts smooth.
"""

from __future__ import annotations

import numpy as np

from tango_models.body.fit.joint_limits import FOREARM_TWIST, LIKELY_TWIST, WRIST_SWING, JointLimits
from tango_models.body.fit.model_points import ELBOW_SHIFT, FINGER_ORDER, POINT, hand_points
from tango_models.body.fit.smoothing import fill_gaps, gaussian
from tango_models.body.fit.targets import Targets
from tango_models.body.rotations import (
    continuous,
    frame,
    swing,
    to_axis_angle,
    to_matrix,
    transpose,
    twist_angle,
    unit,
)
from tango_models.body.skeleton import JAW, JOINT, JOINT_COUNT

_PELVIS_SIGMA = 12.0  # frames: a pelvis that is barely seen must not sway the legs
_STRAIGHT = 0.25  # weight of the unbent elbow's hinge axis against the bend's own plane
_FROM_HAND = 0.5  # weight of the axis that the hand suggests
_SIDES = ("left", "right")
_ARM_BONES = ((1, 2), (3, 4))  # of targets.BONES: upper arm, forearm; left, right


def initial_pose(targets: Targets, rest: np.ndarray, limits: JointLimits) -> np.ndarray:
    """Axis-angle poses (T, 55, 3) float32 for all frames of a video.

    Args:
        targets: aims of T frames.
        rest: (85, 3) model points of the T-pose.
        limits: of the same body.
    """
    world = targets.world.astype(np.float64)
    poses = np.zeros((len(world), JOINT_COUNT, 3))
    poses[:] = limits.rest_axis_angle()
    chest = _trunk(world, bool(targets.legs_seen[0]), poses)
    for side in (0, 1):
        _arm(side, targets, rest, limits, chest, poses)
        if targets.legs_seen[0]:
            _leg(side, world, rest, limits, poses)
    _head(targets, chest, poses)
    return poses.astype(np.float32)


def _trunk(world: np.ndarray, legs_seen: bool, poses: np.ndarray) -> np.ndarray:
    """Sets pelvis and spine; returns the chest's world orientation (T, 3, 3)."""
    shoulders, hips = world[:, 11] - world[:, 12], world[:, 23] - world[:, 24]
    up = world[:, [11, 12]].mean(1) - world[:, [23, 24]].mean(1)
    chest = _upright(up, shoulders)
    sigma = 1.0 if legs_seen else _PELVIS_SIGMA
    pelvis = _upright(gaussian(up, sigma), gaussian(unit(hips) + unit(shoulders), sigma))
    poses[:, 0] = continuous(to_axis_angle(pelvis))
    bend = to_axis_angle(transpose(pelvis) @ chest) / 3
    for name in ("spine1", "spine2", "spine3"):
        poses[:, JOINT[name]] = bend
    return chest


def _upright(up: np.ndarray, left: np.ndarray) -> np.ndarray:
    """World orientations with y along ``up`` and x as near ``left`` as that allows."""
    y_first = frame(up, left)  # columns: up, left, up x left
    return np.stack([y_first[..., 1], y_first[..., 0], -y_first[..., 2]], -1)


def _arm(
    side: int, targets: Targets, rest: np.ndarray, limits: JointLimits, chest: np.ndarray, poses: np.ndarray
) -> None:
    name = _SIDES[side]
    shoulder, elbow, wrist = (POINT[f"{name}_{joint}"] for joint in ("shoulder", "elbow", "wrist"))
    upper_rest, lower_rest = unit(rest[elbow] - rest[shoulder]), unit(rest[wrist] - rest[elbow])
    hinge_rest = limits.axes[elbow, 0].astype(np.float64)
    upper, lower = (targets.bones[:, k].astype(np.float64) for k in _ARM_BONES[side])
    # The landmark that the forearm's direction starts at lies a little up the upper arm.
    length = [np.linalg.norm(rest[b] - rest[a]) for a, b in ((shoulder, elbow), (elbow, wrist))]
    lower = unit(length[1] * lower - ELBOW_SHIFT * length[0] * upper)
    # In the chest's axes. The plane of a bent elbow tells how the upper arm is twisted; a straight one tells nothing.
    upper_local = np.einsum("tji,tj->ti", chest, upper)
    lower_local = np.einsum("tji,tj->ti", chest, lower)
    plain = to_matrix(swing(upper_rest, upper_local)) @ hinge_rest
    hinge = np.cross(upper_local, lower_local) + _STRAIGHT * plain
    known = targets.hand_known[:, side]
    palm = _palms(targets.hands[known, side].astype(np.float64), rest[hand_points(side)])
    # A relaxed forearm carries the hinge's axis to the hand: the thumb leads when the elbow bends.
    hinge[known] += _FROM_HAND * np.einsum("tji,tj->ti", chest[known], palm @ hinge_rest)
    turned = frame(upper_local, hinge) @ transpose(frame(upper_rest, hinge_rest))
    poses[:, shoulder] = continuous(to_axis_angle(turned))
    poses[:, elbow] = swing(lower_rest, np.einsum("tji,tj->ti", turned, lower_local))
    if known.any():
        _hand(side, known, palm, chest @ turned @ to_matrix(poses[:, elbow]), lower_rest, poses)
        _fingers(side, known, palm, targets.hands[known, side].astype(np.float64), rest, limits, poses)


def _palms(hands: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """World rotations (N, 3, 3) from the T-pose of hands (N, 21, 3), which at ``rest`` (21, 3) lie flat."""
    return frame(hands[:, 9] - hands[:, 0], hands[:, 5] - hands[:, 17]) @ frame(rest[9] - rest[0], rest[5] - rest[17]).T


def _hand(
    side: int, known: np.ndarray, palm: np.ndarray, forearm: np.ndarray, lower_rest: np.ndarray, poses: np.ndarray
) -> None:
    """Sets the wrist where the hand is ``known`` (T,), N frames with ``palm`` (N, 3, 3), and twists every forearm."""
    elbow, wrist = (POINT[f"{_SIDES[side]}_{joint}"] for joint in ("elbow", "wrist"))
    turn = transpose(forearm[known]) @ palm
    # Nobody turns a hand about the forearm by more than this from where it is when the elbow's hinge lies level. A hand
    # seen further round is seen wrong side up, or the elbow's plane is: then the frames around tell.
    seen_twist = twist_angle(turn, lower_rest)
    swung = to_axis_angle(to_matrix(-seen_twist[:, None] * lower_rest) @ turn)
    swung *= np.minimum(1, WRIST_SWING / np.maximum(np.linalg.norm(swung, axis=-1, keepdims=True), 1e-6))
    likely = np.abs(seen_twist) < LIKELY_TWIST
    twist, told = np.zeros(len(known)), np.zeros(len(known), bool)
    twist[known], told[known] = seen_twist, likely
    twist = fill_gaps(twist, told) if told.any() else np.zeros(len(twist))
    twist = np.clip(twist, -FOREARM_TWIST, FOREARM_TWIST)
    # A forearm turns along its whole length: half of the twist belongs to the elbow joint.
    half = to_matrix(0.5 * twist[:, None] * lower_rest)
    poses[:, elbow] = continuous(to_axis_angle(to_matrix(poses[:, elbow]) @ half))
    poses[known, wrist] = to_axis_angle(half[known] @ to_matrix(np.where(likely[:, None], swung, 0.0)))


def _fingers(
    side: int, known: np.ndarray, palm: np.ndarray, hand: np.ndarray, rest: np.ndarray, limits: JointLimits,
    poses: np.ndarray,
) -> None:  # fmt: skip
    """Bends the fingers where the hand is ``known`` (T,), as in the N frames of ``hand`` (N, 21, 3)."""
    index = hand_points(side)
    for finger in range(5):
        above = palm
        for k in (1, 2, 3):
            joint, tip = JOINT[f"{_SIDES[side]}_{FINGER_ORDER[finger]}{k}"], index[4 * finger + k + 1]
            wanted = unit(hand[:, 4 * finger + k + 1] - hand[:, 4 * finger + k])
            local = swing(unit(rest[tip] - rest[joint]), np.einsum("tji,tj->ti", above, wanted))
            angles = np.clip(local @ limits.axes[joint].T, limits.low[joint], limits.high[joint])
            local = angles @ limits.axes[joint]
            poses[known, joint] = local
            above = above @ to_matrix(local)


def _leg(side: int, world: np.ndarray, rest: np.ndarray, limits: JointLimits, poses: np.ndarray) -> None:
    name = _SIDES[side]
    hip, knee, ankle = (POINT[f"{name}_{joint}"] for joint in ("hip", "knee", "ankle"))
    pelvis = to_matrix(poses[:, 0])
    thigh = np.einsum("tji,tj->ti", pelvis, unit(world[:, 25 + side] - world[:, 23 + side]))
    shank = np.einsum("tji,tj->ti", pelvis, unit(world[:, 27 + side] - world[:, 25 + side]))
    thigh_rest, hinge_rest = unit(rest[knee] - rest[hip]), limits.axes[knee, 0].astype(np.float64)
    hinge = np.cross(thigh, shank) + to_matrix(swing(thigh_rest, thigh)) @ hinge_rest
    turned = frame(thigh, hinge) @ transpose(frame(thigh_rest, hinge_rest))
    poses[:, hip] = continuous(to_axis_angle(turned))
    poses[:, knee] = swing(unit(rest[ankle] - rest[knee]), np.einsum("tji,tj->ti", turned, shank))


def _head(targets: Targets, chest: np.ndarray, poses: np.ndarray) -> None:
    seen = targets.head_weights > 0
    if seen.any():
        turn = to_axis_angle(transpose(chest) @ targets.head.astype(np.float64))
        turn = fill_gaps(turn, seen)
        poses[:, JOINT["neck"]] = poses[:, JOINT["head"]] = 0.5 * turn
    poses[:, JAW] = 0
    poses[:, JAW, 0] = targets.jaw
