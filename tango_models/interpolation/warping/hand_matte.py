"""Which pixels are a hand's or a forearm's: near its bones, and of its colours rather than of those around it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

BONES = [(0, 1), (1, 2), (2, 3), (3, 4), (0, 5), (5, 6), (6, 7), (7, 8), (5, 9), (9, 10), (10, 11), (11, 12), (9, 13),
         (13, 14), (14, 15), (15, 16), (13, 17), (0, 17), (17, 18), (18, 19), (19, 20)]  # fmt: skip
"""Pairs of MediaPipe's 21 points of a hand."""
PALM = (0, 1, 5, 9, 13, 17)
_SIDE = 112  # px, longer side of the grid that a matte is found on
_AROUND = 0.55  # of the hand's size: what lies around it
_FINGER = 0.075  # of the hand's size: half as thick as a finger
_FAR = 0.22  # of the hand's size, beyond its bones' flesh: no colour makes a hand of that
_SAME_SKIN = 12.0  # squared distance to the colours of the hand, beyond the least, of what may be a finger of it
_THICKEST = 0.16  # of the hand's size: half as thick as a finger at most
_SLEEVE = 0.26, 0.4  # of the hand's size: half as thick as a forearm with its sleeve, at the wrist and at the elbow
ENDS = 0.45, 0.8
"""Of a forearm, from the wrist: over so much it goes over into what does not move with it."""
_LEAST = 20  # pixels of each colour model


@dataclass(frozen=True)
class Matte:
    """A cut-out of a frame: `alpha` (h, w) float32 0..1, its first pixel at (`left`, `top`) of the frame."""

    alpha: np.ndarray
    left: int
    top: int


def hand_size(points: np.ndarray) -> float:
    """Size of a hand (21, 2) px: the longer side of its box, but at least what its palm tells."""
    palm = float(np.linalg.norm(points[[5, 9, 13, 17]] - points[0], axis=-1).mean())
    return max(float(np.ptp(points, axis=0).max()), 1.5 * palm, 4.0)


def hand_matte(frame: np.ndarray, points: np.ndarray, others: list[np.ndarray]) -> Matte | None:
    """The matte of a hand.

    Args:
        frame: (H, W, 3) uint8.
        points: (21, 2) px, all known.
        others: other skin, (P, 2) px each (the other hand, the outline of the head): no example of what is around.

    Returns:
        None for a hand outside of the frame.
    """
    height, width = frame.shape[:2]
    size = hand_size(points)
    low = np.floor(points.min(axis=0) - _AROUND * size).astype(int)
    high = np.ceil(points.max(axis=0) + _AROUND * size).astype(int)
    left, top = max(0, int(low[0])), max(0, int(low[1]))
    right, bottom = min(width, int(high[0]) + 1), min(height, int(high[1]) + 1)
    if right - left < 8 or bottom - top < 8:
        return None
    crop = frame[top:bottom, left:right]
    scale = min(1.0, _SIDE / max(crop.shape[:2]))
    small = (max(4, round(crop.shape[1] * scale)), max(4, round(crop.shape[0] * scale)))
    picture = cv2.resize(crop, small, interpolation=cv2.INTER_AREA)
    place, unit = (points - [left, top]) * scale, size * scale
    away = _away(place, unit, picture.shape[:2])
    lab = cv2.cvtColor(picture, cv2.COLOR_RGB2LAB).astype(np.float32)
    inside = away <= 0
    free = np.ones(picture.shape[:2], bool)
    for other in others:
        mask = np.zeros(picture.shape[:2], np.uint8)
        cv2.fillConvexPoly(mask, cv2.convexHull(np.rint((other - [left, top]) * scale).astype(np.int32)), (1,))
        free &= cv2.dilate(mask, np.ones((5, 5), np.uint8)) == 0
    ring = free & (away > _FAR * unit)
    near = np.clip(1 - away / (_FAR * unit), 0, 1)
    if inside.sum() >= _LEAST and ring.sum() >= _LEAST:
        own = _distance(lab, lab[inside])
        missed = _missed(own - own[inside].min() < _SAME_SKIN, away, free & _before(place, free.shape), unit)
        if (ring & ~missed).sum() >= _LEAST:
            ring &= ~missed
            near = np.maximum(near, cv2.dilate(missed.astype(np.uint8), np.ones((3, 3), np.uint8)))
        around = _nearest_distance(lab, lab[ring])
        likely = 1 / (1 + np.exp(np.clip(0.5 * (own - around), -20, 20)))
        alpha = np.where(inside, np.maximum(likely, 0.5 + 0.5 * np.clip(-away / (0.03 * unit), 0, 1)), likely * near)
        alpha = np.where(away > 0, np.minimum(alpha, 2 * near), alpha)
    else:
        alpha = (away <= 0.02 * unit).astype(np.float32)
    alpha = cv2.GaussianBlur(alpha.astype(np.float32), (0, 0), 1.0)
    alpha = np.clip((alpha - 0.25) / 0.5, 0, 1)
    return Matte(cv2.resize(alpha, crop.shape[1::-1], interpolation=cv2.INTER_LINEAR), left, top)


