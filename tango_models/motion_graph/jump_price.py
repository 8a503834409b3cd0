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
        [config.base, config.whole, config.own, config.background_base, config.background], np.float64
    )
    return _visibilities(
        views.picture, views.person, views.usual, views.first, views.last, views.leaving, views.entering, views.calm,
        np.asarray(src, np.int64), np.asarray(dst, np.int64), SHIFTS, coefficients, float(config.shift),
        float(config.held), float(config.background_seen),
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
def _visibilities(
    picture, person, usual, first, last, leaving, entering, calm, src, dst, shifts, coefficients, per_shift, per_held,
    background_seen,
):  # fmt: skip
    base, share, own, background_base, background_share = coefficients
    found = np.empty((src.size, 3), np.float32)
    for p in range(src.size):
        a, b = 4 * src[p], 4 * dst[p]
        usual_whole, usual_background = 0.5 * (usual[a, 0] + usual[b, 0]), 0.5 * (usual[a, 1] + usual[b, 1])
        usual_surprise = 0.5 * (calm[a] + calm[b])
        best = np.inf
        for shift in shifts:  # 0 always has footage: at most the frame behind the clip is held
            i = min(a + 4 + shift, last[a])
            j = max(b + shift, first[b])
            held = (a + 4 + shift - i) + (j - b - shift)
            if held > 1 or j > last[b]:  # there is no such footage
                continue
            whole, background = _difference(picture, person, i, j)
            surprise = max(leaving[max(i - 1, first[a])], entering[j])
            seen = base + share * whole / usual_whole + own * surprise / usual_surprise
            seen += per_shift * abs(shift) + per_held * held
            behind = background_base + background_share * background / usual_background
            worst = max(seen / POP, behind / background_seen)
            if worst < best:
                best = worst
                found[p, 0], found[p, 1], found[p, 2] = seen, behind, shift
    return found
