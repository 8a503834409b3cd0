"""The poses between the two ends of a seam, and their pictures."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

from tango_models.interpolation.seam import Seam


@dataclass(frozen=True)
class Poses:
    """Of T frames, in px; NaN where unknown.

    points  (T, 4, 2) left and right shoulder, left and right hip
    arms    (T, 2, 24, 2) left and right arm as in `warping.arms`
    heads   (T, 3) middle and radius
    """

    points: np.ndarray
    arms: np.ndarray
    heads: np.ndarray

    def __len__(self) -> int:
        return len(self.points)

    def at(self, frames) -> Poses:
        """Those of some frames."""
        return Poses(self.points[frames], self.arms[frames], self.heads[frames])

    def sides_swapped(self) -> Poses:
        """Left as right and right as left, where they are: what a mirrored picture shows, before it is mirrored."""
        return Poses(self.points[:, [1, 0, 3, 2]], self.arms[:, [1, 0]], self.heads)

    def scaled(self, factor: float) -> Poses:
        """In a picture `factor` times as large."""
        return Poses(self.points * factor, self.arms * factor, self.heads * factor)


class PosePath(Protocol):
    """What poses the frames of a seam are to show; a learned in-betweener is another of these.

    `alphas` (T,) says how far each frame lies from the outgoing to the incoming run, as in `Seam`; at 0 and 1 the pose
    is the run's own.
    """

    def __call__(self, outgoing: Poses, incoming: Poses, alphas: np.ndarray) -> Poses: ...


def seam_poses(seam: Seam) -> tuple[Poses, Poses]:
    """Of both runs; NaN throughout where the seam has no landmarks."""
    count = len(seam)

    def run(points, arms, heads) -> Poses:
        return Poses(
            np.full((count, 4, 2), np.nan, np.float32) if points is None else points,
            np.full((count, 2, 24, 2), np.nan, np.float32) if arms is None else arms,
            np.full((count, 3), np.nan, np.float32) if heads is None else heads,
        )

    return (
        run(seam.outgoing_points, seam.outgoing_arms, seam.outgoing_heads),
        run(seam.incoming_points, seam.incoming_arms, seam.incoming_heads),
    )


def blended_path(outgoing: Poses, incoming: Poses, alphas: np.ndarray) -> Poses:
    """From one run into the other while both move on: position and velocity are each run's own at its end."""
    return _blend(outgoing, incoming, alphas)


