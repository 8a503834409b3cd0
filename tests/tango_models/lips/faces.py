"""Faces that nobody has: meshes of 478 points, and libraries of mouths made of them."""

import numpy as np

from tango_models.lips.library import MouthLibrary, collect, mouth_shapes
from tango_models.lips.mesh_points import CORNERS, GAPS, INNER_LIPS, JAW, OUTER_LIPS
from tango_models.lips.mouths import Mouths, lip_measures


def face(opening: float = 0.1, width: float = 0.55) -> np.ndarray:
    """(478, 3) a face upright around 0, one unit between the outer corners of the eyes; lips `opening` apart."""
    random = np.random.default_rng(0)
    points = random.uniform([-0.9, -1.2, -0.3], [0.9, 0.9, 0.1], (478, 3))
    points[33], points[263] = [-0.5, -0.4, 0], [0.5, -0.4, 0]
    points[1], points[2], points[168] = [0, 0, -0.4], [0, 0.12, -0.3], [0, -0.4, -0.1]
    points[234], points[454], points[151], points[10] = [-0.9, -0.3, 0.4], [0.9, -0.3, 0.4], [0, -0.9, -0.1], [0, -1, 0]
    for border, height in ((OUTER_LIPS, 0.12), (INNER_LIPS, 0.0)):
        for k, point in enumerate(border):
            turn = np.pi + 2 * np.pi * k / len(border)
            half = width / 2 * (1.0 if border is OUTER_LIPS else 0.9)
            lift = np.sin(turn) * (height / 2 + opening / 2)
            points[point] = [half * np.cos(turn), 0.45 + lift, -0.1]
    for k, point in enumerate(JAW):
        turn = np.pi - np.pi * k / (len(JAW) - 1)
        points[point] = [0.8 * np.cos(turn), 0.3 + 0.7 * np.sin(turn) + opening / 2, 0.1]
    return points.astype(np.float32)


def mouths(openings: np.ndarray, widths: np.ndarray | None = None) -> Mouths:
    """Mouths of faces in pictures of 200 px between the eyes."""
    widths = np.full(len(openings), 0.55) if widths is None else widths
    mesh = np.stack([face(o, w) for o, w in zip(openings, widths, strict=True)]) * 200 + [500, 500, 0]
    opening, width = lip_measures(mesh)
    count = len(openings)
    return Mouths(
        mesh.astype(np.float32), opening, width, np.zeros(count), np.zeros(count), np.ones(count) * 5,
        np.full((count, 3), 120.0), np.zeros(count, bool),
    )  # fmt: skip


def library(openings: np.ndarray, cuts: list[int] | None = None) -> MouthLibrary:
    seen, reference = mouths(openings), face()
    found = collect([(np.arange(len(openings)), seen, cuts or [])], mouth_shapes(seen.mesh, reference), reference)
    assert found is not None
    return found


__all__ = ["CORNERS", "GAPS", "face", "library", "mouths"]
