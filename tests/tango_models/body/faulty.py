"""Ways in which landmarks go wrong."""

import dataclasses

import numpy as np

from tango_models.perception.landmarks import Landmarks

SIDES = [(k, k + 1) for k in range(11, 32, 2)] + [(1, 4), (2, 5), (3, 6), (7, 8), (9, 10)]
_BODY = ("body_xy", "body_world", "body_visibility")


def without(landmarks: Landmarks, frames) -> Landmarks:
    """The same landmarks with nobody found in some frames."""
    changed = {}
    for name in ("body_xy", "body_world", "hands_xy", "hands_local", "face_xy", "face_z", "hand_boxes", "person_box"):
        changed[name] = getattr(landmarks, name).copy()
        changed[name][frames] = np.nan
    for name in ("body_visibility", "hands_score", "face_score"):
        changed[name] = getattr(landmarks, name).copy()
        changed[name][frames] = 0
    return dataclasses.replace(landmarks, **changed)


def without_hands(landmarks: Landmarks, sides=(0, 1)) -> Landmarks:
    """Hands below the picture's edge for the whole video."""
    xy, local, score = (getattr(landmarks, n).copy() for n in ("hands_xy", "hands_local", "hands_score"))
    for side in sides:
        xy[:, side], local[:, side], score[:, side] = np.nan, np.nan, 0
    return dataclasses.replace(landmarks, hands_xy=xy, hands_local=local, hands_score=score)


def with_swapped_sides(landmarks: Landmarks, frames) -> Landmarks:
    """The body network takes some frames for a view from behind."""
    changed = {name: getattr(landmarks, name).copy() for name in _BODY}
    rows = list(frames)
    for array in changed.values():
        kept = array[rows].copy()
        for left, right in SIDES:
            array[rows, left], array[rows, right] = kept[:, right], kept[:, left]
    return dataclasses.replace(landmarks, **changed)


def mirrored(landmarks: Landmarks) -> Landmarks:
    """What the networks see in a mirrored video: they call left what looks like a left hand."""
    width, flip = landmarks.image_size[0], np.array([-1, 1, 1], np.float32)
    swapped = with_swapped_sides(landmarks, range(len(landmarks)))
    from tango_models.perception.face_points import COLUMN, SYMMETRIC_PAIRS

    order = list(range(len(COLUMN)))
    for right, left in SYMMETRIC_PAIRS:
        order[COLUMN[right]], order[COLUMN[left]] = COLUMN[left], COLUMN[right]
    turned = np.array([-1, 1], np.float32), np.array([width, 0], np.float32)
    return dataclasses.replace(
        landmarks,
        body_xy=swapped.body_xy * turned[0] + turned[1],
        body_world=swapped.body_world * flip,
        body_visibility=swapped.body_visibility,
        hands_xy=landmarks.hands_xy[:, ::-1] * turned[0] + turned[1],
        hands_local=landmarks.hands_local[:, ::-1] * flip,
        hands_score=landmarks.hands_score[:, ::-1].copy(),
        face_xy=landmarks.face_xy[:, order] * turned[0] + turned[1],
        face_z=landmarks.face_z[:, order],
    )
