"""Numba kernels of the renderer: skinning, normals, a z-buffer that can cut cloth by a per-pixel test, depth maps.

The z-buffer keeps the nearest face of every sample and nothing else; materials and light are evaluated afterwards on
what is visible (`shading`). Everything runs on one core and in a fixed order, so frames are the same on every run.
"""

import numpy as np
from numba import njit

from tango_models.synthetic.cuts import outside


@njit(cache=True, fastmath=True, error_model="numpy")
def skin(rest, joint_index, joint_weight, transforms, out):
    """Linear blend skinning. rest (V,3), joint_index/joint_weight (V,4), transforms (55,3,4), out (V,3)."""
    blended = np.empty((3, 4))
    for v in range(rest.shape[0]):
        blended[:] = 0.0
        for k in range(joint_index.shape[1]):
            w = joint_weight[v, k]
            if w > 0.0:
                m = transforms[joint_index[v, k]]
                for a in range(3):
                    for b in range(4):
                        blended[a, b] += w * m[a, b]
        for a in range(3):
            out[v, a] = (
                blended[a, 0] * rest[v, 0] + blended[a, 1] * rest[v, 1] + blended[a, 2] * rest[v, 2] + blended[a, 3]
            )


@njit(cache=True, fastmath=True, error_model="numpy")
def vertex_normals(vertices, faces, out):
    """Area-weighted unit normals (V,3)."""
    out[:] = 0.0
    for f in range(faces.shape[0]):
        a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
        ux, uy, uz = vertices[b, 0] - vertices[a, 0], vertices[b, 1] - vertices[a, 1], vertices[b, 2] - vertices[a, 2]
        vx, vy, vz = vertices[c, 0] - vertices[a, 0], vertices[c, 1] - vertices[a, 1], vertices[c, 2] - vertices[a, 2]
        nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        for k in range(3):
            v = faces[f, k]
            out[v, 0] += nx
            out[v, 1] += ny
            out[v, 2] += nz
    for v in range(out.shape[0]):
        length = np.sqrt(out[v, 0] ** 2 + out[v, 1] ** 2 + out[v, 2] ** 2) + 1e-20
        for k in range(3):
            out[v, k] /= length


@njit(cache=True, fastmath=True, error_model="numpy")
def rasterize(screen, faces, layer, cut, two_sided, rest, cuts, near, ids):
    """Nearest face of every sample.

    screen (V,3): x, y in samples and 1/depth. cut (F,) bool: the face needs the per-pixel test of its layer.
    near (H,W) float32 1/depth and ids (H,W) int32 (-1: nothing) are filled here.
    """
    height, width = near.shape
    near[:] = 0.0
    ids[:] = -1
    for f in range(faces.shape[0]):
        a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
        ax, ay, bx, by, cx, cy = screen[a, 0], screen[a, 1], screen[b, 0], screen[b, 1], screen[c, 0], screen[c, 1]
        area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
        if area >= 0.0:  # y points down on the screen: front faces are negative
            if area < 1e-9 or not two_sided[f]:
                continue
        elif area > -1e-9:
            continue
        x0 = max(int(np.ceil(min(ax, bx, cx) - 0.5)), 0)
        x1 = min(int(np.floor(max(ax, bx, cx) - 0.5)), width - 1)
        y0 = max(int(np.ceil(min(ay, by, cy) - 0.5)), 0)
        y1 = min(int(np.floor(max(ay, by, cy) - 0.5)), height - 1)
        if x1 < x0 or y1 < y0:
            continue
        inverse = 1.0 / area
        za, zb, zc = screen[a, 2], screen[b, 2], screen[c, 2]
        d_b = (cy - ay) * inverse
        d_c = -(by - ay) * inverse
        for y in range(y0, y1 + 1):
            py = y + 0.5 - ay
            px = x0 + 0.5 - ax
            wb = (px * (cy - ay) - (cx - ax) * py) * inverse
            wc = ((bx - ax) * py - px * (by - ay)) * inverse
            for x in range(x0, x1 + 1):
                wa = 1.0 - wb - wc
                if wa >= 0.0 and wb >= 0.0 and wc >= 0.0:
                    z = wa * za + wb * zb + wc * zc
                    if z > near[y, x]:
                        visible = True
                        if cut[f]:
                            u, v, w = wa * za / z, wb * zb / z, wc * zc / z
                            visible = not outside(
                                layer[f],
                                u * rest[a, 0] + v * rest[b, 0] + w * rest[c, 0],
                                u * rest[a, 1] + v * rest[b, 1] + w * rest[c, 1],
                                u * rest[a, 2] + v * rest[b, 2] + w * rest[c, 2],
                                cuts,
                            )
                        if visible:
                            near[y, x] = z
                            ids[y, x] = f
                wb += d_b
                wc += d_c


