"""Light, evaluated once per visible pixel, and the development to 8-bit sRGB.

A soft key with shadows, a fill, two rims and a sky, all in linear colour, on the materials of `materials`.
"""

import math

import numpy as np
from numba import njit

from tango_models.synthetic.cuts import LOCKS, SKIN
from tango_models.synthetic.materials import material

# Light directions (towards the light, speaker's axes) and strengths, chosen by eye for a soft studio portrait.
KEY = np.array([0.55, 0.62, 0.85]) / np.linalg.norm([0.55, 0.62, 0.85])
KEY_COLOUR = np.array([1.62, 1.52, 1.40])
FILL = np.array([-0.8, 0.15, 0.75]) / np.linalg.norm([-0.8, 0.15, 0.75])
FILL_COLOUR = np.array([0.40, 0.45, 0.52])
RIM_LEFT = np.array([-0.75, 0.55, -0.65]) / np.linalg.norm([-0.75, 0.55, -0.65])
RIM_RIGHT = np.array([0.85, 0.45, -0.6]) / np.linalg.norm([0.85, 0.45, -0.6])
RIM_COLOUR = np.array([0.55, 0.60, 0.68])
SKY, GROUND = np.array([0.44, 0.47, 0.52]), np.array([0.22, 0.20, 0.19])


@njit(cache=True, fastmath=True, error_model="numpy")
def power(base, exponent):
    """base ** exponent for highlights; nothing where it would not be seen."""
    return math.exp(exponent * math.log(base)) if base > 0.5 else 0.0


@njit(cache=True, fastmath=True, error_model="numpy")
def shadow(px, py, pz, depth, to_map):
    """Share of the key light that reaches a world point: 4 x 4 taps of the depth map, three cells apart."""
    size = depth.shape[0]
    mx = to_map[0, 0] * px + to_map[0, 1] * py + to_map[0, 2] * pz + to_map[0, 3]
    my = to_map[1, 0] * px + to_map[1, 1] * py + to_map[1, 2] * pz + to_map[1, 3]
    mz = to_map[2, 0] * px + to_map[2, 1] * py + to_map[2, 2] * pz + to_map[2, 3] + 0.014
    lit = 0.0
    mx, my = (mx - 0.5) / 3.0, (my - 0.5) / 3.0
    fx, fy = mx - math.floor(mx), my - math.floor(my)
    cx, cy = 3 * math.floor(mx), 3 * math.floor(my)
    total = 0.0
    for j in range(-1, 3):
        wy = 1.0 - fy if j == -1 else (fy if j == 2 else 1.0)
        for i in range(-1, 3):
            w = wy * (1.0 - fx if i == -1 else (fx if i == 2 else 1.0))
            total += w
            u, v = cx + 3 * i, cy + 3 * j
            if u < 0 or v < 0 or u >= size or v >= size or depth[v, u] < mz:
                lit += w
            else:
                lit += w * min(max(1.0 - (depth[v, u] - mz) / 0.012, 0.0), 1.0)
    return lit / total


