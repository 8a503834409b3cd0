"""The price of many jumps at once: what will be seen of each at the best place for its cut (`seam_price`)."""

import numba
import numpy as np

from tango_models.metrics.seam_visibility import POP
from tango_models.motion_graph.edge_config import PriceConfig
from tango_models.motion_graph.seam_price import Views

SHIFTS = np.array([0, -2, 2, -4, 4], np.int64)
"""Frames by which the cut may leave the border of its clips, those looked at; the least first."""


def visibilities(views: Views, src: np.ndarray, dst: np.ndarray, config: PriceConfig) -> np.ndarray:
    """Predicted visibility of the seams from clip src[p] to clip dst[p].

    Args:
        src, dst: (P,) clips; clip c has the frames 4 c to 4 c + 3 of `views`.

    Returns:
        (P, 3) float32: of the whole picture and of the background at the best of `SHIFTS`, and that shift. Best is
        where the larger is least, each in units of what is seen.
    """
    coefficients = np.array(
        [config.base, config.whole, config.background_base, config.background, config.shift, config.held], np.float64
    )
    return _visibilities(
        views.picture, views.person, views.usual, views.first, views.last, np.asarray(src, np.int64),
        np.asarray(dst, np.int64), SHIFTS, coefficients, float(config.background_seen),
    )  # fmt: skip


@numba.njit(cache=True, inline="always")
def _difference(picture, person, i, j):
    whole = np.int32(0)
    background = np.int32(0)
    area = np.int32(0)
    for k in range(picture.shape[1]):
        apart = abs(np.int32(picture[i, k]) - np.int32(picture[j, k]))
        free = np.int32(1) - np.int32(person[i, k] | person[j, k])
        whole += apart
        background += free * apart
        area += free
    return whole / picture.shape[1], background / area if area > 0 else 0.0


@numba.njit(cache=True)
def _visibilities(picture, person, usual, first, last, src, dst, shifts, coefficients, background_seen):
    base, share, background_base, background_share, per_shift, per_held = coefficients
    found = np.empty((src.size, 3), np.float32)
    for p in range(src.size):
        inside_a, inside_b = 4 * src[p], 4 * dst[p]
        best = np.inf
        for k in range(shifts.size):
            i = min(inside_a + 4 + shifts[k], last[inside_a])
            j = max(inside_b + shifts[k], first[inside_b])
            held = (inside_a + 4 + shifts[k] - i) + (j - inside_b - shifts[k])
            if held > 1 or j > last[inside_b]:  # there is no such footage
                continue
            whole, background = _difference(picture, person, i, j)
            more = per_shift * abs(shifts[k]) + per_held * held
            seen = base + share * whole / (0.5 * (usual[inside_a, 0] + usual[inside_b, 0])) + more
            behind = background_base + background_share * background / (0.5 * (usual[inside_a, 1] + usual[inside_b, 1]))
            worst = max(seen / POP, behind / background_seen)
            if worst < best:
                best = worst
                found[p, 0], found[p, 1], found[p, 2] = seen, behind, shifts[k]
        if best == np.inf:  # the last frame of a run and the first of another, both held
            whole, background = _difference(picture, person, last[inside_a], first[inside_b])
            found[p, 0] = base + share * whole / (0.5 * (usual[inside_a, 0] + usual[inside_b, 0])) + 2 * per_held
            found[p, 1] = background_base + background_share * background / (
                0.5 * (usual[inside_a, 1] + usual[inside_b, 1])
            )
            found[p, 2] = 0
    return found
