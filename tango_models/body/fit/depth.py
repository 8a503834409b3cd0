"""Depth of arms and hands from foreshortening: how long a bone looks against how long it is.

The networks' own depth is weak where it matters most: against a rendered speaker with known joints their upper arms
and forearms are off by 20 degrees, and a hand that points at the camera has half its depth. In the picture they are
right to a few millimetres. So the picture and the bone lengths give the size of the depth, the networks only its sign
(Taylor, Reconstruction of Articulated Objects from Point Correspondences, 2000).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from tango_models.body.fit.model_points import ELBOW_SHIFT, POINT, hand_points
from tango_models.body.fit.palm_pose import PALM, View, palm_rotations
from tango_models.body.fit.smoothing import gaussian
from tango_models.body.fit.targets import BODY_BONE_COUNT, BONES, HAND_BONES, Targets
from tango_models.body.rotations import frame, transpose, unit

_ARMS = (("left", 1), ("right", 3))  # side, index in BONES of its upper arm; the forearm follows
_KNUCKLES = (5, 9, 13, 17)
_SLACK = 0.05  # share of a bone's length by which its depth may exceed what the picture leaves
_FORESHORTENED = 0.6  # from this share of its length on, a bone's depth is known from the picture
# The network's hands are too flat: over seven rendered speakers their true depth is 1.6 times theirs (10th to 90th
# percentile of frames 1.0 to 2.6), and on real clips the palms keep their length at 1.9.
_FORESHORTENING = (1.3, 2.5)
# A raised arm comes nearer the camera and looks longer; so much of the longest looks is granted to that.
_LEAST_SURE = 0.05  # share of its weight that the shape of a hand keeps whose palm fits nowhere
_ARM_PERCENTILE, _ARM_ALLOWANCE = 90, 0.93


def pixels_per_metre(targets: Targets, rest: np.ndarray, known: np.ndarray, otherwise: float) -> float:
    """Scale of the picture at the speaker for a body whose T-pose has model points ``rest`` (85, 3), to start from.

    The median over the video of how large shoulder width and trunk look, each shortened as the landmarks' depth says;
    but no smaller than lets the upper arms be as long as they look. ``otherwise`` where no trunk was seen, and a tenth
    of it at least.
    """
    points, world, weights = targets.points[known], targets.world[known], targets.point_weights[known]
    ratios, trusts = [], []
    for (start, first), (stop, last) in (
        (("left_mark", 11), ("right_mark", 12)),
        (("left_hip", 23), ("left_mark", 11)),
        (("right_hip", 24), ("right_mark", 12)),
    ):
        a, b = POINT[start], POINT[stop]
        seen_share = np.sqrt(1 - np.minimum(unit(world[:, last] - world[:, first])[:, 2] ** 2, 0.75))
        looks = np.linalg.norm(points[:, a] - points[:, b], axis=-1)
        ratios.append(looks / (np.linalg.norm(rest[a] - rest[b]) * seen_share))
        trusts.append(np.minimum(weights[:, a], weights[:, b]))
    ratio, trust = np.concatenate(ratios), np.concatenate(trusts)
    order = np.argsort(ratio)
    mass = np.cumsum(trust[order])
    scale = float(ratio[order][np.searchsorted(mass, 0.5 * mass[-1])]) if mass[-1] > 0 else otherwise
    for _, bone in _ARMS:
        a, b = BONES[bone]
        trust = np.minimum(weights[:, a], weights[:, b])
        if not (trust > 0).any():
            continue
        sure = trust > 0.5 * trust.max()
        looks = np.linalg.norm(points[sure, a] - points[sure, b], axis=-1) / np.linalg.norm(rest[a] - rest[b])
        scale = max(scale, _ARM_ALLOWANCE * float(np.percentile(looks, _ARM_PERCENTILE)))
    return max(scale, 0.1 * otherwise)


def resolve_depth(targets: Targets, rest: np.ndarray, scale: float, camera: Mapping[str, Any]) -> Targets:
    """Targets whose arm and hand bones agree with the picture.

    Args:
        targets: of T frames.
        rest: (85, 3) model points of the T-pose.
        scale: pixels per metre at the speaker.
        camera: of the fit.
    """
    focal = camera["focal"]
    hand_weights, bone_weights = targets.hand_weights.copy(), targets.bone_weights.copy()
    misfit = np.full(hand_weights.shape, np.nan, np.float32)
    bones, hands = targets.bones.astype(np.float64).copy(), targets.hands.astype(np.float64).copy()
    flat = (targets.points - np.asarray(camera["center"])) * [1, -1] / focal
    rays = unit(np.concatenate([flat, np.full((*flat.shape[:2], 1), -1.0)], -1))
    turn = targets.world[:, 11, 2] - targets.world[:, 12, 2]  # the left shoulder is that much nearer
    for side, (name, bone) in enumerate(_ARMS):
        shoulder = POINT[f"{name}_mark"]
        distance = focal / scale - gaussian(turn, 2.0) * (0.5, -0.5)[side]
        start = rays[:, shoulder] * (distance / -rays[:, shoulder, 2])[:, None]
        mark, wrist = POINT[f"{name}_elbow_mark"], POINT[f"{name}_wrist"]
        upper = _reach(start, rays[:, mark], float(np.linalg.norm(rest[mark] - rest[shoulder])), bones[:, bone])
        elbow = start + (upper - start) / (1 - ELBOW_SHIFT)
        length = float(np.linalg.norm(rest[wrist] - rest[POINT[f"{name}_elbow"]]))
        end = _reach(elbow, rays[:, wrist], length, bones[:, bone + 1])
        for k, direction in ((bone, upper - start), (bone + 1, end - upper)):
            a, b = BONES[k]
            seen = (targets.point_weights[:, a] > 0) & (targets.point_weights[:, b] > 0)
            bones[:, k] = np.where(seen[:, None], unit(direction), bones[:, k])
        start = end
        hands[:, side] = _hand(targets, side, rest, -start[:, 2] / focal)
        hands[:, side], confidence, misfit[:, side] = _turned(
            targets, hands[:, side], side, rest, camera, end, unit(end - elbow)
        )
        hand_weights[:, side] *= confidence
        first = BODY_BONE_COUNT + side * len(HAND_BONES)
        bone_weights[:, first : first + len(HAND_BONES)] *= np.maximum(confidence, _LEAST_SURE)[:, None]
        for k, (root, tip) in enumerate(HAND_BONES):
            bones[:, first + k] = unit(hands[:, side, tip] - hands[:, side, root])
    return replace(
        targets, bones=bones.astype(np.float32), bone_weights=bone_weights, hands=hands.astype(np.float32),
        hand_weights=hand_weights, palm_misfit=misfit,
    )  # fmt: skip


def _reach(start: np.ndarray, rays: np.ndarray, length: float, guess: np.ndarray) -> np.ndarray:
    """Ends (T, 3) of bones of ``length`` from ``start`` on the rays of their pixels, on the side that the directions
    ``guess`` say; the nearest point of the ray where it passes further away than the bone is long."""
    middle = (rays * start).sum(-1)
    left = np.sqrt(np.maximum(middle**2 - (start**2).sum(-1) + length**2, 0.0))
    off = (rays * (start + length * guess)).sum(-1) - middle
    least = np.where(left > _FORESHORTENED * length, 0.8 * left, 0.0)
    sign = np.where(gaussian(off, 3.0) >= 0, 1.0, -1.0)
    along = gaussian(sign * np.clip(np.abs(off), least, left + _SLACK * length), 1.0)
    return rays * (middle + along)[:, None]


def _hand(targets: Targets, side: int, rest: np.ndarray, metres_per_pixel: np.ndarray) -> np.ndarray:
    """One hand (T, 21, 3) in metres: flat as in the picture, as deep as makes the palm as long as the body's."""
    index, hand = hand_points(side), targets.hands[:, side].astype(np.float64)
    palm = np.mean([np.linalg.norm(rest[index[k]] - rest[index[0]]) for k in _KNUCKLES])
    pixels = targets.points[:, index] * [1, -1]
    flat = (pixels - pixels[:, :1]) * metres_per_pixel[:, None, None]
    spread = np.linalg.norm(hand[:, 1:, :2], axis=-1).mean(1)
    depth = hand[..., 2] * (np.linalg.norm(flat[:, 1:], axis=-1).mean(1) / np.maximum(spread, 1e-3))[:, None]
    flat_palm = np.linalg.norm(flat[:, _KNUCKLES], axis=-1).mean(1)
    deep_palm = np.abs(depth[:, _KNUCKLES]).mean(1)
    foreshortening = np.sqrt(np.maximum(palm**2 - flat_palm**2, 0)) / np.maximum(deep_palm, 0.01)
    depth *= gaussian(np.clip(foreshortening, *_FORESHORTENING), 3.0)[:, None]
    local = np.concatenate([flat, depth[..., None]], -1)
    return np.where(targets.hand_known[:, side, None, None], local, hand)


