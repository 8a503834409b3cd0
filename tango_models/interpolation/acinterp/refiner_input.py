"""What the refiner sees of a seam: pictures to choose among, and the boxes in which it does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tango_models.interpolation.acinterp.homography import CameraMove, background_between, camera_move
from tango_models.interpolation.acinterp.poses import (
    PosePath,
    Poses,
    arm_mask,
    blended_path,
    body_mask,
    draw_poses,
    hand_box,
    seam_poses,
)
from tango_models.interpolation.acinterp.refiner import LAYERS
from tango_models.interpolation.seam import Seam
from tango_models.interpolation.warping.flow import FlowInterpolator, arm_pairs
from tango_models.interpolation.warping.layers import compose

Box = tuple[int, int, int, int]
"""px left, top, right, bottom."""


@dataclass(frozen=True)
class Sight:
    """Of one frame of a seam.

    index     of the frame
    pictures  (4, H, W, 3) uint8: outgoing warped, incoming warped, what `flow` made, the picture without arms
    seen      (H, W) bool: where the last is known
    pose      (H, W, 3) uint8
    mirrored  (H, W, 3) uint8: the pose's picture with left as right, for whoever mirrors all of this
    fade      (H, W) float32 0..1: where a cross-fade helps
    alpha     0..1
    boxes     around hands and where they were and will be
    hands     (H, W) bool: where the arms are on the way
    """

    index: int
    pictures: np.ndarray
    seen: np.ndarray
    pose: np.ndarray
    mirrored: np.ndarray
    fade: np.ndarray
    alpha: float
    boxes: list[Box]
    hands: np.ndarray

    def channels(self, rows: slice, columns: slice) -> np.ndarray:
        """(CHANNELS, h, w) float32 0..1, the refiner's input, of a part."""
        size = self.seen[rows, columns].shape
        parts = [*(self.pictures[k, rows, columns].transpose(2, 0, 1) / 255 for k in range(LAYERS))]
        parts += [self.seen[None, rows, columns], self.pose[rows, columns].transpose(2, 0, 1) / 255]
        parts += [self.fade[None, rows, columns], np.full((1, *size), self.alpha)]
        return np.concatenate(parts).astype(np.float32)


def sights(seam: Seam, base: np.ndarray, *, path: PosePath = blended_path) -> Iterator[Sight]:
    """Of each frame of a seam that is to be made and in which a hand is known.

    Args:
        base: (2m, H, W, 3) uint8, what `flow` made.
    """
    height, width = base.shape[1:3]
    outgoing, incoming = seam_poses(seam)
    way = path(outgoing, incoming, seam.alphas)
    flow, arms = FlowInterpolator(hands=False), arm_pairs(seam)  # the hands themselves, in both pictures
    moved: tuple[int, CameraMove] | None = None
    for k in np.flatnonzero((seam.alphas > 0) & (seam.alphas < 1)).tolist():
        boxes = hand_boxes([outgoing, way, incoming], k, width, height)
        if not boxes:
            continue
        alpha, first, second = float(seam.alphas[k]), seam.outgoing[k], seam.incoming[k]
        if moved is None or not _same_pictures(seam, k, moved[0]):
            masks = (body_mask(poses, k, width, height) for poses in (outgoing, incoming))
            moved = k, camera_move(first, second, *masks)
        hidden, other_hidden = (arm_mask(poses, k, width, height) for poses in (outgoing, incoming))
        plate, seen = background_between(first, second, hidden, other_hidden, moved[1], alpha)
        layer = flow.layer(seam, k, arms)
        sharp = replace(layer, fade=np.zeros_like(layer.fade))
        warped = [compose(first, second, sharp, alpha, incoming_shown) for incoming_shown in (False, True)]
        yield Sight(
            index=k,
            pictures=np.stack([*warped, base[k], plate]),
            seen=seen,
            pose=draw_poses(way.at([k]), width, height)[0],
            mirrored=draw_poses(way.at([k]).sides_swapped(), width, height)[0],
            fade=_enlarged(layer.fade, width, height),
            alpha=alpha,
            boxes=boxes,
            hands=arm_mask(way, k, width, height),
        )


def flow_frames(seam: Seam) -> np.ndarray:
    """(2m, H, W, 3) uint8 of the `flow` interpolator."""
    return FlowInterpolator().interpolate(seam)


def hand_boxes(runs: Sequence[Poses], frame: int, width: int, height: int) -> list[Box]:
    """Where either hand is in one of some runs, inside the picture; boxes that overlap become one."""
    found: list[np.ndarray] = []
    for side in range(2):
        own = [box for poses in runs if (box := hand_box(poses.arms[frame, side])) is not None]
        if own:
            found.append(np.concatenate([np.min(own, 0)[:2], np.max(own, 0)[2:]]))
    if len(found) == 2 and (np.maximum(*(b[:2] for b in found)) < np.minimum(*(b[2:] for b in found))).all():
        found = [np.concatenate([np.min(found, 0)[:2], np.max(found, 0)[2:]])]
    boxes = []
    for box in found:
        left, top = (int(np.clip(np.floor(v), 0, limit)) for v, limit in zip(box[:2], (width, height), strict=True))
        right, bottom = (int(np.clip(np.ceil(v), 0, limit)) for v, limit in zip(box[2:], (width, height), strict=True))
        if right - left >= 8 and bottom - top >= 8:
            boxes.append((left, top, right, bottom))
    return boxes


def _same_pictures(seam: Seam, one: int, other: int) -> bool:
    """Where a run stands still, its frames are looked at once."""
    return all(np.array_equal(run[one], run[other]) for run in (seam.outgoing, seam.incoming))


def _enlarged(picture: np.ndarray, width: int, height: int) -> np.ndarray:
    import cv2

    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_LINEAR)
