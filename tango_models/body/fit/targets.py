"""What the fit aims at: landmarks, cleaned, smoothed and matched to the points of the body model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from tango_models.body.fit.cleaning import body_weights
from tango_models.body.fit.face_pose import head_rotations, jaw_angles, smooth_rotations
from tango_models.body.fit.framing import Framing
from tango_models.body.fit.model_points import BODY_PAIRS, POINT, POINT_COUNT, hand_points
from tango_models.body.fit.palm_pose import PALM
from tango_models.body.fit.resting import at_rest
from tango_models.body.fit.smoothing import adaptive, fill_gaps, fill_points, gaussian, runs
from tango_models.perception.landmarks import Landmarks

HAND_BONES: tuple[tuple[int, int], ...] = (
    *((0 if k == 0 else 4 * f + k, 4 * f + k + 1) for f in range(5) for k in range(4)),
    (5, 17),
)
"""(from, to) landmarks of the 20 bones of a hand, and across the knuckles."""

_BODY_BONES = (  # (from, to) body landmarks and the model's points
    (12, 11, "right_mark", "left_mark"), (11, 13, "left_mark", "left_elbow_mark"),
    (13, 15, "left_elbow_mark", "left_wrist"), (12, 14, "right_mark", "right_elbow_mark"),
    (14, 16, "right_elbow_mark", "right_wrist"), (24, 23, "right_hip", "left_hip"), (23, 11, "left_hip", "left_mark"),
    (24, 12, "right_hip", "right_mark"), (23, 25, "left_hip", "left_knee"), (25, 27, "left_knee", "left_ankle"),
    (24, 26, "right_hip", "right_knee"), (26, 28, "right_knee", "right_ankle"),
)  # fmt: skip
BONES: tuple[tuple[int, int], ...] = tuple((POINT[a], POINT[b]) for _, _, a, b in _BODY_BONES) + tuple(
    (hand_points(side)[a], hand_points(side)[b]) for side in (0, 1) for a, b in HAND_BONES
)
"""(from, to) model points of every bone whose direction is compared: 12 of the body, 21 of each hand."""
BODY_BONE_COUNT = len(_BODY_BONES)

# How far a landmark may be off, metres at the person's depth: measured against the rendered speaker's truth.
_BODY_SIGMA = {"hip": 0.12, "mark": 0.015, "elbow_mark": 0.02, "wrist": 0.015, "knee": 0.04, "ankle": 0.04}
# The 21 points of a hand are seen in one crop and err together by 7 to 10 mm: with that as their sigma they weigh as 21
# witnesses and drag the whole arm off its own landmarks. They are given the weight of one or two.
_FACE_SIGMA, _HAND_SIGMA = 0.03, 0.1
_BODY_BONE_SIGMA, _PALM_BONE_SIGMA, _FINGER_BONE_SIGMA = 0.05, 0.03, 0.25
# The hips of somebody seated or cut off at the waist are a guess, and with them how the trunk leans.
_TRUNK_BONE_SIGMA = 0.15
_ARM_BONES, _UNSEEN_BONE_SIGMA = [1, 2, 3, 4], 0.15
_HEAD_SIGMA = 0.08  # radians
_SHORT_GAP = 8  # frames that are bridged


@dataclass(frozen=True)
class Targets:
    """Aims of ``T`` frames. Weights are 1 / sigma^2 times trust, 0 where there is nothing to aim at."""

    points: np.ndarray
    """(T, 85, 2) pixels of the model points."""
    point_weights: np.ndarray
    """(T, 85)."""
    bones: np.ndarray
    """(T, 54, 3) unit directions of ``BONES``, world axes."""
    bone_weights: np.ndarray
    """(T, 54)."""
    hands: np.ndarray
    """(T, 2, 21, 3) metres about the wrist."""
    hand_pixels: np.ndarray
    """(T, 2, 21, 2) the hands' points, with the wrist as the hand network sees it."""
    hand_weights: np.ndarray
    """(T, 2) how far the shape of a hand's picture can be trusted, 0..1."""
    palm_misfit: np.ndarray
    """(T, 2) of :func:`~tango_models.body.fit.palm_pose.palm_rotations`; NaN before, and where no hand was seen."""
    hand_known: np.ndarray
    """(T, 2) bool: the hand was seen, or a short gap of it bridged."""
    head: np.ndarray
    """(T, 3, 3) world orientation of the head, identity where unknown."""
    head_weights: np.ndarray
    """(T,)."""
    jaw: np.ndarray
    """(T,) radians."""
    world: np.ndarray
    """(T, 33, 3) smoothed body landmarks in metres."""
    legs_seen: np.ndarray
    """(T,) bool, equal for all frames: whether the video shows the speaker's knees."""

    def frames(self, index: slice | np.ndarray) -> Targets:
        """The aims of some frames."""
        return Targets(*(getattr(self, field.name)[index] for field in fields(self)))

    @staticmethod
    def concatenate(parts: Sequence[Targets]) -> Targets:
        """The aims of several chunks, one after the other."""
        return Targets(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Targets)))


