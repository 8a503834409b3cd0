"""How the face of one run moves onto that of the other, told by its points where pictures cannot tell.

Eyes that shut, a mouth that opens and a head that turns leave dense flow without an answer, or with a wrong one, and
two faces would be shown through each other. The stiff points of the face say where each place of it goes. Hair and
outline are left to dense flow, which finds them well against what is behind; between the two it goes over smoothly.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from tango_models.interpolation.warping.alignment import similarity

_SCALE, _TURN = 1.5, 40.0  # most that one face is scaled and turned (degrees) to meet the other
_NEAR = 0.2  # of the face's size: how far a point's own movement reaches
_AROUND = 0.08  # of the face's size: over so much around its points it goes over to what dense flow says
_FEWEST = 6  # points by which a face is known


@dataclass(frozen=True)
class FaceFlow:
    """Where a face's pixels go, on a grid (h, w), in grid px."""

    flow: np.ndarray  # (h, w, 2) float32
    weight: np.ndarray  # (h, w) float32 0..1: 1 on the face


def face_flow(source: np.ndarray, target: np.ndarray, *, height: int, width: int, scale: float) -> FaceFlow | None:
    """Flow that takes the face of one picture to that of another.

    Args:
        source, target: (P, 2) full-size px, the same points of the face; NaN where unknown.
        height, width: of the grid.
        scale: grid px per full-size px.

    Returns:
        None when the face is unknown in either, or no two pictures of one person could differ by so much.
    """
    known = np.isfinite(source).all(-1) & np.isfinite(target).all(-1)
    matrix = similarity(source * scale, target * scale, scale=_SCALE, turn=_TURN) if known.sum() >= _FEWEST else None
    if matrix is None:
        return None
    old, new = (points[known].astype(np.float32) * scale for points in (source, target))
    size = max(float(np.ptp(old, axis=0).max()), 4.0)
    weight = _on_face(old, size, height, width)
    rows, columns = (
        (slice(int(k.min()), int(k.max()) + 1) for k in np.nonzero(weight)) if weight.any() else (None, None)
    )
    if rows is None or columns is None:  # beside the picture
        return None
    y, x = np.mgrid[rows, columns].astype(np.float32)
    place = np.stack([x, y], axis=-1)
    # Of what a similarity leaves of the points' movement (a head that turns away) each place has what is near it.
    rest = new - (old @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)
    near = np.exp(-0.5 * ((place[:, :, None] - old) ** 2).sum(-1) / (_NEAR * size) ** 2)
    flow = np.zeros((height, width, 2), np.float32)
    flow[rows, columns] = place @ (matrix[:, :2] - np.eye(2)).T + matrix[:, 2]
    flow[rows, columns] += near @ rest / (near.sum(-1, keepdims=True) + 0.5)
    return FaceFlow(flow, weight)


def _on_face(points: np.ndarray, size: float, height: int, width: int) -> np.ndarray:
    """(height, width) float32: 1 within the hull of points (P, 2) of the grid, which may lie off it, 0 further from it
    than `_AROUND` of `size`."""
    reach = max(1.0, _AROUND * size)
    margin = int(np.ceil(reach)) + 1
    off = np.ones((height + 2 * margin, width + 2 * margin), np.uint8)
    cv2.fillConvexPoly(off, cv2.convexHull(np.rint(points + margin).astype(np.int32)), (0,))
    away = np.minimum(cv2.distanceTransform(off, cv2.DIST_L2, 3), 2 * reach)  # without a hull on it: a float's largest
    x = np.clip(1 - away[margin : margin + height, margin : margin + width] / reach, 0, 1)
    return (x * x * (3 - 2 * x)).astype(np.float32)
