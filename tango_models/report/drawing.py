"""Pictures of a fit: the skeleton over the frame."""

from __future__ import annotations

import numpy as np

from tango_models.body.skeleton import JOINT_NAMES, PARENTS

_LEFT, _RIGHT, _MIDDLE = (60, 200, 90), (235, 70, 70), (255, 200, 60)  # RGB


def draw_skeleton(frame: np.ndarray, joints_px: np.ndarray, *, thickness: int = 2, legs: bool = False) -> np.ndarray:
    """A copy of ``frame`` with the bones over it: the person's left green, right red, trunk yellow.

    Args:
        frame: (H, W, 3) uint8 RGB.
        joints_px: (55, 2) or more points in pixels; joints that are NaN, and their bones, are left out.
        thickness: of the body's bones in pixels; fingers are half as thick.
        legs: also draw what hangs below the hips.
    """
    import cv2

    picture = np.ascontiguousarray(frame).copy()
    hidden = set() if legs else {"knee", "ankle", "foot"}
    for joint in range(1, len(PARENTS)):
        name = JOINT_NAMES[joint]
        ends = joints_px[[joint, PARENTS[joint]]]
        if name.rpartition("_")[2] in hidden or name.endswith("eye") or not np.isfinite(ends).all():
            continue
        colour = _LEFT if name.startswith("left") else _RIGHT if name.startswith("right") else _MIDDLE
        width = max(1, thickness // 2) if joint >= 25 else thickness
        a, b = (tuple(int(v) for v in np.clip(end.round(), -10_000, 10_000)) for end in ends)
        cv2.line(picture, a, b, colour, width, cv2.LINE_AA)
        cv2.circle(picture, a, width, colour, -1, cv2.LINE_AA)
    return picture