def build_targets(landmarks: Landmarks, framing: Framing) -> tuple[Targets, np.ndarray]:
    """Aims for every frame, and which frames they hold for, (T,) bool: seen or in a gap of at most 8 frames.

    Args:
        landmarks: of :func:`~tango_models.body.fit.cleaning.clean`.
        framing: of the video that they are part of.

    Raises:
        ValueError: nobody is found in any frame.
    """
    found = landmarks.found
    known = _bridged(found)
    scale = framing.pixels_per_metre
    weights = body_weights(landmarks)
    counted = np.where(np.isfinite(landmarks.body_xy[..., 0]), np.maximum(weights, 1e-3), 0.0)
    # At rest a landmark trembles by a few millimetres per frame; slower than 0.12 m/s is rest.
    still = 0.004
    xy = fill_points(adaptive(landmarks.body_xy, at_rest=4, in_motion=0.8, speed=still * scale, weights=counted), found)
    world = fill_points(adaptive(landmarks.body_world, at_rest=6, in_motion=1.5, speed=still, weights=counted), found)
    world = at_rest(world, np.isfinite(landmarks.body_world[found]).all(-1).any(0))
    trust = fill_gaps(gaussian(weights, 2.0), found)

    points = np.zeros((len(found), POINT_COUNT, 2))
    point_weights = np.zeros((len(found), POINT_COUNT))
    for point, landmark in BODY_PAIRS:
        kind = BODY_POINT_NAMES[point].removeprefix("left_").removeprefix("right_")
        sigma = _BODY_SIGMA.get(kind, _FACE_SIGMA)
        points[:, point] = xy[:, landmark]
        point_weights[:, point] = trust[:, landmark] / sigma**2
    legs = framing.legs_seen
    if not legs:
        point_weights[:, [POINT[f"{s}_{j}"] for s in ("left", "right") for j in ("knee", "ankle")]] = 0

    bones = np.zeros((len(found), len(BONES), 3))
    bone_weights = np.zeros(bones.shape[:2])
    for k, (start, stop, _, _) in enumerate(_BODY_BONES):
        bones[:, k] = world[:, stop] - world[:, start]
        sigma = _TRUNK_BONE_SIGMA if (start in (23, 24)) != (stop in (23, 24)) and stop < 23 else _BODY_BONE_SIGMA
        bone_weights[:, k] = np.minimum(trust[:, start], trust[:, stop]) / sigma**2
        if max(start, stop) >= 25 and not legs:
            bone_weights[:, k] = 0
    # An arm out of sight stays where it was seen last, or rests: without this its prior, the T-pose, draws it up.
    bone_weights[:, _ARM_BONES] = np.maximum(bone_weights[:, _ARM_BONES], 1 / _UNSEEN_BONE_SIGMA**2)
    hands = np.zeros((len(found), 2, 21, 3))
    hand_known = np.zeros((len(found), 2), bool)
    hand_weights = np.zeros((len(found), 2))
    hand_pixels = np.zeros((len(found), 2, 21, 2))
    for side in (0, 1):
        hand_known[:, side] = seen = _bridged((landmarks.hands_score[:, side] > 0.05) & found)
        score = landmarks.hands_score[:, side]
        if not (score > 0.05).any():
            continue
        sure = np.where(score > 0.05, score, 0.0)
        px = fill_gaps(
            adaptive(landmarks.hands_xy[:, side], at_rest=3, in_motion=0.7, speed=still * scale, weights=sure), sure > 0
        )
        hands[:, side] = fill_gaps(
            adaptive(landmarks.hands_local[:, side], at_rest=4, in_motion=1.0, speed=still, weights=sure), sure > 0
        )
        held = np.where(seen, fill_gaps(gaussian(sure, 1.5, (sure > 0).astype(float)), sure > 0), 0.0)
        hand_weights[:, side], hand_pixels[:, side] = held, px
        index = hand_points(side)
        # Two networks see the wrist: the hand's lies better with the fingers, the body's with the arm.
        body = trust[:, 15 + side]
        share = (body / np.maximum(body + held, 1e-6))[:, None]
        px[:, 0] = share * points[:, index[0]] + (1 - share) * px[:, 0]
        wrist = point_weights[:, index[0]].copy()
        points[:, index] = np.where(seen[:, None, None], px, points[:, index])
        point_weights[:, index] = np.where(seen[:, None], (held / _HAND_SIGMA**2)[:, None], point_weights[:, index])
        point_weights[:, index[0]] = np.maximum(wrist, point_weights[:, index[0]])
        first = BODY_BONE_COUNT + side * len(HAND_BONES)
        for k, (start, stop) in enumerate(HAND_BONES):
            bones[:, first + k] = hands[:, side, stop] - hands[:, side, start]
            sigma = _PALM_BONE_SIGMA if start in PALM and stop in PALM else _FINGER_BONE_SIGMA
            bone_weights[:, first + k] = held / sigma**2
    lengths = np.linalg.norm(bones, axis=-1, keepdims=True)

    face = landmarks.face_xy, landmarks.face_z, landmarks.face_score
    head = smooth_rotations(head_rotations(*face, framing.face_shape), 1.5)
    turned = np.isfinite(head[:, 0, 0])
    jaw = gaussian(jaw_angles(*face), 0.7, landmarks.face_score)
    targets = Targets(
        points=points.astype(np.float32),
        point_weights=(point_weights * known[:, None]).astype(np.float32),
        bones=(bones / np.maximum(lengths, 1e-6)).astype(np.float32),
        bone_weights=(bone_weights * known[:, None]).astype(np.float32),
        hands=hands.astype(np.float32),
        hand_weights=(hand_weights * known[:, None]).astype(np.float32),
        palm_misfit=np.full(hand_weights.shape, np.nan, np.float32),
        hand_pixels=hand_pixels.astype(np.float32),
        hand_known=hand_known,
        head=np.where(turned[:, None, None], head, np.eye(3)).astype(np.float32),
        head_weights=(np.where(turned, 1.0, 0.0) * known / _HEAD_SIGMA**2).astype(np.float32),
        jaw=np.nan_to_num(jaw).astype(np.float32),
        world=world.astype(np.float32),
        legs_seen=np.full(len(found), legs),
    )
    return targets, known


BODY_POINT_NAMES = {index: name for name, index in POINT.items()}


def _bridged(seen: np.ndarray) -> np.ndarray:
    """``seen`` with gaps of at most 8 frames between two seen frames filled."""
    out = seen.copy()
    for start, stop in runs(~seen):
        if start > 0 and stop < len(seen) and stop - start <= _SHORT_GAP:
            out[start:stop] = True
    return out
