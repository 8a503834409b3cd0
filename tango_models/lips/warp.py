"""Piecewise-affine warps of the lower face over the triangles of the face mesh."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tango_models.lips.mesh_points import OVAL

_IRISES = 468
_BELOW = 0.45  # of the way from the nose's tip to the eyes: where the lower face begins
_RING = (1.25, 1.6)  # how far beyond the border of the face the warp has died away


@dataclass(frozen=True)
class FaceTriangles:
    """Triangles over the lower face and its surroundings.

    Attributes:
        points: (P,) mesh points that are corners.
        ring: (R,) border points beyond which, `_RING` times as far from the middle, lie R more corners for each circle.
        corners: (F, 3) numbers of corners: the mesh points first, then the circles.
        flat: (P + 2·R, 2) where they lie in the reference.
    """

    points: np.ndarray
    ring: np.ndarray
    corners: np.ndarray
    flat: np.ndarray

    def place(self, mesh: np.ndarray) -> np.ndarray:
        """(P + 2·R, 2) corners on a mesh (478, 2 or 3)."""
        return _corners(mesh[:, :2], self.points, self.ring)


def lower_face(reference: np.ndarray) -> FaceTriangles:
    """The triangles (Delaunay) of a reference (478, 3)."""
    from scipy.spatial import Delaunay

    flat = reference[:, :2].astype(np.float64)
    top = flat[1, 1] + _BELOW * (flat[168, 1] - flat[1, 1])
    points = np.flatnonzero((flat[:, 1] > top) & (np.arange(len(flat)) < _IRISES))
    ring = np.array([p for p in OVAL if flat[p, 1] > top])
    corners = _corners(flat, points, ring)
    return FaceTriangles(points, ring, Delaunay(corners).simplices.astype(np.int32), corners)


def _corners(flat: np.ndarray, points: np.ndarray, ring: np.ndarray) -> np.ndarray:
    middle = flat[2]
    rings = [middle + far * (flat[ring] - middle) for far in _RING]
    return np.concatenate([flat[points], *rings])


@dataclass(frozen=True)
class TriangleMap:
    """Which triangle each pixel of a box lies in.

    Attributes:
        left, top: of the box; number: (h, w) int32, -1 outside of all triangles.
        inverse: (F, 3, 3) from (x, y, 1) in pixels of the frame to the triangle's barycentric coordinates.
    """

    left: int
    top: int
    number: np.ndarray
    inverse: np.ndarray
    corners: np.ndarray

    def carry(self, values: np.ndarray) -> np.ndarray:
        """(h, w, C) float32: values of corners (K, C) between which they run evenly; NaN outside."""
        # rows: x, y, 1 of a pixel -> value
        affine = np.einsum("fij,fic->fjc", self.inverse, values[self.corners]).astype(np.float32)
        affine = np.concatenate([affine, np.full((1, 3, values.shape[1]), np.nan, np.float32)])
        height, width = self.number.shape
        of = affine[self.number]
        x = np.arange(self.left, self.left + width, dtype=np.float32)[None, :, None]
        y = np.arange(self.top, self.top + height, dtype=np.float32)[:, None, None]
        return of[..., 0, :] * x + of[..., 1, :] * y + of[..., 2, :]


def triangle_map(triangles: FaceTriangles, corners: np.ndarray, size: tuple[int, int]) -> TriangleMap | None:
    """Which triangle every pixel around the lower face lies in.

    Args:
        corners: (K, 2) pixels, where the corners lie.
        size: (width, height) of the picture.

    Returns:
        None where nothing of it lies inside the picture.
    """
    import cv2

    low = np.floor(np.clip(corners.min(0), 0, size)).astype(int)
    high = np.ceil(np.clip(corners.max(0) + 1, 0, size)).astype(int)
    if (high - low < 2).any():
        return None
    number = np.full((high[1] - low[1], high[0] - low[0]), -1, np.int32)
    at = corners[triangles.corners]  # (F, 3, 2)
    area = np.cross(at[:, 1] - at[:, 0], at[:, 2] - at[:, 0])
    fixed = np.round((at - low) * 16).astype(np.int32)
    for k in np.flatnonzero(np.abs(area) > 1e-3):
        cv2.fillConvexPoly(number, fixed[k], int(k), lineType=cv2.LINE_8, shift=4)
    square = np.concatenate([at, np.ones((*at.shape[:2], 1))], axis=2)  # rows x, y, 1 of each corner
    flat = np.abs(area) <= 1e-3
    square[flat] = np.eye(3)
    # barycentric b with b @ square = (x, y, 1)
    inverse = np.swapaxes(np.linalg.inv(square), 1, 2)
    return TriangleMap(int(low[0]), int(low[1]), number, inverse, triangles.corners)


def sample(picture: np.ndarray, places: np.ndarray) -> np.ndarray:
    """(h, w, 3) float32: a picture (H, W, 3) at pixel positions (h, w, 2), without blurring it more than once."""
    import cv2

    low = np.floor(np.nanmin(places, axis=(0, 1))).astype(int) - 4
    high = np.ceil(np.nanmax(places, axis=(0, 1))).astype(int) + 5
    left, top = np.clip(low, 0, [picture.shape[1] - 1, picture.shape[0] - 1])
    right, bottom = np.clip(high, [left + 1, top + 1], [picture.shape[1], picture.shape[0]])
    part = np.ascontiguousarray(picture[top:bottom, left:right]).astype(np.float32)
    maps = places - np.array([left, top], np.float32)
    found = cv2.remap(part, maps[..., 0], maps[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.clip(found, 0, 255)
