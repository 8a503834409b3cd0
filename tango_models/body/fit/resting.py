"""Where a resting body has the landmarks that a video never shows."""

from __future__ import annotations

import numpy as np

# Metres as of `Landmarks.body_world`: an adult seen from the front whose arms hang, the forearms a little forward.
_SHOULDER, _HIP, _HEAD = (0.17, 0.48, 0.0), (0.10, 0.0, 0.0), (0.0, 0.68, 0.12)
_LIMBS = {  # landmark of the left: the one it hangs on, and from there
    13: (11, (0.06, -0.27, 0.0)),
    15: (13, (-0.02, -0.20, 0.14)),
    17: (15, (0.0, -0.08, 0.03)),
    19: (15, (0.0, -0.08, 0.03)),
    21: (15, (-0.02, -0.04, 0.04)),
    25: (23, (0.0, -0.40, 0.05)),
    27: (25, (0.0, -0.40, -0.05)),
    29: (27, (0.0, -0.05, -0.05)),
    31: (27, (0.0, -0.05, 0.10)),
}
_HEAD_POINTS = slice(0, 11)


def at_rest(world: np.ndarray, ever_seen: np.ndarray) -> np.ndarray:
    """``world`` with the landmarks that were never seen where they are at rest; limbs hang on what was seen.

    Args:
        world: (T, 33, 3) metres, right where ``ever_seen``.
        ever_seen: (33,) bool.
    """
    if ever_seen.all():
        return world
    out = world.copy()
    sides = (0, 1.0), (1, -1.0)  # the left's landmarks come first; the person's left is the picture's right

    def put(landmark: int, place: np.ndarray | tuple[float, ...], from_point: int | None = None) -> None:
        if not ever_seen[landmark]:
            out[:, landmark] = place if from_point is None else out[:, from_point] + np.asarray(place)

    for side, sign in sides:
        mirrored = np.array([sign, 1.0, 1.0])
        put(23 + side, mirrored * _HIP)
        put(11 + side, mirrored * _SHOULDER)
        for left, (above, offset) in _LIMBS.items():
            put(left + side, mirrored * offset, above + side)
    for landmark in range(*_HEAD_POINTS.indices(33)):
        put(landmark, _HEAD)
    return out
