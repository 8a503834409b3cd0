"""Orientation of the palm from where its five points lie in the picture.

Wrist and knuckles are a rigid body of known shape, and the hand network sees them to 2 or 3 mm. So they tell how the
palm is turned, up to its mirror image in depth: the two-fold ambiguity of a plane seen from afar (Oberkampf, DeMenthon
& Davis, Iterative Pose Estimation Using Coplanar Feature Points, 1996). The forearm, the network's own depth and the
frames around decide between the two. How badly the points fit tells how far to trust them: of rendered hands the fifth
that fits best is turned wrong by 6 degrees, the worst twentieth by 45.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tango_models.body.fit.smoothing import gaussian
from tango_models.body.rotations import frame, swing, to_matrix, unit

PALM = (0, 5, 9, 13, 17)
"""Hand landmarks of the palm: wrist and the knuckles of index, middle, ring and little finger."""

_POINT_SIGMA = 0.005  # metres: what is left of the points' errors
_FOREARM_SIGMA, _GUESS_SIGMA = 0.4, 0.6  # radians about the forearm's direction and the hand network's orientation
_TURN_SIGMA, _MOST_TURN_COST = 0.12, 30.0  # radians a frame between which candidates are chosen
_MOST_GUESS_COST = 4.0  # by which the hand network's orientation counts at most: it may be the mirror image
_STEPS, _LONGEST_STEP = 10, 0.6  # of Gauss-Newton; radians
# Misfit from which a palm is distrusted, and how sharply; what a wholly distrusted one leaves to the forearm.
_DOUBTFUL, _SHARPNESS, _FROM_FOREARM = 2.5, 4, 0.05
_MIRROR = np.diag([1.0, 1.0, -1.0])


class View(NamedTuple):
    """One hand over T frames, as the picture and the arm give it."""

    rays: np.ndarray
    """(T, 5, 2) picture positions of the palm's points over the focal length, x right, y up, 0 in the middle."""
    wrist: np.ndarray
    """(T, 3) metres in the camera's axes."""
    forearm: np.ndarray
    """(T, 3) unit directions from elbow to wrist."""
    guess: np.ndarray
    """(T, 3, 3) the palm's rotation from the T-pose as the hand network's depth has it."""
    trust: np.ndarray
    """(T,) in 0..1."""


