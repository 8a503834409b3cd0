"""Draws a speaker: body poses in, RGB frames out. One core, no GPU, the same frames on every run."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tango_models.body.skeleton import JOINT, JOINT_COUNT, PARENTS
from tango_models.body.smplx_body import Body
from tango_models.synthetic.figure import Figure, build_figure
from tango_models.synthetic.identity import Identity

SAMPLES = 2  # per pixel and axis
SHADOW_SIZE = 640


class Camera:
    """A pinhole camera in front of the speaker. `project` gives what ground-truth tests need."""

    def __init__(self, identity: Identity, top_of_head: float, size: int) -> None:
        self.size = size
        angle = np.deg2rad(identity.yaw)
        stature = top_of_head / 0.852  # of the mean body, for which the identities' framing is written
        visible_height, head_room = identity.visible_height * stature, identity.head_room * stature
        middle = top_of_head + head_room - visible_height / 2
        target = np.array([0.0, middle, 0.0])
        offset = np.array([np.sin(angle), 0, np.cos(angle)]) * identity.distance
        self.eye = target + offset + np.array([0, identity.camera_height, 0])
        forward = (target - self.eye) / np.linalg.norm(target - self.eye)
        right = np.cross(forward, [0, 1.0, 0])
        right /= np.linalg.norm(right)
        self.rotation = np.stack([right, np.cross(right, forward), forward])  # world -> right, up, forward
        self.focal = size * identity.distance / visible_height  # pixels

    def project(self, points: np.ndarray) -> np.ndarray:
        """World points (..., 3) to pixels and depth: (..., 3) x right, y down, metres ahead of the lens."""
        seen = (points - self.eye) @ self.rotation.T
        scale = self.focal / seen[..., 2]
        half = self.size / 2
        return np.stack([half + seen[..., 0] * scale, half - seen[..., 1] * scale, seen[..., 2]], -1)


class Renderer:
    """A dressed speaker before a backdrop. `size` is the side of the square picture in pixels (even)."""

    def __init__(self, identity: Identity, *, size: int = 768, body: Body | None = None) -> None:
        from tango_models.synthetic.shading import lights_table, to_linear, tone_curve

        self.identity, self.size = identity, size
        self.body = body or Body.load()
        self.figure: Figure = build_figure(identity, self.body)
        self.camera = Camera(identity, float(self.figure.surface[:, 1].max()), size)
        jacket = identity.jacket or identity.top
        names = (identity.skin, identity.lips, identity.hair, identity.brows, identity.iris, identity.top, jacket,
                 identity.trousers)  # fmt: skip
        self._palette = np.stack([to_linear(c) for c in names])
        self._lights, self._curve = lights_table(), tone_curve()
        self._backdrop = _backdrop(identity, size)
        n = size * SAMPLES
        self._near, self._ids = np.empty((n, n), np.float32), np.empty((n, n), np.int32)
        self._linear, self._person = np.empty((size, size, 3), np.float32), np.empty((size, size), np.float32)
        self._depth = np.empty((SHADOW_SIZE, SHADOW_SIZE), np.float32)
        self._world, self._normals = np.empty_like(self.figure.rest), np.empty_like(self.figure.rest)

    def transforms(self, pose: np.ndarray, trans: np.ndarray) -> np.ndarray:
        """Skinning transforms (55,3,4) of one pose (165,), trans (3,)."""
        from scipy.spatial.transform import Rotation

        local = Rotation.from_rotvec(np.asarray(pose, float).reshape(JOINT_COUNT, 3)).as_matrix()
        rest = self.figure.joints
        out, position = np.empty((JOINT_COUNT, 3, 4)), np.empty((JOINT_COUNT, 3))
        rotation = np.empty((JOINT_COUNT, 3, 3))
        for j, parent in enumerate(PARENTS):
            if parent < 0:
                rotation[j], position[j] = local[j], rest[j] + trans
            else:
                rotation[j] = rotation[parent] @ local[j]
                position[j] = position[parent] + rotation[parent] @ (rest[j] - rest[parent])
            out[j, :, :3], out[j, :, 3] = rotation[j], position[j] - rotation[j] @ rest[j]
        return out

    def frame(self, pose: np.ndarray, trans: np.ndarray | None = None, expression: np.ndarray | None = None):
        """One picture (size, size, 3) uint8 RGB and the person's coverage (size, size) float32 0..1."""
        from tango_models.synthetic import raster, shading

        figure = self.figure
        rest = figure.rest
        if expression is not None:
            rest = rest.copy()
            rest[figure.expression_rows] += figure.expression @ np.resize(np.asarray(expression, float)[:10], 10)
        shift = np.zeros(3) if trans is None else np.asarray(trans, float)
        raster.skin(rest, figure.joint_index, figure.joint_weight, self.transforms(pose, shift), self._world)
        world = self._world
        raster.vertex_normals(world, figure.faces, self._normals)
        screen = self.camera.project(world)
        screen[:, :2] *= SAMPLES
        screen[:, 2] = 1 / screen[:, 2]
        raster.rasterize(screen, figure.faces, figure.layer, figure.cut, figure.two_sided, figure.surface, figure.cuts,
                         self._near, self._ids)  # fmt: skip
        centre = np.array([0.0, figure.joints[JOINT["spine3"], 1] + 0.12, 0.0])
        to_map = raster.light_space(shading.KEY, SHADOW_SIZE, centre, 1.7)
        raster.depth_map(world @ to_map[:, :3].T + to_map[:, 3], figure.faces[~figure.cut], self._depth)
        shading.shade_picture(self._ids, self._near, SAMPLES, screen, world, self._normals, figure.surface,
                              figure.attributes, figure.faces, figure.layer, figure.cuts, self._palette, self._lights,
                              self.camera.eye, self._depth, to_map, self._backdrop, self._linear,
                              self._person)  # fmt: skip
        picture = np.empty((self.size, self.size, 3), np.uint8)
        shading.develop(self._linear, self._curve, picture)
        return picture, self._person.copy()

    def frames(self, poses: np.ndarray, trans: np.ndarray, expressions: np.ndarray) -> Iterator[np.ndarray]:
        """Pictures of a motion: poses (T,165), trans (T,3), expressions (T,10)."""
        for pose, shift, expression in zip(poses, trans, expressions, strict=True):
            yield self.frame(pose, shift, expression)[0]


def _backdrop(identity: Identity, size: int) -> np.ndarray:
    """A studio wall: a pool of light behind the speaker, darker corners, and dither against banding. Linear."""
    from tango_models.synthetic.shading import to_linear

    y, x = np.mgrid[0:size, 0:size] / size
    pool = np.exp(-(((x - 0.60) / 0.42) ** 2 + ((y - 0.30) / 0.46) ** 2))[..., None]
    centre, corner = (to_linear(c) for c in identity.backdrop)
    wall = corner + (centre - corner) * pool
    dither = np.random.default_rng(7).normal(0, 0.006, (size, size, 1))
    return (wall * (1 + dither)).astype(np.float32)