@njit(cache=True, fastmath=True, error_model="numpy")
def depth_map(points, faces, depth):
    """Orthographic depth of points (V,3) in map coordinates (x, y in cells, z towards the light); fills depth."""
    height, width = depth.shape
    depth[:] = -1e9
    for f in range(faces.shape[0]):
        a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
        ax, ay, bx, by, cx, cy = points[a, 0], points[a, 1], points[b, 0], points[b, 1], points[c, 0], points[c, 1]
        area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
        if abs(area) < 1e-9:
            continue
        x0 = max(int(np.ceil(min(ax, bx, cx) - 0.5)), 0)
        x1 = min(int(np.floor(max(ax, bx, cx) - 0.5)), width - 1)
        y0 = max(int(np.ceil(min(ay, by, cy) - 0.5)), 0)
        y1 = min(int(np.floor(max(ay, by, cy) - 0.5)), height - 1)
        inverse = 1.0 / area
        for y in range(y0, y1 + 1):
            for x in range(x0, x1 + 1):
                px, py = x + 0.5 - ax, y + 0.5 - ay
                wb = (px * (cy - ay) - (cx - ax) * py) * inverse
                wc = ((bx - ax) * py - px * (by - ay)) * inverse
                if wb >= 0.0 and wc >= 0.0 and wb + wc <= 1.0:
                    z = (1.0 - wb - wc) * points[a, 2] + wb * points[b, 2] + wc * points[c, 2]
                    if z > depth[y, x]:
                        depth[y, x] = z


def light_space(direction: np.ndarray, size: int, centre: np.ndarray, extent: float) -> np.ndarray:
    """(3,4) map from world metres to depth-map coordinates for light coming from `direction`."""
    z = direction / np.linalg.norm(direction)
    x = np.cross([0.0, 1.0, 0.0] if abs(z[1]) < 0.99 else [1.0, 0.0, 0.0], z)
    x /= np.linalg.norm(x)
    axes = np.stack([x, np.cross(z, x), z])
    scale = np.array([size / extent, size / extent, 1.0])
    shift = np.array([size / 2, size / 2, 0.0])
    return np.concatenate([axes * scale[:, None], (shift - scale * (axes @ centre))[:, None]], 1)


def ambient_occlusion(vertices: np.ndarray, normals: np.ndarray, faces: np.ndarray, *, size: int = 384) -> np.ndarray:
    """Share (V,) of 48 sky directions each vertex sees, cosine weighted: depth maps instead of rays."""
    golden = np.pi * (3 - np.sqrt(5))
    centre = (vertices.max(0) + vertices.min(0)) / 2
    extent = float(np.linalg.norm(vertices.max(0) - vertices.min(0)))
    depth = np.empty((size, size), np.float32)
    seen, total = np.zeros(len(vertices)), np.full(len(vertices), 1e-6)
    for k in range(48):
        height = 1 - 2 * (k + 0.5) / 48
        ring = np.sqrt(1 - height**2)
        direction = np.array([ring * np.cos(golden * k), height, ring * np.sin(golden * k)])
        to_map = light_space(direction, size, centre, extent)
        points = vertices @ to_map[:, :3].T + to_map[:, 3]
        depth_map(points, faces, depth)
        cell = np.clip(points[:, :2].astype(int), 0, size - 1)
        cosine = np.clip(normals @ direction, 0, None)
        free = points[:, 2] > depth[cell[:, 1], cell[:, 0]] - 0.012  # a map cell is about 6 mm
        seen += cosine * free
        total += cosine
    return seen / total
