"""Landmarks before the fit: faults dropped, exchanged sides put right, and how much each point counts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tango_models.perception.landmarks import BODY_POINTS, Landmarks

_OTHER_SIDE = {"left": "right", "right": "left"}
_MIRROR = [BODY_POINTS.index("_".join(_OTHER_SIDE.get(word, word) for word in name.split("_"))) for name in BODY_POINTS]
_LIMBS = [11, 12, 13, 14, 15, 16, 23, 24]
_WRISTS = [15, 16]
# A point outside the picture is the network's guess, whatever visibility it reports.
_OUTSIDE_WEIGHT = 0.1


def clean(landmarks: Landmarks) -> Landmarks:
    """Without faults and with the sides repaired: what the fit starts from."""
    return repair_sides(without_faults(landmarks))


def without_faults(landmarks: Landmarks) -> Landmarks:
    """Points that are not finite, or whose visibility or score is not, count as not seen: NaN, visibility or score 0.
    A hand or face counts as a whole."""
    sure = (landmarks.body_visibility, landmarks.hands_score, landmarks.face_score)
    visibility, scores, face = (np.nan_to_num(np.clip(array, 0, 1)) for array in sure)
    good = np.isfinite(landmarks.body_xy).all(-1) & np.isfinite(landmarks.body_world).all(-1)
    hands = np.isfinite(landmarks.hands_xy).all((-1, -2)) & np.isfinite(landmarks.hands_local).all((-1, -2))
    whole_face = np.isfinite(landmarks.face_xy).all((-1, -2)) & np.isfinite(landmarks.face_z).all(-1)
    return replace(
        landmarks,
        body_xy=np.where(good[..., None], landmarks.body_xy, np.nan),
        body_world=np.where(good[..., None], landmarks.body_world, np.nan),
        body_visibility=np.where(good, visibility, 0).astype(np.float32),
        hands_xy=np.where(hands[..., None, None], landmarks.hands_xy, np.nan),
        hands_local=np.where(hands[..., None, None], landmarks.hands_local, np.nan),
        hands_score=np.where(hands, scores, 0).astype(np.float32),
        face_xy=np.where(whole_face[:, None, None], landmarks.face_xy, np.nan),
        face_z=np.where(whole_face[:, None], landmarks.face_z, np.nan),
        face_score=np.where(whole_face, face, 0).astype(np.float32),
    )


def repair_sides(landmarks: Landmarks) -> Landmarks:
    """Put exchanged sides right: runs of frames in which the whole body's left and right are swapped (the network
    takes a frame for a view from behind), and hands that sit at each other's wrist."""
    return _repair_hands(_repair_body(landmarks))


def body_weights(landmarks: Landmarks) -> np.ndarray:
    """How much each body point counts, (T, 33) in 0..1: its visibility, less when outside the picture."""
    xy, size = landmarks.body_xy, np.array(landmarks.image_size, np.float32)
    with np.errstate(invalid="ignore"):
        inside = ((xy >= 0) & (xy < size)).all(-1)
    weight = landmarks.body_visibility * np.where(inside, 1.0, _OUTSIDE_WEIGHT)
    return np.where(np.isfinite(xy[..., 0]), weight, 0.0)


def _repair_body(landmarks: Landmarks) -> Landmarks:
    found = np.flatnonzero(landmarks.found)
    if not len(found):
        return landmarks
    xy = landmarks.body_xy[found][:, _LIMBS]  # sides alternate: left, right, left, ...
    crossed = xy[:, [1, 0, 3, 2, 5, 4, 7, 6]]
    same = _distance(xy[1:], xy[:-1])
    other = _distance(crossed[1:], xy[:-1])
    across = xy[:, 0, 0] - xy[:, 1, 0]
    if not np.isfinite(across).any():
        return landmarks
    width = np.nanmean(np.abs(across))
    # A flip moves every limb by its distance from the other side within one frame; no gesture does.
    with np.errstate(invalid="ignore"):
        flips = (other < 0.4 * same) & (same > 0.3 * width)
    swapped = np.concatenate([[0], np.cumsum(flips) % 2]).astype(bool)
    # Who shows the face has the left shoulder on the picture's right: that tells which of two phases is the swapped
    # one from the frames at hand, wherever in the video they are.
    face = np.nan_to_num(across) * (landmarks.face_score[found] > 0)
    vote = (face * np.where(swapped, -1, 1)).sum() if face.any() else 0.5 - swapped.mean()
    if vote < 0:
        swapped = ~swapped
    if not swapped.any():
        return landmarks
    rows = found[swapped]
    arrays = {name: getattr(landmarks, name).copy() for name in ("body_xy", "body_visibility", "body_world")}
    for array in arrays.values():
        array[rows] = array[rows][:, _MIRROR]
    return replace(landmarks, **arrays)


def _distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Mean distance of points (T, P, 2) that are known in both; NaN where none is."""
    off = np.linalg.norm(a - b, axis=-1)
    known = np.isfinite(off)
    return np.where(known.any(1), np.where(known, off, 0).sum(1) / np.maximum(known.sum(1), 1), np.nan)


def _repair_hands(landmarks: Landmarks) -> Landmarks:
    wrists, bodies = landmarks.hands_xy[:, :, 0], landmarks.body_xy[:, _WRISTS]
    own = np.linalg.norm(wrists - bodies, axis=-1)  # (T, 2), NaN without a hand
    other = np.linalg.norm(wrists - bodies[:, ::-1], axis=-1)
    size = np.ptp(np.nan_to_num(landmarks.hands_xy), axis=2).max(-1)
    with np.errstate(invalid="ignore"):
        closer = np.where(np.isfinite(own), other < own - 0.5 * size, True)
    rows = np.flatnonzero(closer.all(1) & np.isfinite(own).any(1))
    if not len(rows):
        return landmarks
    names = ("hands_xy", "hands_local", "hands_score", "hand_boxes")
    arrays = {name: getattr(landmarks, name).copy() for name in names}
    for array in arrays.values():
        array[rows] = array[rows][:, ::-1]
    return replace(landmarks, **arrays)
