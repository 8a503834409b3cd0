"""How the arms of one run move onto those of the other, told by landmarks where pictures cannot tell.

A hand in another pose has no dense correspondence: flow loses it and would leave it where it stands until the picture
changes over. Its landmarks still say where it is, how large and how it is turned. So each hand is moved as a rigid
picture, the forearm and the upper arm with it, and the cloth around them gives way smoothly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from tango_models.interpolation.warping.alignment import HAND_SCALE, HAND_TURN, similarity

SHOULDER, ELBOW, WRIST, HAND = 0, 1, 2, 3
POINTS = 24
"""Points of an arm: shoulder, elbow, wrist of the body, then the 21 points of the hand, its wrist first."""
FARTHEST = 0.6
"""Of the picture's longer side: two hands further apart are no hand that moved, one is mistaken."""
_WITHIN = 0.15  # of the hand's size, around it: moves as the hand does
_GIVES_WAY = (0.7, 1.2)  # of the hand's size: over so much around that the cloth goes over to its own movement,
# over the more the further the hand goes
_SHEAR = 0.75  # px per px that the cloth is to bend
_BESIDE_HEAD = 0.5  # of a head's radius, around it: over so much cloth begins to give way as elsewhere
_COVERED = 0.1  # of that on the head itself, where only what a hand covers moves
_OF_FOREARM = 0.5  # a hand's size where its fingers are unknown
_THICK = (0.25, 0.35)  # of the hand's size: half as thick are the forearm and the upper arm
_COARSE = 4  # grid px


@dataclass(frozen=True)
class ArmFlow:
    """Where the arms' pixels go, on a grid (h, w), in grid px."""

    flow: np.ndarray  # (h, w, 2) float32, of the source picture
    weight: np.ndarray  # (h, w) float32 0..1: where the moved picture is to follow it, around where an arm was and is
    found: np.ndarray  # (h, w) float32 0..1, of the source picture: where dense flow says the same