def _missed(skin: np.ndarray, away: np.ndarray, free: np.ndarray, unit: float) -> np.ndarray:
    """(h, w) bool: a finger whose landmarks are on another one. It has the hand's colours, grows out of it, is no
    thicker than a finger and ends in the picture around the hand; a wall of these colours is and does not."""
    grown = cv2.morphologyEx((skin & free).astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    beyond = ((away > 0) & (grown > 0)).astype(np.uint8)
    count, label = cv2.connectedComponents(beyond, connectivity=4)
    found = np.zeros(skin.shape, bool)
    for part in (label == k for k in range(1, count)):
        reaches = away[part]
        edge = part[0].any() or part[-1].any() or part[:, 0].any() or part[:, -1].any()
        thick = cv2.distanceTransform(np.pad(part.astype(np.uint8), 1), cv2.DIST_L2, 3).max()
        if not edge and reaches.min() < 2 and reaches.max() > _FAR * unit and thick < _THICKEST * unit:
            found |= part
    return found


def _before(points: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """(h, w) bool: not behind the wrist of a hand, where a bare arm has its colours."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    axis = points[9] - points[0]
    return (x - points[0, 0]) * axis[0] + (y - points[0, 1]) * axis[1] > 0


def forearm_matte(frame: np.ndarray, wrist: np.ndarray, elbow: np.ndarray, size: float) -> Matte | None:
    """The matte of a forearm from `wrist` (2,) towards `elbow` (2,) px, of a hand of `size` px; it ends softly before
    the elbow. None when it is outside of the frame or as short as it is thick."""
    height, width = frame.shape[:2]
    reach = 2 * _SLEEVE[1] * size
    low = np.maximum(np.floor(np.minimum(wrist, elbow) - reach).astype(int), 0)
    high = np.minimum(np.ceil(np.maximum(wrist, elbow) + reach).astype(int) + 1, [width, height])
    axis = elbow - wrist
    if (high - low < 8).any() or float(np.linalg.norm(axis)) < _SLEEVE[1] * size:
        return None
    crop = frame[low[1] : high[1], low[0] : high[0]]
    scale = min(1.0, _SIDE / max(crop.shape[:2]))
    small = (max(4, round(crop.shape[1] * scale)), max(4, round(crop.shape[0] * scale)))
    lab = cv2.cvtColor(cv2.resize(crop, small, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2LAB).astype(np.float32)
    x, y = np.meshgrid(np.arange(small[0], dtype=np.float32), np.arange(small[1], dtype=np.float32))
    place = np.stack([x, y], axis=-1) / scale + low
    along = ((place - wrist) @ axis) / float(axis @ axis)
    off = np.linalg.norm(place - (wrist + np.clip(along, 0, 1)[..., None] * axis), axis=-1) / size
    thick = _SLEEVE[0] + np.clip(along, 0, 1) * (_SLEEVE[1] - _SLEEVE[0])
    near = np.clip((1.3 * thick - off) / (0.3 * thick), 0, 1) * np.clip((ENDS[1] - along) / (ENDS[1] - ENDS[0]), 0, 1)
    inside, ring = (off < 0.6 * thick) & (along < 1), (off > 1.5 * thick) & (along > 0)
    alpha = near
    if inside.sum() >= _LEAST and ring.sum() >= _LEAST:
        apart = _nearest_distance(lab, lab[inside]) - _nearest_distance(lab, lab[ring])
        alpha = near * np.clip(2 / (1 + np.exp(np.clip(0.5 * apart, -20, 20))), 0, 1)
    alpha = cv2.GaussianBlur(alpha.astype(np.float32), (0, 0), 1.5)
    return Matte(cv2.resize(alpha, crop.shape[1::-1], interpolation=cv2.INTER_LINEAR), int(low[0]), int(low[1]))


def _away(points: np.ndarray, unit: float, shape: tuple[int, int]) -> np.ndarray:
    """(h, w) float32 px outside of the flesh around a hand's bones; below 0 inside."""
    margin = round(unit)
    canvas = np.ones((shape[0] + 2 * margin, shape[1] + 2 * margin), np.uint8)
    at = np.rint(points + margin).astype(np.int32)
    thick = max(1, round(2 * _FINGER * unit))
    for a, b in BONES:
        cv2.line(canvas, tuple(map(int, at[a])), tuple(map(int, at[b])), (0,), thick)
    cv2.fillConvexPoly(canvas, cv2.convexHull(at[list(PALM)]), (0,))
    outside = cv2.distanceTransform(canvas, cv2.DIST_L2, 3)
    within = cv2.distanceTransform(1 - canvas, cv2.DIST_L2, 3)
    return (outside - within)[margin : margin + shape[0], margin : margin + shape[1]]


def _distance(lab: np.ndarray, examples: np.ndarray) -> np.ndarray:
    """(h, w) squared distance of each pixel to the colours of `examples` (N, 3), with its normaliser."""
    mean = np.median(examples, axis=0).astype(np.float32)
    spread = np.cov((examples - mean).T) + np.diag([36.0, 9.0, 9.0])
    off = lab - mean
    white = off.reshape(-1, 3) @ np.linalg.cholesky(np.linalg.inv(spread)).astype(np.float32)
    return np.einsum("ij,ij->i", white, white).reshape(lab.shape[:2]) + float(np.log(np.linalg.det(spread)))


def _nearest_distance(lab: np.ndarray, examples: np.ndarray) -> np.ndarray:
    """The same to several groups of colours: what lies around a hand is cloth, background, a face."""
    groups = 4
    if len(examples) < 8 * groups:
        return _distance(lab, examples)
    step = max(1, len(examples) // 2000)
    sample = np.ascontiguousarray(examples[::step], np.float32)
    cv2.setRNGSeed(0)
    _, labels, _ = cv2.kmeans(
        sample,
        groups,
        None,
        (cv2.TERM_CRITERIA_MAX_ITER, 8, 0),
        1,
        cv2.KMEANS_PP_CENTERS,  # type: ignore[call-overload]
    )
    parts = [sample[labels[:, 0] == k] for k in range(groups)]
    return np.min([_distance(lab, part) for part in parts if len(part) >= 8], axis=0)