@njit(cache=True, fastmath=True, error_model="numpy")
def shade_picture(ids, near, samples, screen, world, normals, surface_points, attributes, faces, layer, cuts, palette,
                  lights, eye, depth, to_map, backdrop, out, person):  # fmt: skip
    """Linear colour of every pixel: out (H,W,3); person (H,W) is the covered share.

    Samples of a pixel that lie on one layer at one depth are shaded together, others apart; so edges are antialiased at
    the cost of little more than one evaluation a pixel. lights (8,3): key, key colour, fill, fill colour, two rims,
    rim colour; rows 7..8 sky and ground.
    """
    height, width = out.shape[0], out.shape[1]
    colour, mat = np.empty(3), np.empty(8)
    done = np.empty(samples * samples, np.bool_)
    share_each = 1.0 / (samples * samples)
    for y in range(height):
        for x in range(width):
            r = g = b = 0.0
            covered = 0
            done[:] = False
            for s in range(samples * samples):
                if done[s]:
                    continue
                sy, sx = y * samples + s // samples, x * samples + s % samples
                f = ids[sy, sx]
                if f < 0:
                    continue
                count, mx, my = 0, 0.0, 0.0
                for q in range(s, samples * samples):
                    qy, qx = y * samples + q // samples, x * samples + q % samples
                    e = ids[qy, qx]
                    if not done[q] and e >= 0 and layer[e] == layer[f]:
                        ratio = near[qy, qx] / near[sy, sx]
                        if ratio < 1.012 and ratio > 0.988:
                            done[q] = True
                            count += 1
                            mx += qx + 0.5
                            my += qy + 0.5
                covered += count
                mx /= count
                my /= count
                i, j, k = faces[f, 0], faces[f, 1], faces[f, 2]
                ax, ay, bx, by = screen[i, 0], screen[i, 1], screen[j, 0], screen[j, 1]
                cx, cy = screen[k, 0], screen[k, 1]
                inverse = 1.0 / ((bx - ax) * (cy - ay) - (cx - ax) * (by - ay))
                wb = ((mx - ax) * (cy - ay) - (cx - ax) * (my - ay)) * inverse
                wc = ((bx - ax) * (my - ay) - (mx - ax) * (by - ay)) * inverse
                wb, wc = min(max(wb, 0.0), 1.0), min(max(wc, 0.0), 1.0)
                if wb + wc > 1.0:
                    wb, wc = wb / (wb + wc), wc / (wb + wc)
                u, v, w = (1.0 - wb - wc) * screen[i, 2], wb * screen[j, 2], wc * screen[k, 2]
                total = u + v + w
                u, v, w = u / total, v / total, w / total
                px = u * world[i, 0] + v * world[j, 0] + w * world[k, 0]
                py = u * world[i, 1] + v * world[j, 1] + w * world[k, 1]
                pz = u * world[i, 2] + v * world[j, 2] + w * world[k, 2]
                nx = u * normals[i, 0] + v * normals[j, 0] + w * normals[k, 0]
                ny = u * normals[i, 1] + v * normals[j, 1] + w * normals[k, 1]
                nz = u * normals[i, 2] + v * normals[j, 2] + w * normals[k, 2]
                rx = u * surface_points[i, 0] + v * surface_points[j, 0] + w * surface_points[k, 0]
                ry = u * surface_points[i, 1] + v * surface_points[j, 1] + w * surface_points[k, 1]
                rz = u * surface_points[i, 2] + v * surface_points[j, 2] + w * surface_points[k, 2]
                occlusion = u * attributes[i, 0] + v * attributes[j, 0] + w * attributes[k, 0]
                lips = u * attributes[i, 1] + v * attributes[j, 1] + w * attributes[k, 1]
                lash = u * attributes[i, 2] + v * attributes[j, 2] + w * attributes[k, 2]
                nail = u * attributes[i, 3] + v * attributes[j, 3] + w * attributes[k, 3]
                material(layer[f], rx, ry, rz, lips, lash, nail, cuts, palette, colour, mat)
                nx += mat[4]
                ny += mat[5]
                nz += mat[6]
                vx, vy, vz = eye[0] - px, eye[1] - py, eye[2] - pz
                length = math.sqrt(vx * vx + vy * vy + vz * vz)
                vx, vy, vz = vx / length, vy / length, vz / length
                facing = nx * vx + ny * vy + nz * vz
                if layer[f] == LOCKS and facing < -0.1:  # the inner side of hanging hair
                    mat[0], mat[3], mat[7] = 0.03, 0.0, 0.22
                if facing < 0.02:  # interpolated normals may look away at the silhouette
                    nx, ny, nz = nx + vx * (0.02 - facing), ny + vy * (0.02 - facing), nz + vz * (0.02 - facing)
                length = math.sqrt(nx * nx + ny * ny + nz * nz) + 1e-12
                nx, ny, nz = nx / length, ny / length, nz / length
                facing = max(nx * vx + ny * vy + nz * vz, 0.02)
                lit = 0.22 + 0.78 * shadow(px + 0.006 * nx, py + 0.006 * ny, pz + 0.006 * nz, depth, to_map)
                open_sky = occlusion * mat[7]
                wrap = mat[2]
                key = nx * lights[0, 0] + ny * lights[0, 1] + nz * lights[0, 2]
                fill = max((nx * lights[2, 0] + ny * lights[2, 1] + nz * lights[2, 2] + 0.4) / 1.4, 0.0)
                rims = max(nx * lights[4, 0] + ny * lights[4, 1] + nz * lights[4, 2], 0.0)
                rims += max(nx * lights[5, 0] + ny * lights[5, 1] + nz * lights[5, 2], 0.0)
                rims *= (1.0 - facing) ** 2
                hx, hy, hz = lights[0, 0] + vx, lights[0, 1] + vy, lights[0, 2] + vz
                length = math.sqrt(hx * hx + hy * hy + hz * hz)
                gloss = power(max((nx * hx + ny * hy + nz * hz) / length, 0.0), mat[1]) * mat[0] * lit * mat[7]
                gx, gy, gz = lights[2, 0] + vx, lights[2, 1] + vy, lights[2, 2] + vz
                length = math.sqrt(gx * gx + gy * gy + gz * gz)
                gloss2 = power(max((nx * gx + ny * gy + nz * gz) / length, 0.0), mat[1]) * mat[0] * 0.5 * mat[7]
                sheen = mat[3] * (1.0 - facing) ** 3 * open_sky
                up = 0.5 + 0.5 * ny
                sky = open_sky**1.3
                weight = count * share_each
                for channel in range(3):
                    soften = wrap * (1.35 - 0.45 * channel) if layer[f] == SKIN else wrap  # light bleeds red in skin
                    d = max((key + soften) / (1.0 + soften), 0.0) * (0.12 * soften + (1.0 - 0.12 * soften) * lit)
                    light = lights[1, channel] * d * (0.45 + 0.55 * mat[7]) * (0.35 + 0.65 * min(open_sky * 1.6, 1.0))
                    light += lights[3, channel] * fill * open_sky
                    light += (lights[8, channel] + (lights[7, channel] - lights[8, channel]) * up) * sky
                    value = colour[channel] * light * 0.62
                    value += (gloss * lights[1, channel] + gloss2 * lights[3, channel]) * 0.45
                    value += lights[6, channel] * rims * mat[7] * (0.10 + 0.5 * colour[channel])
                    value += sheen * (0.05 + colour[channel])
                    if channel == 0:
                        r += weight * value
                    elif channel == 1:
                        g += weight * value
                    else:
                        b += weight * value
            bare = 1.0 - covered * share_each
            out[y, x, 0] = r + bare * backdrop[y, x, 0]
            out[y, x, 1] = g + bare * backdrop[y, x, 1]
            out[y, x, 2] = b + bare * backdrop[y, x, 2]
            person[y, x] = 1.0 - bare


