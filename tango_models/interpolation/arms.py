"""How the arms of one run move onto those of the other, told by landmarks where pictures cannot tell.

A hand in another pose has no dense correspondence: flow loses it and would leave it where it stands until the picture
changes over. Its landmarks still say where it is, how large and how it is turned. So each hand is moved as a rigid
picture, the forearm with it, and the cloth around them gives way smoothly.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from tango_models.interpolation.alignment import HAND_SCALE, HAND_TURN, similarity

ELBOW, WRIST, HAND = 0, 1, 2
POINTS = 23
"""Points of an arm: elbow, wrist of the body, then the 21 points of the hand, its wrist first."""
_FARTHEST = 0.35  # of the picture's longer side; two hands further apart are no hand that moved, one is mistaken
_WITHIN = 0.15  # of the hand's size, around it: moves as the hand does
_GIVES_WAY = 0.7  # of the hand's size: over so much around that the cloth goes over to its own movement
_OF_FOREARM = 0.5  # a hand's size where its fingers are unknown
_COARSE = 4  # grid px


@dataclass(frozen=True)
class ArmFlow:
    """Where the arms' pixels go, on a grid (h, w), in grid px."""

    flow: np.ndarray  # (h, w, 2) float32, of the source picture
    weight: np.ndarray  # (h, w) float32 0..1: where the moved picture is to follow it, around where an arm was and is
    found: np.ndarray  # (h, w) float32 0..1, of the source picture: where dense flow says the same