def palm_rotations(view: View, rest: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """World rotations (T, 3, 3) of a palm from the T-pose, confidence (T,) in 0..1 and misfit (T,) in squared sigmas.

    Args:
        rest: (5, 3) the palm's points in the T-pose, metres.
    """
    local = rest - rest[0]
    axes = unit(np.stack([local[2], local[1] - local[4]]))  # from the wrist to the fingers, across to the thumb
    normal = frame(axes[0], axes[1])[:, 2]
    flip = np.eye(3) - 2 * np.outer(normal, normal)
    straight = to_matrix(swing(view.guess @ axes[0], view.forearm)) @ view.guess
    candidates: list[np.ndarray] = []
    costs: list[np.ndarray] = []
    for start in (view.guess, _MIRROR @ view.guess @ flip, straight, None):
        start = _MIRROR @ candidates[-1] @ flip if start is None else start
        rotation, cost = _refine(start, view, local, axes)
        candidates.append(rotation)
        costs.append(cost)
    chosen = _cheapest_path(np.stack(candidates, 1), np.stack(costs, 1))
    rows = np.arange(len(chosen))
    rotation, misfit = np.stack(candidates, 1)[rows, chosen], np.stack(costs, 1)[rows, chosen]
    confidence = 1 / (1 + (misfit / _DOUBTFUL) ** _SHARPNESS)
    mean = gaussian(confidence[:, None, None] * rotation, 1.0) + _FROM_FOREARM * straight
    u, _, vt = np.linalg.svd(mean)
    u[..., 2] *= np.linalg.det(u @ vt)[:, None]
    return u @ vt, confidence, misfit


def _refine(start: np.ndarray, view: View, local: np.ndarray, axes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gauss-Newton from rotations (T, 3, 3): the refined ones and their misfit (T,). Where the hand is does not count,
    only how its points lie to each other."""
    rotation, depth = start, -view.wrist[:, 2, None, None]
    point_weight = (view.trust / _POINT_SIGMA)[:, None, None]
    lines = np.stack([axes[0], *axes])
    aims = np.stack([view.forearm, *(view.guess @ axis for axis in axes)], 1)
    weights = 1 / np.array([_FOREARM_SIGMA, _GUESS_SIGMA, _GUESS_SIGMA])[:, None]
    for step in range(_STEPS + 1):
        arms, turned = (np.einsum("tij,pj->tpi", rotation, vectors) for vectors in (local, lines))
        points = view.wrist[:, None] + arms
        distance = -points[..., 2:]
        off = _centred((points[..., :2] / distance - view.rays) * depth) * point_weight
        apart = (turned - aims) * weights
        guessed = (apart[:, 1:] ** 2).sum((1, 2))
        if step == _STEPS:
            break
        # A guess that is far off pulls less and less (Geman & McClure).
        fading = np.ones((len(off), 3, 1))
        fading[:, 1:] = (_MOST_GUESS_COST / (_MOST_GUESS_COST + guessed))[:, None, None]
        residual = np.concatenate([off.reshape(len(off), -1), (apart * fading).reshape(len(off), -1)], 1)
        move = _turning(arms)  # (T, 5, 3, 3)
        flat = (
            move[..., :2, :] / distance[..., None] + points[..., :2, None] / distance[..., None] ** 2 * move[..., 2:, :]
        )
        flat = _centred(flat * depth[..., None]) * point_weight[..., None]
        rows = (
            flat.reshape(len(off), -1, 3),
            (_turning(turned) * (weights * fading)[..., None]).reshape(len(off), -1, 3),
        )
        jacobian = np.concatenate(rows, 1)
        square = np.swapaxes(jacobian, 1, 2) @ jacobian + 1e-3 * np.eye(3)
        turn = -np.linalg.solve(square, np.swapaxes(jacobian, 1, 2) @ residual[..., None])[..., 0]
        turn *= np.minimum(1, _LONGEST_STEP / np.maximum(np.linalg.norm(turn, axis=-1, keepdims=True), 1e-9))
        rotation = to_matrix(turn) @ rotation
    guessed = _MOST_GUESS_COST * guessed / (_MOST_GUESS_COST + guessed)
    return rotation, (off**2).sum((1, 2)) + (apart[:, 0] ** 2).sum(1) + guessed


def _centred(values: np.ndarray) -> np.ndarray:
    return values - values.mean(1, keepdims=True)


def _turning(vectors: np.ndarray) -> np.ndarray:
    """(..., 3, 3) derivatives of vectors (..., 3) by a small rotation that turns them."""
    x, y, z = np.moveaxis(vectors, -1, 0)
    zero = np.zeros_like(x)
    return np.stack([zero, z, -y, -z, zero, x, y, -x, zero], -1).reshape(*vectors.shape, 3)


def _cheapest_path(rotations: np.ndarray, cost: np.ndarray) -> np.ndarray:
    """(T,) which of K candidates (T, K, 3, 3) to take in every frame, for least cost (T, K) and least turning between
    frames (Viterbi)."""
    cosine = (np.einsum("taij,tbij->tab", rotations[:-1], rotations[1:]) - 1) / 2
    change = np.minimum((np.arccos(np.clip(cosine, -1, 1)) / _TURN_SIGMA) ** 2, _MOST_TURN_COST)
    total, back = cost[0], np.zeros(cost.shape, int)
    for t in range(1, len(cost)):
        reached = total[:, None] + change[t - 1]
        back[t] = reached.argmin(0)
        total = reached.min(0) + cost[t]
    path = np.zeros(len(cost), int)
    path[-1] = total.argmin()
    for t in range(len(cost) - 1, 0, -1):
        path[t - 1] = back[t, path[t]]
    return path