@njit(cache=True, fastmath=True, error_model="numpy")
def develop(linear, curve, out):
    """Linear light to 8-bit sRGB through a lookup `curve` of 4096 steps over 0..2."""
    for y in range(linear.shape[0]):
        for x in range(linear.shape[1]):
            for k in range(3):
                index = linear[y, x, k] * 2047.5
                out[y, x, k] = curve[min(max(int(index), 0), 4095)]


def lights_table() -> np.ndarray:
    """The lights as `shade_picture` takes them, (9, 3)."""
    return np.stack([KEY, KEY_COLOUR, FILL, FILL_COLOUR, RIM_LEFT, RIM_RIGHT, RIM_COLOUR, SKY, GROUND])


def tone_curve() -> np.ndarray:
    """Linear 0..2 -> 8 bit: sRGB with a shoulder, so highlights roll off instead of clipping. (4096,) uint8."""
    x = np.linspace(0, 2, 4096)
    x = np.where(x < 0.6, x, 0.6 + 0.4 * (1 - np.exp(-(x - 0.6) / 0.4)))
    s = np.where(x <= 0.0031308, 12.92 * x, 1.055 * np.maximum(x, 1e-9) ** (1 / 2.4) - 0.055)
    return np.round(np.clip(s, 0, 1) * 255).astype(np.uint8)


def to_linear(colour: tuple[float, float, float]) -> np.ndarray:
    """sRGB 0..1 to linear."""
    c = np.asarray(colour, float)
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