def steady_arms(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """(T, 2, 23, 2) `target` relative to `source`, smoothed over time: landmarks jitter by more than pictures may.

    Added to `source` it is a place of the target's arm. NaN where either is unknown at that time.
    """
    apart = np.asarray(target, np.float32) - np.asarray(source, np.float32)
    padded = np.pad(apart, [(1, 1), (0, 0), (0, 0), (0, 0)], mode="edge")
    around = np.stack([padded[:-2], padded[1:-1], padded[1:-1], padded[2:]])
    known = np.isfinite(around)
    total = np.where(known, around, 0).sum(0) / np.maximum(known.sum(0), 1)
    return np.where(np.isfinite(apart), total, np.nan).astype(np.float32)


def bridged(points: np.ndarray, *, longest: int = 4) -> np.ndarray:
    """Points over time (T, …, 2) with gaps of up to `longest` frames filled evenly: a detector that blinks in a blur
    is no hand that is gone."""
    filled = np.array(points, np.float32)
    flat = filled.reshape(len(filled), -1)
    for column in flat.T:
        known = np.flatnonzero(np.isfinite(column))
        for before, after in pairwise(known.tolist()):
            if 1 < after - before <= longest + 1:
                column[before:after] = np.linspace(column[before], column[after], after - before + 1)[:-1]
    return filled


def arm_flow(
    source: np.ndarray, target: np.ndarray, *, height: int, width: int, scale: float, share: float = 1.0
) -> ArmFlow | None:
    """Flow that takes the arms of one picture to those of another.

    Args:
        source, target: (2, 23, 2) full-size px, NaN where unknown.
        height, width: of the grid.
        scale: grid px per full-size px.
        share: of the flow, 0..1, by which the picture will be moved.

    Returns:
        None when no arm is known in both, or none moved by a full-size pixel.
    """
    # The field is smooth: one point for some pixels, at their middle, is enough.
    coarse = -(-height // _COARSE), -(-width // _COARSE)
    y, x = np.mgrid[: coarse[0], : coarse[1]].astype(np.float32) * _COARSE + (_COARSE - 1) / 2
    place = np.stack([x, y], axis=-1)
    total, nearness, weight = np.zeros_like(place), np.zeros(coarse, np.float32), np.zeros(coarse, np.float32)
    for old, new in zip(source * scale, target * scale, strict=True):
        part = _one_arm(old, new, place, least=scale, most=_FARTHEST * max(height, width), share=share)
        if part is not None:
            flow, near, own = part
            total += near[..., None] * flow
            nearness += near
            weight = np.maximum(weight, own)
    if not weight.any():
        return None
    field = np.dstack([total / np.maximum(nearness, 1e-9)[..., None], weight])
    size = coarse[1] * _COARSE, coarse[0] * _COARSE
    field = cv2.resize(field, size, interpolation=cv2.INTER_LINEAR)[:height, :width]
    return ArmFlow(field[..., :2], field[..., 2], found=np.zeros((height, width), np.float32))


def _one_arm(
    old: np.ndarray, new: np.ndarray, place: np.ndarray, *, least: float, most: float, share: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Of one arm at `place` (h, w, 2): its flow, how near it is, and its `ArmFlow.weight`; None if it is unknown, moves
    less than `least` or more than `most`."""
    hand = _hand_movement(old, new)
    if hand is None:
        return None
    matrix, outline = hand
    wrist = old[HAND] if np.isfinite(old[HAND]).all() else old[WRIST]
    goes = outline @ (matrix[:, :2] - np.eye(2)).T + matrix[:, 2]
    farthest = float(np.linalg.norm(goes, axis=-1).max())
    if not least <= farthest <= most:
        return None
    flow = (place @ (matrix[:, :2] - np.eye(2)).T + matrix[:, 2]).astype(np.float32)
    size = max(float(np.ptp(outline, axis=0).max()), 4.0)
    if len(outline) == 1 and np.isfinite(old[ELBOW]).all():
        size = max(size, _OF_FOREARM * float(np.linalg.norm(wrist - old[ELBOW])))
    distance = _outside(outline, *place.shape[:2])
    crossed = _outside(np.concatenate([outline, outline + share * goes]), *place.shape[:2])
    if np.isfinite(old[ELBOW]).all() and np.isfinite(new[ELBOW]).all():
        # Along the forearm the movement goes over evenly from the elbow's to the wrist's.
        at_elbow, at_wrist = (new - old)[ELBOW], wrist @ (matrix[:, :2] - np.eye(2)).T + matrix[:, 2]
        from_bone, along = _from_bone(old[ELBOW], wrist, place, 0.25 * size)
        bone = (at_elbow + along[..., None] * (at_wrist - at_elbow)).astype(np.float32)
        near_hand, near_bone = 1 / (distance + 0.1 * size) ** 2, 1 / (from_bone + 0.1 * size) ** 2
        flow = flow + (near_bone / (near_hand + near_bone))[..., None] * (bone - flow)
        distance = np.minimum(distance, from_bone)
        then, _ = _from_bone(old[ELBOW] + share * at_elbow, wrist + share * at_wrist, place, 0.25 * size)
        crossed = np.minimum(crossed, np.minimum(from_bone, then))
    inside = np.clip(1 - (crossed - _WITHIN * size) / (_GIVES_WAY * size), 0, 1)
    weight = (inside * inside * (3 - 2 * inside)).astype(np.float32)
    return flow, 1 / (distance + 0.1 * size) ** 2, weight


def _from_bone(elbow: np.ndarray, wrist: np.ndarray, place: np.ndarray, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """(h, w) distance of each place to a forearm of that radius, and how far along it lies, 0 at the elbow .. 1."""
    axis = wrist - elbow
    along = np.clip(((place - elbow) @ axis) / max(float(axis @ axis), 1.0), 0, 1).astype(np.float32)
    off = (place - (elbow + along[..., None] * axis)).astype(np.float32)
    return np.maximum(cv2.magnitude(off[..., 0].copy(), off[..., 1].copy()) - radius, 0), along


def _hand_movement(old: np.ndarray, new: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """The hand's (2, 3) similarity and its points (P, 2); the wrist's shift where fingers are unknown."""
    known = np.isfinite(old[HAND:]).all(-1) & np.isfinite(new[HAND:]).all(-1)
    if known.sum() >= 5:
        matrix = similarity(old[HAND:], new[HAND:], scale=HAND_SCALE, turn=HAND_TURN, clip=True)
        return None if matrix is None else (matrix, old[HAND:][known])
    if np.isfinite(old[WRIST]).all() and np.isfinite(new[WRIST]).all():
        own = np.isfinite(old[HAND:]).all(-1)  # the fingers may be lost in the other run only
        return np.column_stack([np.eye(2), new[WRIST] - old[WRIST]]), old[HAND:][own] if own.any() else old[WRIST][None]
    return None


def _outside(outline: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """(rows, columns) float32 distance in grid px of each coarse point to the convex hull of points (P, 2), 0 inside;
    they may lie off the grid."""
    margin = 16
    canvas = np.ones((rows + 2 * margin, columns + 2 * margin), np.uint8)
    places = np.rint((outline - (_COARSE - 1) / 2) / _COARSE + margin).astype(np.int32)
    cv2.fillConvexPoly(canvas, cv2.convexHull(places), (0,))
    distance = cv2.distanceTransform(canvas, cv2.DIST_L2, 3) * _COARSE
    return distance[margin : margin + rows, margin : margin + columns]
