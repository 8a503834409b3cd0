"""Landmarks before the fit: exchanged sides put right, and how much each point counts."""

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


def repair_sides(landmarks: Landmarks) -> Landmarks:
    """Put exchanged sides right: stretches in which the whole body's left and right are swapped (the network takes a
    frame for a view from behind), and hands that sit at each other's wrist."""
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
    if len(found) < 2:
        return landmarks
    xy = landmarks.body_xy[found][:, _LIMBS]  # sides alternate: left, right, left, ...
    crossed = xy[:, [1, 0, 3, 2, 5, 4, 7, 6]]
    same = np.linalg.norm(xy[1:] - xy[:-1], axis=-1).mean(1)
    other = np.linalg.norm(crossed[1:] - xy[:-1], axis=-1).mean(1)
    width = np.linalg.norm(xy[:, 0] - xy[:, 1], axis=-1).mean()
    # A flip moves every limb by its distance from the other side within one frame; no gesture does.
    flips = (other < 0.4 * same) & (same > 0.3 * width)
    swapped = np.concatenate([[0], np.cumsum(flips) % 2]).astype(bool)
    if swapped.mean() > 0.5:  # the larger share of the video is taken to be right
        swapped = ~swapped
    if not swapped.any():
        return landmarks
    rows = found[swapped]
    arrays = {name: getattr(landmarks, name).copy() for name in ("body_xy", "body_visibility", "body_world")}
    for array in arrays.values():
        array[rows] = array[rows][:, _MIRROR]
    return replace(landmarks, **arrays)


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
