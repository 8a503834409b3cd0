"""Depth of arms and hands from foreshortening: how long a bone looks against how long it is.

The networks' own depth is weak where it matters most: against a rendered speaker with known joints their upper arms
and forearms are off by 20 degrees, and a hand that points at the camera has half its depth. In the picture they are
right to a few millimetres. So the picture and the bone lengths give the size of the depth, the networks only its sign
(Taylor, Reconstruction of Articulated Objects from Point Correspondences, 2000).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tango_models.body.model_points import POINT, hand_points
from tango_models.body.rotations import unit
from tango_models.body.smoothing import gaussian
from tango_models.body.targets import BODY_BONE_COUNT, BONES, HAND_BONES, Targets

_ARM_BONES = (1, 2, 3, 4)  # of BONES
_KNUCKLES = (5, 9, 13, 17)
_SLACK = 0.05  # share of a bone's length by which a depth may exceed what the picture leaves


def pixels_per_metre(targets: Targets, rest: np.ndarray, known: np.ndarray) -> float:
    """Scale of the picture at the speaker, for the body whose T-pose has model points ``rest`` (80, 3).

    The median of shoulder width (turned sideways by the landmarks' depth) and trunk over the video; but no smaller
    than lets the arms be as long as they look, which 5 % of the frames may exceed.
    """
    ratios, weights = [], []
    for start, stop in (
        ("left_mark", "right_mark"), ("left_hip", "left_mark"), ("right_hip", "right_mark"),
    ):  # fmt: skip
        a, b = POINT[start], POINT[stop]
        seen = np.minimum(targets.point_weights[:, a], targets.point_weights[:, b])[known]
        flat = np.linalg.norm(targets.points[known, a] - targets.points[known, b], axis=-1)
        side = targets.world[known, 11] - (targets.world[known, 12] if stop == "right_mark" and start == "left_mark"
                                           else targets.world[known, 23])  # fmt: skip
        visible = np.sqrt(1 - np.minimum(unit(side)[:, 2] ** 2, 0.75))
        ratios.append(flat / (np.linalg.norm(rest[a] - rest[b]) * visible))
        weights.append(seen)
    order = np.argsort(np.concatenate(ratios))
    mass = np.cumsum(np.concatenate(weights)[order])
    scale = float(np.concatenate(ratios)[order][np.searchsorted(mass, 0.5 * mass[-1])])
    for k in _ARM_BONES:
        a, b = BONES[k]
        sure = known & (np.minimum(targets.point_weights[:, a], targets.point_weights[:, b]) > 500)
        if sure.sum() >= 10:
            flat = np.linalg.norm(targets.points[sure, a] - targets.points[sure, b], axis=-1)
            scale = max(scale, float(np.percentile(flat, 95)) / np.linalg.norm(rest[a] - rest[b]))
    return scale


def resolve_depth(targets: Targets, rest: np.ndarray, known: np.ndarray) -> tuple[Targets, float]:
    """Targets whose arm and hand bones agree with the picture, and the picture's scale in pixels per metre.

    Args:
        targets: of T frames; ``known`` (T,) bool tells which of them hold.
        rest: (80, 3) model points of the T-pose.
    """
    scale = pixels_per_metre(targets, rest, known)
    bones, hands = targets.bones.astype(np.float64).copy(), targets.hands.astype(np.float64).copy()
    for k in _ARM_BONES:
        a, b = BONES[k]
        flat = (targets.points[:, b] - targets.points[:, a]) * [1, -1] / (scale * np.linalg.norm(rest[b] - rest[a]))
        length = np.linalg.norm(flat, axis=-1)
        left = np.sqrt(np.maximum(1 - length**2, 0.0))
        # Foreshortening says little about a bone that lies in the picture's plane, and all about one that does not.
        least = np.where(length < 0.8, 0.8 * left, 0.0)
        guess = bones[:, k, 2]
        sign = np.where(gaussian(guess, 3.0) >= 0, 1.0, -1.0)
        depth = sign * np.clip(np.abs(guess), least, left + _SLACK)
        seen = (targets.point_weights[:, a] > 0) & (targets.point_weights[:, b] > 0)
        refined = unit(np.concatenate([flat, gaussian(depth, 1.0)[:, None]], -1))
        bones[:, k] = np.where(seen[:, None], refined, bones[:, k])
    for side in (0, 1):
        index = hand_points(side)
        palm = np.mean([np.linalg.norm(rest[index[k]] - rest[index[0]]) for k in _KNUCKLES])
        px = targets.points[:, index] * [1, -1]
        flat = (px - px[:, :1]) / scale
        spread = np.linalg.norm(hands[:, side, 1:, :2], axis=-1).mean(1)
        depth = (
            hands[:, side, :, 2] * (np.linalg.norm(flat[:, 1:], axis=-1).mean(1) / np.maximum(spread, 1e-3))[:, None]
        )
        flat_palm, deep_palm = (
            np.sqrt((values[:, list(_KNUCKLES)] ** 2).reshape(len(hands), 4, -1).sum(-1)).mean(1)
            for values in (flat, depth[..., None])
        )
        stretch = np.sqrt(np.maximum(palm**2 - flat_palm**2, 0)) / np.maximum(deep_palm, 0.01)
        stretch = gaussian(np.clip(stretch, 0.6, 2.5), 3.0)
        local = np.concatenate([flat, (depth * stretch[:, None])[..., None]], -1)
        hands[:, side] = np.where(targets.hand_known[:, side, None, None], local, hands[:, side])
        first = BODY_BONE_COUNT + side * len(HAND_BONES)
        for k, (start, stop) in enumerate(HAND_BONES):
            bones[:, first + k] = unit(hands[:, side, stop] - hands[:, side, start])
    return replace(targets, bones=bones.astype(np.float32), hands=hands.astype(np.float32)), scale
