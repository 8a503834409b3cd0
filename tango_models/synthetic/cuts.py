"""Where each garment and the hair end: signed tests in the coordinates of the unposed body, evaluated per pixel.

A cloth layer is a closed shell around the body; it becomes a jacket or a neckline because samples outside these
boundaries are not drawn. So hems are as sharp as the picture, however coarse the mesh.
"""

import math

from numba import njit

# Layers (the number of a face's layer is also its material).
SKIN, EYE, MOUTH, TEETH, TOP, JACKET, HAIR, LOCKS = range(8)

# Slots of the `cuts` vector (metres in the T-pose).
(NECK_Y, NECK_Z, NECK_SLOPE, NECK_V, SLEEVE_X, JACKET_SLEEVE_X, BUTTON_Y, OPENING, LAPEL, EYE_X, EYE_Y, EYE_Z,
 HAIR_SCALE, HAIR_LOW, HAIR_Z, LOCKS_END, JACKET_NECK_Y, HEM_Y, SHOULDER_Y, LIP_Y, LIP_Z, STRIPES, STUBBLE, BROW_THICK,
 SIZE) = range(25)  # fmt: skip


@njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def hash_noise(i, j, k):
    """Uniform 0..1 of an integer lattice point."""
    h = (i * 374761393 + j * 668265263 + k * 1274126177) & 0xFFFFFFFF
    h = ((h ^ (h >> 13)) * 1103515245) & 0xFFFFFFFF
    h = ((h ^ (h >> 16)) * 69069) & 0xFFFFFFFF
    return (h >> 8) * (1.0 / 16777216.0)


@njit(cache=True, fastmath=True, error_model="numpy")
def noise(x, y, z):
    """Smooth value noise, 0..1, one cell per unit."""
    fx, fy, fz = math.floor(x), math.floor(y), math.floor(z)
    i, j, k = int(fx), int(fy), int(fz)
    u, v, w = x - fx, y - fy, z - fz
    u, v, w = u * u * (3 - 2 * u), v * v * (3 - 2 * v), w * w * (3 - 2 * w)
    a = hash_noise(i, j, k) * (1 - u) + hash_noise(i + 1, j, k) * u
    b = hash_noise(i, j + 1, k) * (1 - u) + hash_noise(i + 1, j + 1, k) * u
    c = hash_noise(i, j, k + 1) * (1 - u) + hash_noise(i + 1, j, k + 1) * u
    d = hash_noise(i, j + 1, k + 1) * (1 - u) + hash_noise(i + 1, j + 1, k + 1) * u
    return (a * (1 - v) + b * v) * (1 - w) + (c * (1 - v) + d * v) * w


@njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def ramp(low, high, value):
    """Smooth step from 0 at low to 1 at high."""
    t = min(max((value - low) / (high - low), 0.0), 1.0)
    return t * t * (3 - 2 * t)


@njit(cache=True, fastmath=True, error_model="numpy")
def neckline(x, y, z, cuts):
    """Metres above the top's neckline (positive: bare neck): a plane tilted to the front, with a V where asked."""
    plane = (y - cuts[NECK_Y]) + cuts[NECK_SLOPE] * (z - cuts[NECK_Z])
    if cuts[NECK_V] > 0.0 and z > cuts[NECK_Z]:
        vee = 0.75 * (y - (cuts[NECK_Y] - cuts[NECK_V]) - 1.9 * abs(x))
        plane = max(plane, vee)
    return plane


@njit(cache=True, fastmath=True, error_model="numpy")
def opening_width(y, cuts):
    """Half width of the jacket's front opening at height y."""
    return cuts[OPENING] * max(y - cuts[BUTTON_Y], 0.0)


@njit(cache=True, fastmath=True, error_model="numpy")
def hairline(x, y, z, cuts):
    """Metres inside the hair (negative: skin): how far behind a front line that rises from the nape to the forehead."""
    t = (y - cuts[EYE_Y]) / cuts[HAIR_SCALE]
    zz = (z - cuts[HAIR_Z]) / cuts[HAIR_SCALE]
    ax = abs(x) / cuts[HAIR_SCALE]
    low = cuts[HAIR_LOW]
    t += 4.0 * ax * ax * ramp(0.025, 0.05, t)  # an arch over the forehead
    # (height above the eyes, front line): nape, behind the ear, before the ear, temple, forehead
    if t < low:
        line, slope = -0.06 + 2.0 * (t - low), 2.0
    elif t < -0.01:
        slope = 0.045 / (-0.01 - low)
        line = -0.06 + (t - low) * slope
    elif t < 0.015:
        line, slope = -0.015 + (t + 0.01) * 2.08, 2.08
    elif t < 0.045:
        line, slope = 0.037 + (t - 0.015) * 0.267, 0.267
    elif t < 0.066:
        line, slope = 0.045 + (t - 0.045) * 1.5, 1.5
    else:
        line, slope = 0.0765 + (t - 0.066) * 6.0, 6.0
    # the corners of the forehead recede a little; strands break the edge
    line -= 0.022 * ramp(0.02, 0.05, ax) * ramp(0.045, 0.075, t)
    strands = noise(x * 420.0, y * 160.0, z * 160.0) - 0.5
    return cuts[HAIR_SCALE] * (line - zz) / math.sqrt(1.0 + slope * slope) + 0.004 * strands


@njit(cache=True, fastmath=True, error_model="numpy")
def outside(layer, x, y, z, cuts):
    """True where this layer must not be drawn."""
    if layer == TOP:
        return neckline(x, y, z, cuts) > 0.0 or abs(x) > cuts[SLEEVE_X]
    if layer == JACKET:
        if abs(x) > cuts[JACKET_SLEEVE_X]:
            return True
        collar = (y - cuts[JACKET_NECK_Y]) + cuts[NECK_SLOPE] * (z - cuts[NECK_Z])
        if collar > 0.0 and abs(x) < 0.2:
            return True
        return z > -0.02 and y < cuts[SHOULDER_Y] + 0.2 and abs(x) < opening_width(y, cuts)
    if layer == HAIR:
        return hairline(x, y, z, cuts) < 0.0
    if layer == LOCKS:  # strands of different length
        around = math.atan2(x, z - cuts[HAIR_Z])
        return y < cuts[LOCKS_END] + 0.016 * noise(around * 22.0, 0.0, 5.0) + 0.010 * noise(around * 90.0, 0.0, 9.0)
    return False