def _turned(
    targets: Targets, hand: np.ndarray, side: int, rest: np.ndarray, camera: Mapping[str, Any], wrist: np.ndarray,
    forearm: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """``hand`` (T, 21, 3) turned as its palm lies in the picture; how sure that is (T,) in 0..1, and the palm's misfit
    (T,), NaN where no hand was seen."""
    shape = rest[[hand_points(side)[k] for k in PALM]]
    known = np.flatnonzero(targets.hand_known[:, side])
    out, confidence, misfit = hand.copy(), np.ones(len(hand)), np.full(len(hand), np.nan)
    if len(known):
        seen = hand[known]
        at_rest = frame(shape[2] - shape[0], shape[1] - shape[4])
        guess = frame(seen[:, 9] - seen[:, 0], seen[:, 5] - seen[:, 17]) @ at_rest.T
        pixels = targets.hand_pixels[known, side][:, list(PALM)].astype(np.float64)
        rays = (pixels - np.asarray(camera["center"])) * [1, -1] / camera["focal"]
        view = View(rays, wrist[known], forearm[known], guess, targets.hand_weights[known, side].astype(np.float64))
        turned, confidence[known], misfit[known] = palm_rotations(view, shape)
        out[known] = np.einsum("tij,tpj->tpi", turned @ transpose(guess), seen)
    return out, confidence, misfit