def steady(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """(T, ..., 2) `target` relative to `source`, smoothed over time: landmarks jitter by more than pictures may.

    Added to `source` it is a place of the target's points. NaN where either is unknown at that time.
    """
    apart = np.asarray(target, np.float32) - np.asarray(source, np.float32)
    padded = np.pad(apart, [(1, 1), *[(0, 0)] * (apart.ndim - 1)], mode="edge")
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
        apart = np.diff(known)
        for gap in np.flatnonzero((apart > 1) & (apart <= longest + 1)):
            before, after = known[gap], known[gap + 1]
            column[before:after] = np.linspace(column[before], column[after], after - before + 1)[:-1]
    return filled


def arm_flow(
    source: np.ndarray,
    target: np.ndarray,
    *,
    height: int,
    width: int,
    scale: float,
    share: float = 1.0,
    heads: Sequence[np.ndarray] = (),
    brought: Sequence[int] = (),
) -> ArmFlow | None:
    """Flow that takes the arms of one picture to those of another.

    Args:
        source, target: (2, 24, 2) full-size px, NaN where unknown.
        height, width: of the grid.
        scale: grid px per full-size px.
        share: of the flow, 0..1, by which the picture will be moved.
        heads: (3,) middle and radius, full-size px: only what a hand covers moves with it there.
        brought: arms, 0 and 1, whose hands are brought as pictures of their own: what stands where such an arm was (a
            desk that it lay on) does not follow it.

    Returns:
        None when no arm is known in both, or none moved by a full-size pixel.
    """
    # The field is smooth: one point for some pixels, at their middle, is enough.
    coarse = -(-height // _COARSE), -(-width // _COARSE)
    y, x = np.mgrid[: coarse[0], : coarse[1]].astype(np.float32) * _COARSE + (_COARSE - 1) / 2
    place = np.stack([x, y], axis=-1)
    free = np.ones(coarse, np.float32)
    for head in (np.asarray(head) * scale for head in heads):
        if np.isfinite(head).all():
            away = np.linalg.norm(place - head[:2], axis=-1) / max(float(head[2]), 1.0)
            free = np.minimum(free, np.clip((away - 1) / _BESIDE_HEAD, 0, 1))
    total, nearness, weight = np.zeros_like(place), np.zeros(coarse, np.float32), np.zeros(coarse, np.float32)
    most = FARTHEST * max(height, width)
    for side, (old, new) in enumerate(zip(source * scale, target * scale, strict=True)):
        part = _one_arm(old, new, place, least=scale, most=most, share=share, free=free, brought=side in brought)
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
    old: np.ndarray,
    new: np.ndarray,
    place: np.ndarray,
    *,
    least: float,
    most: float,
    share: float,
    free: np.ndarray,
    brought: bool,
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
    size = max(float(np.ptp(outline, axis=0).max()), 4.0)
    if len(outline) == 1 and np.isfinite(old[ELBOW]).all():
        size = max(size, _OF_FOREARM * float(np.linalg.norm(wrist - old[ELBOW])))
    # A smoothstep over a width w is 1.5 / w steep in its middle.
    gives_way = float(np.clip(1.5 * share * farthest / _SHEAR, _GIVES_WAY[0] * size, _GIVES_WAY[1] * size))
    distance = _outside(outline, *place.shape[:2])
    moved = outline + share * goes
    crossed = _outside(moved if brought else np.concatenate([outline, moved]), *place.shape[:2])
    flow = (place @ (matrix[:, :2] - np.eye(2)).T + matrix[:, 2]).astype(np.float32)
    near = 1 / (distance + 0.1 * size) ** 2
    # The upper arm, which hands pass in front of, moves only what lies off them.
    behind = np.clip((distance - 0.15 * size) / (0.8 * size), 0, 1) ** 2
    at_wrist = wrist @ (matrix[:, :2] - np.eye(2)).T + matrix[:, 2]
    ends = [(wrist, at_wrist), (old[ELBOW], (new - old)[ELBOW]), (old[SHOULDER], (new - old)[SHOULDER])]
    shown = (np.ones_like(behind), behind)
    for k, ((lower, at_lower), (upper, at_upper)) in enumerate(pairwise(ends)):
        if not np.isfinite([upper, at_upper, lower, at_lower]).all():
            break
        # Along a bone the movement goes over evenly from one end's to the other's.
        off, along = _from_bone(upper, lower, place, _THICK[k] * size)
        then, _ = _from_bone(upper + share * at_upper, lower + share * at_lower, place, _THICK[k] * size)
        bone = (at_upper + along[..., None] * (at_lower - at_upper)).astype(np.float32)
        near_bone = shown[k] / (off + 0.1 * size) ** 2
        flow += (near_bone / (near + near_bone))[..., None] * (bone - flow)
        near = np.maximum(near, near_bone)
        crossed = np.minimum(crossed, then if brought else np.minimum(off, then))
    inside = np.clip(1 - (crossed - _WITHIN * size) / (gives_way * np.maximum(free, _COVERED)), 0, 1)
    weight = (inside * inside * (3 - 2 * inside)).astype(np.float32)
    return flow, near, weight


def _from_bone(upper: np.ndarray, lower: np.ndarray, place: np.ndarray, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """(h, w) distance of each place to a limb of that radius, and how far along it lies, 0 at its upper end .. 1."""
    axis = lower - upper
    along = np.clip(((place - upper) @ axis) / max(float(axis @ axis), 1.0), 0, 1).astype(np.float32)
    off = (place - (upper + along[..., None] * axis)).astype(np.float32)
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
    # without a point of the outline on it, OpenCV calls all of it as far as a float goes
    distance = np.minimum(cv2.distanceTransform(canvas, cv2.DIST_L2, 3), sum(canvas.shape)) * _COARSE
    return distance[margin : margin + rows, margin : margin + columns]
