"""A mouth from one frame in another, at the footage's own sharpness."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tango_models.lips.bands import blended, mixed
from tango_models.lips.head_pose import head_pose
from tango_models.lips.mesh_points import CHIN, LIPS, MOUTH
from tango_models.lips.warp import FaceTriangles, lower_face, sample, triangle_map

_STILL = 0.02  # px: a corner that moves less does not
_EVEN = 0.7  # how much of the memory of the colour match is kept from frame to frame


@dataclass(frozen=True)
class MouthPicture:
    """A real mouth.

    Attributes:
        picture: (H, W, 3) uint8 RGB.
        mesh: (478, 3) pixels.
        weight: 0..1 beside others that are shown in the same frame.
        run: pictures of one run share their colour match.
    """

    picture: np.ndarray
    mesh: np.ndarray
    weight: float = 1.0
    run: int = 0


class MouthPainter:
    """Paints mouths into frames, in order.

    Around the mouth the frame's own skin is warped so that chin and jaw go with the lips; inside, the real mouth is
    warped to the same shape; the two are matched in colour and blended band by band.

    Args:
        reference: (478, 3) the speaker's mean face.
    """

    def __init__(self, reference: np.ndarray) -> None:
        self._reference = reference.astype(np.float64)
        self._triangles: FaceTriangles = lower_face(reference)
        self._spread = _spread(self._reference)
        self._moves = _moves(self._reference)
        self._ellipse = _ellipse(self._reference)
        self._gains: dict[int, np.ndarray] = {}

    def paint(
        self,
        frame: np.ndarray,
        mesh: np.ndarray,
        mouths: Sequence[MouthPicture],
        shape: np.ndarray,
        strength: float = 1.0,
    ) -> np.ndarray:
        """A frame with another mouth.

        Args:
            frame: (H, W, 3) uint8 RGB; mesh: (478, 3) its face in pixels.
            mouths: what is shown, one or several that fade into each other.
            shape: (55, 3) of the lips and the jaw in the reference's frame.
            strength: 0 leaves the frame as it is, 1 paints all of it.

        Returns:
            (H, W, 3) uint8, a new array.
        """
        size = (frame.shape[1], frame.shape[0])
        pose = head_pose(mesh[None], self._reference)
        face = self._face(mouths, shape)
        target = mesh.astype(np.float64).copy()
        goal = pose.to_picture(face[None])[0]
        target[:, :2] += strength * self._moves[:, None] * (goal[:, :2] - mesh[:, :2])
        corners, still = self._triangles.place(target), self._triangles.place(mesh.astype(np.float64))
        ring = len(self._triangles.points)
        corners[ring:] = still[ring:]
        moved = np.abs(corners - still).max(1) > _STILL
        wanted = (moved | (self._mask(self._triangles.flat) > 0))[self._triangles.corners].any(1)
        where = triangle_map(self._triangles, corners, size, wanted)
        if where is None:
            return frame.copy()
        places = [still, *(self._triangles.place(m.mesh.astype(np.float64)) for m in mouths), self._triangles.flat]
        carried = where.carry(np.concatenate(places, axis=1))
        grid = np.mgrid[where.top : where.top + where.height, where.left : where.left + where.width]
        here = np.stack([grid[1], grid[0]], axis=2).astype(np.float32)
        alpha = where.spread(self._mask(carried[:, -2:]), np.zeros(here.shape[:2]))
        skin = sample(frame, where.spread(carried[:, :2], here))
        band = (alpha > 0.02) & (alpha < 0.5)
        layers = []
        for k, mouth in enumerate(mouths, start=1):
            place = carried[:, 2 * k : 2 * k + 2]
            layer = sample(mouth.picture, where.spread(place, np.broadcast_to(place.mean(0), here.shape)))
            layer = where.spread(layer[where.rows, where.columns], skin)
            layers.append(np.clip(layer * self._gain(mouth.run, layer, skin, band), 0, 255))
        whole = blended(skin, mixed(layers, [mouth.weight for mouth in mouths]), strength * alpha)
        out = frame.copy()
        box = out[where.top : where.top + where.height, where.left : where.left + where.width]
        changed = (where.rows, where.columns)
        box[changed] = np.clip(np.round(whole[changed]), 0, 255).astype(np.uint8)
        return out

    def _face(self, mouths: Sequence[MouthPicture], shape: np.ndarray) -> np.ndarray:
        """(478, 3) the face of the mouths, mixed, with `shape` for its lips and jaw."""
        total = sum(m.weight for m in mouths)
        meshes = np.stack([m.mesh for m in mouths]).astype(np.float64)
        faces = head_pose(meshes, self._reference).to_face(meshes)
        face = sum(m.weight / total * f for m, f in zip(mouths, faces, strict=True))
        return face + self._spread @ (shape - face[MOUTH])

    def _mask(self, flat: np.ndarray) -> np.ndarray:
        """1 inside the mouth's region, 0 outside, of places (…, 2) in the reference."""
        centre, right, up, down = self._ellipse
        x, y = flat[..., 0] - centre[0], flat[..., 1] - centre[1]
        far = np.sqrt((x / right) ** 2 + (y / np.where(y < 0, up, down)) ** 2)
        return 1 - _smoothstep(np.nan_to_num(far, nan=9.0), 0.72, 1.0)

    def _gain(self, run: int, layer: np.ndarray, skin: np.ndarray, band: np.ndarray) -> np.ndarray:
        """(3,) that brings the colours of a mouth's surroundings to those of the frame."""
        if band.sum() < 20:
            return np.ones(3, np.float32)
        fresh = np.clip((skin[band].mean(0) + 1) / (layer[band].mean(0) + 1), 0.5, 2.0)
        known = self._gains.get(run)
        self._gains = {key: value for key, value in self._gains.items() if key >= run - 1}
        self._gains[run] = fresh if known is None else _EVEN * known + (1 - _EVEN) * fresh
        return self._gains[run]


def _smoothstep(value: np.ndarray, low: float, high: float) -> np.ndarray:
    u = np.clip((value - low) / (high - low), 0, 1)
    return u * u * (3 - 2 * u)


def _moves(reference: np.ndarray) -> np.ndarray:
    """(478,) how far each point of the face goes with the mouth: all the way around lips and chin, not at all at nose,
    eyes and ears."""
    x, y = reference[:, 0] - reference[2, 0], reference[:, 1]
    down = _smoothstep(y, reference[2, 1], reference[0, 1])
    return down * (1 - _smoothstep(np.abs(x), 0.5, 0.85))


def _spread(reference: np.ndarray) -> np.ndarray:
    """(478, 55) how a change of the mouth's points is felt by all others: by nearness."""
    apart = np.linalg.norm(reference[:, None] - reference[None, MOUTH], axis=2)
    weight = 1 / (apart + 0.01) ** 3
    share = weight / weight.sum(1, keepdims=True)
    return share * np.exp(-((apart.min(1) / 0.25) ** 2))[:, None]


def _ellipse(reference: np.ndarray) -> tuple[np.ndarray, float, float, float]:
    """Middle of the mouth's region and how far it reaches to the sides, up and down."""
    lips = reference[LIPS, :2]
    middle = np.array([lips[:, 0].mean(), (reference[13, 1] + reference[14, 1]) / 2])
    half = float(np.abs(lips[:, 0] - middle[0]).max())
    return middle, 1.75 * half, 0.97 * (middle[1] - reference[2, 1]), 0.92 * (reference[CHIN, 1] - middle[1])
