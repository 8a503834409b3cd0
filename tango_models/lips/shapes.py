"""The shape of the lips that is painted: those of the chosen mouths, without their jumps, with the gap that the speech
asks for."""

from __future__ import annotations

import numpy as np

from tango_models.lips.library import MouthLibrary
from tango_models.lips.mesh_points import GAPS, INNER_LIPS, JAW, MOUTH, OUTER_LIPS
from tango_models.lips.visemes import LipTargets

_AT_A_TIME = 1_800  # frames: of an hour at once it would take a gigabyte
_MOST = 0.10  # eye distances that a real mouth's gap is changed by
_PLACE = {int(point): k for k, point in enumerate(MOUTH)}
_UPPER = np.array([_PLACE[p] for p in (*OUTER_LIPS[1:10], *INNER_LIPS[1:10])])
_LOWER = np.array([_PLACE[p] for p in (*OUTER_LIPS[11:], *INNER_LIPS[11:])])
_JAW = np.array([_PLACE[p] for p in JAW])
_GAP = np.array([[_PLACE[a], _PLACE[b]] for a, b in GAPS])
_LOWER_SHARE = 0.7  # of a change of the gap; the jaw moves half as far as the lower lip
_JAW_SHARE = 0.5


def gap_of(shape: np.ndarray) -> np.ndarray:
    """(T,) opening of (T, 55, 3) shapes."""
    return np.linalg.norm(shape[:, _GAP[:, 0]] - shape[:, _GAP[:, 1]], axis=2).mean(1)


def painted_shapes(chosen: np.ndarray, targets: LipTargets, library: MouthLibrary) -> np.ndarray:
    """(T, 55, 3) float32 shapes for the chosen mouths (T,)."""
    wanted = library.range.gap(targets.opening)
    wanted = np.maximum(np.where(targets.closed, 0.0, wanted), 0.0)
    count = len(chosen)
    painted = np.empty((count, *library.shape.shape[1:]), np.float32)
    for first in range(0, count, _AT_A_TIME):
        rows = slice(first, min(first + _AT_A_TIME, count))
        around = np.clip(np.arange(first - 1, rows.stop + 1), 0, count - 1)
        raw = library.shape[chosen[around]].astype(np.float64)
        smooth = 0.25 * raw[:-2] + 0.5 * raw[1:-1] + 0.25 * raw[2:]
        painted[rows] = with_gap(smooth, wanted[rows])
    return painted


def with_gap(shape: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Shapes (T, 55, 3) whose lips are `wanted` (T,) apart, or as near to it as 0.1 eye distances bring them. The lower
    lip and the jaw do most of it, the corners of the mouth nothing."""
    found, given = shape.copy(), gap_of(shape)
    wanted = np.clip(wanted, given - _MOST, given + _MOST)
    for _ in range(2):  # the gap is a mean of distances, nearly linear in the change
        change = wanted - gap_of(found)
        middle = found[:, _GAP.ravel()].mean(1)
        half = np.abs(found[:, _PLACE[61], 0] - found[:, _PLACE[291], 0]) / 2
        across = np.clip(np.abs(found[:, :, 0] - middle[:, None, 0]) / half[:, None], 0, 1)
        bend = np.cos(across * np.pi / 2) ** 0.7
        scale = 1 / np.maximum(bend[:, _GAP.ravel()].mean(1), 0.3)
        move = change * scale
        found[:, _UPPER, 1] -= (1 - _LOWER_SHARE) * move[:, None] * bend[:, _UPPER]
        found[:, _LOWER, 1] += _LOWER_SHARE * move[:, None] * bend[:, _LOWER]
        far = np.clip(np.abs(found[:, _JAW, 0] - middle[:, None, 0]) / 0.6, 0, 1)
        found[:, _JAW, 1] += _LOWER_SHARE * _JAW_SHARE * move[:, None] * np.cos(far * np.pi / 2)
    _uncross(found)
    return found


def _uncross(shape: np.ndarray) -> None:
    """Lips that passed through each other meet half way, in place."""
    upper = np.array([_PLACE[p] for p in INNER_LIPS[1:10]])
    lower = np.array([_PLACE[p] for p in INNER_LIPS[:10:-1]])
    above, below = shape[:, upper, 1], shape[:, lower, 1]
    crossed, middle = above > below, (above + below) / 2
    shape[:, upper, 1] = np.where(crossed, middle, above)
    shape[:, lower, 1] = np.where(crossed, middle, below)