def _blend(first: Poses, second: Poses, share: np.ndarray) -> Poses:
    def mix(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        part = share.astype(np.float32).reshape(-1, *[1] * (a.ndim - 1))
        mixed = np.where(part <= 0, a, np.where(part >= 1, b, a + part * (b - a)))
        # What one run alone knows is better than nothing.
        return np.where(np.isfinite(mixed), mixed, np.where(np.isfinite(a), a, b))

    return Poses(*(mix(getattr(first, k), getattr(second, k)) for k in ("points", "arms", "heads")))


# Limbs and their colours as OpenPose draws them, which public pose-guided models were trained on.
_LIMBS: tuple[tuple[str, str, tuple[int, int, int]], ...] = (
    ("neck", "right shoulder", (255, 0, 0)), ("neck", "left shoulder", (255, 85, 0)),
    ("right shoulder", "right elbow", (255, 170, 0)), ("right elbow", "right wrist", (255, 255, 0)),
    ("left shoulder", "left elbow", (170, 255, 0)), ("left elbow", "left wrist", (85, 255, 0)),
    ("neck", "right hip", (0, 255, 0)), ("neck", "left hip", (0, 255, 255)), ("neck", "head", (0, 0, 255)),
)  # fmt: skip
_FINGERS = tuple((0 if k % 4 == 1 else k - 1, k) for k in range(1, 21))
_FINGER_COLOURS = [tuple(round(255 * c) for c in colorsys.hsv_to_rgb(k / 20, 1, 1)) for k in range(20)]
_THICK = 0.008  # of the longer side: half a limb


def draw_poses(poses: Poses, width: int, height: int) -> np.ndarray:
    """(T, height, width, 3) uint8: each pose in colours on black; what is unknown is not drawn."""
    return np.stack([_draw(poses, k, width, height) for k in range(len(poses))])


def _draw(poses: Poses, frame: int, width: int, height: int) -> np.ndarray:
    canvas = np.zeros((height, width, 3), np.uint8)
    shoulders, hips, arms = poses.points[frame, :2], poses.points[frame, 2:], poses.arms[frame]
    places = {"neck": shoulders.mean(0), "head": poses.heads[frame, :2]}
    for side, name in enumerate(("left", "right")):
        places |= {f"{name} {part}": arms[side, k] for k, part in enumerate(("shoulder", "elbow", "wrist"))}
        places |= {f"{name} hip": hips[side]}
        if not np.isfinite(places[f"{name} shoulder"]).all():
            places[f"{name} shoulder"] = shoulders[side]
    thick = max(1, round(_THICK * max(width, height)))
    for upper, lower, shade in _LIMBS:
        _line(canvas, places[upper], places[lower], tuple(round(0.6 * c) for c in shade), 2 * thick)
    for side in range(2):
        hand = arms[side, 3:]
        for (start, end), colour in zip(_FINGERS, _FINGER_COLOURS, strict=True):
            _line(canvas, hand[start], hand[end], colour, max(1, thick // 2))
    return canvas


def _line(canvas: np.ndarray, start: np.ndarray, end: np.ndarray, colour: tuple, thick: int) -> None:
    if np.isfinite(start).all() and np.isfinite(end).all():
        limit = 4 * max(canvas.shape)  # a landmark far outside would overflow OpenCV's fixed point
        a, b = (np.clip(np.asarray(p) * 16, -16 * limit, 16 * limit) for p in (start, end))
        cv2.line(canvas, a.astype(int).tolist(), b.astype(int).tolist(), colour, thick, cv2.LINE_AA, 4)


def arm_mask(poses: Poses, frame: int, width: int, height: int) -> np.ndarray:
    """(height, width) bool: where hands, forearms and upper arms are, and some of what is around them."""
    mask = np.zeros((height, width), np.uint8)
    for arm in poses.arms[frame]:
        hand = arm[3:][np.isfinite(arm[3:]).all(-1)]
        size = _hand_size(arm)
        if not size:
            continue
        if len(hand) >= 3:
            hull = cv2.convexHull(np.clip(hand, -width - height, 2 * (width + height)).astype(np.int32))
            cv2.fillConvexPoly(mask, hull, (1,))
            cv2.polylines(mask, [hull], True, (1,), max(1, round(0.35 * size)))
        elif np.isfinite(arm[2]).all():
            _line(mask, arm[2], arm[2], (1,), max(1, round(1.2 * size)))
        for upper, lower in ((0, 1), (1, 2)):
            _line(mask, arm[upper], arm[lower], (1,), max(1, round(0.8 * size)))
    return mask > 0


def body_mask(poses: Poses, frame: int, width: int, height: int) -> np.ndarray:
    """(height, width) bool: roughly where the person is: arms, torso down to the picture's edge, and head."""
    mask = arm_mask(poses, frame, width, height).astype(np.uint8)
    left, right, left_hip, right_hip = poses.points[frame]
    if np.isfinite(poses.points[frame]).all():
        broad = float(np.linalg.norm(left - right))
        corners = np.array([left, right, right_hip, left_hip])
        corners = np.clip(corners, -width - height, 2 * (width + height)).astype(np.int32)
        cv2.fillConvexPoly(mask, cv2.convexHull(corners), (1,))
        cv2.polylines(mask, [cv2.convexHull(corners)], True, (1,), max(1, round(0.5 * broad)))
    x, y, radius = poses.heads[frame]
    if np.isfinite([x, y, radius]).all():
        cv2.circle(mask, (round(float(x)), round(float(y))), max(1, round(1.8 * float(radius))), (1,), -1)
    return mask > 0


def hand_box(arm: np.ndarray) -> np.ndarray | None:
    """(4,) px left, top, right, bottom around the hand of an arm (24, 2); None where it is unknown."""
    size = _hand_size(arm)
    known = arm[3:][np.isfinite(arm[3:]).all(-1)]
    if len(known) < 3:
        known = arm[2:3]
    if not size or not np.isfinite(known).all():
        return None
    return np.concatenate([known.min(0) - 0.35 * size, known.max(0) + 0.35 * size])


def _hand_size(arm: np.ndarray) -> float:
    """px, the longer side of the hand; half of the forearm where fingers are unknown, 0 where both are."""
    hand = arm[3:][np.isfinite(arm[3:]).all(-1)]
    size = float(np.ptp(hand, axis=0).max()) if len(hand) >= 3 else 0.0
    forearm = float(np.linalg.norm(arm[1] - arm[2]))
    return max(size, 0.3 * forearm) if np.isfinite(forearm) else size
