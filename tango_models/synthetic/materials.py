"""What the speaker is made of: colour, gloss and relief of skin, eyes, cloth and hair at a point of the surface.

Materials are functions of the point on the unposed skin (`surface`), so seams, stripes, lips and brows are as sharp as
the picture and move with the body. Numba does not see changes in functions of another file: after editing this one or
`cuts`, delete the ``__pycache__`` beside it.
"""

import math

from numba import njit

from tango_models.synthetic.cuts import (
    BROW_THICK,
    BUTTON_Y,
    EYE,
    EYE_X,
    EYE_Y,
    EYE_Z,
    HAIR,
    HAIR_SCALE,
    HAIR_Z,
    HEM_Y,
    JACKET,
    JACKET_NECK_Y,
    JACKET_SLEEVE_X,
    LAPEL,
    LIP_Y,
    LIP_Z,
    MOUTH,
    NECK_Y,
    SHOULDER_Y,
    SKIN,
    SLEEVE_X,
    STRIPES,
    STUBBLE,
    TEETH,
    TOP,
    hairline,
    neckline,
    noise,
    opening_width,
    ramp,
)  # fmt: skip

# Rows of the palette (linear RGB).
P_SKIN, P_LIPS, P_HAIR, P_BROWS, P_IRIS, P_TOP, P_JACKET, P_TROUSERS = range(8)


@njit(cache=True, fastmath=True, error_model="numpy")
def mix(out, r, g, b, share):
    out[0] += (r - out[0]) * share
    out[1] += (g - out[1]) * share
    out[2] += (b - out[2]) * share


@njit(cache=True, fastmath=True, error_model="numpy")
def line(distance, width):
    """1 on a drawn line, falling off over `width`."""
    t = distance / width
    return math.exp(-t * t) if t * t < 9.0 else 0.0


@njit(cache=True, fastmath=True, error_model="numpy")
def brow_amount(x, y, cuts):
    """How much brow hair covers the skin at (x, y), 0..1."""
    s = cuts[HAIR_SCALE]
    u = (abs(x) - 0.013 * s) / (0.040 * s)  # 0 at the nose, 1 at the temple
    if u < -0.15 or u > 1.1:
        return 0.0
    middle = cuts[EYE_Y] + (0.0185 + 0.0065 * math.sin(min(max(u, 0.0), 1.0) * 2.3) - 0.0045 * u * u) * s
    half = (0.0042 - 0.0026 * max(u, 0.0)) * s * cuts[BROW_THICK]
    strands = 0.0016 * (noise(x * 900.0 + y * 500.0, y * 260.0, 0.0) - 0.5)
    across = abs(y - middle + strands) / half
    return (1.0 - ramp(0.45, 1.25, across)) * ramp(-0.12, 0.12, u) * (1.0 - ramp(0.85, 1.06, u))


@njit(cache=True, fastmath=True, error_model="numpy")
def material(layer, x, y, z, lips, lash, nail, cuts, palette, colour, surface):
    """What is at point (x, y, z) of the unposed surface.

    Writes linear albedo into colour (3,), and into surface (8,): gloss, its sharpness, wrap of the diffuse light,
    sheen, what to add to the normal (x, y, z), and the share of light that is not occluded.
    """
    ax = abs(x)
    surface[:] = 0.0
    surface[7] = 1.0
    if layer == SKIN:
        shade = 1.0 + 0.08 * (noise(x * 60, y * 60, z * 60) - 0.5)  # nothing finer than a pixel: it would flicker
        for k in range(3):
            colour[k] = palette[P_SKIN, k] * shade
        s = cuts[HAIR_SCALE]
        surface[0], surface[1], surface[2] = 0.16, 22.0, 0.35
        if y > cuts[NECK_Y]:
            # blood near the surface: cheeks, nose, ears
            cheek = math.exp(-(((abs(x) - 0.042 * s) / 0.018) ** 2 + ((y - cuts[EYE_Y] + 0.045 * s) / 0.016) ** 2))
            nose = math.exp(-((x / 0.014) ** 2 + ((y - cuts[EYE_Y] + 0.04 * s) / 0.013) ** 2))
            ear = ramp(0.074 * s, 0.088 * s, abs(x))
            red = min(0.20 * cheek + 0.16 * nose + 0.2 * ear, 0.4)
            colour[1] *= 1.0 - 0.5 * red
            colour[2] *= 1.0 - 0.5 * red
            surface[0] += 0.10 * nose + 0.06 * math.exp(-(((y - cuts[EYE_Y] - 0.05 * s) / 0.025) ** 2))
            # sockets a little darker and cooler
            socket = math.exp(-(((abs(x) - cuts[EYE_X]) / 0.022) ** 2 + ((y - cuts[EYE_Y] + 0.002) / 0.014) ** 2))
            if z > cuts[EYE_Z] - 0.02:
                colour[0] *= 1.0 - 0.14 * socket
                colour[1] *= 1.0 - 0.16 * socket
                colour[2] *= 1.0 - 0.12 * socket
            if cuts[STUBBLE] > 0.0:
                jaw = ramp(cuts[EYE_Y] - 0.05 * s, cuts[EYE_Y] - 0.075 * s, y + 0.35 * (abs(x) - 0.03))
                jaw *= ramp(cuts[HAIR_Z], cuts[HAIR_Z] + 0.04, z)
                jaw *= ramp(cuts[NECK_Y] + 0.02, cuts[NECK_Y] + 0.06, y)
                grain = 0.6 + 0.8 * noise(x * 1500, y * 1500, z * 1500)
                mix(colour, 0.10, 0.085, 0.075, min(0.42 * cuts[STUBBLE] * jaw * grain, 0.8) * (1.0 - lips))
            brow = brow_amount(x, y, cuts)
            if brow > 0.0 and z > cuts[EYE_Z] - 0.01:
                grain = 0.82 + 0.18 * noise(x * 1600 + y * 900, y * 400, 3.0)
                mix(colour, palette[P_BROWS, 0], palette[P_BROWS, 1], palette[P_BROWS, 2], 0.88 * brow * grain)
                surface[0] *= 1.0 - brow
            # close-cropped hair shows through at the hairline
            scalp = ramp(-0.012, 0.012, hairline(x, y, z, cuts))
            if ax < 0.085 * s:
                mix(colour, palette[P_HAIR, 0], palette[P_HAIR, 1], palette[P_HAIR, 2], 0.85 * scalp)
        if lips > 0.0:
            share = ramp(0.15, 0.8, lips)
            mix(colour, palette[P_LIPS, 0], palette[P_LIPS, 1], palette[P_LIPS, 2], 0.62 * share)
            surface[0] += 0.12 * share
            surface[1] += 14.0 * share
            mix(colour, 0.08, 0.025, 0.022, 0.25 * line(y - cuts[LIP_Y], 0.0016) * share)
        if lash > 0.0:
            mix(colour, 0.018, 0.012, 0.010, 0.9 * ramp(0.25, 0.95, lash) + 0.25 * lash)
            surface[0] *= 1.0 - ramp(0.2, 0.6, lash)
        if nail > 0.0:
            share = 0.55 * ramp(0.3, 0.8, nail)
            mix(colour, palette[P_SKIN, 0] * 1.04 + 0.05, palette[P_SKIN, 1] * 0.98 + 0.035,
                palette[P_SKIN, 2] * 0.98 + 0.035, share)  # fmt: skip
            surface[0] += 0.3 * share
    elif layer == EYE:
        side = 1.0 if x > 0 else -1.0
        dx, dy, dz = x - side * cuts[EYE_X], y - cuts[EYE_Y], z - cuts[EYE_Z]
        length = math.sqrt(dx * dx + dy * dy + dz * dz) + 1e-9
        angle = math.acos(min(max(dz / length, -1.0), 1.0))
        white = 0.62 - 0.22 * ramp(0.45, 1.1, angle)
        colour[0], colour[1], colour[2] = white, white * 0.93, white * 0.90
        iris = 1.0 - ramp(0.355, 0.40, angle)
        ray = noise(math.atan2(dy, dx) * 9.0, angle * 6.0, 1.0 + side)
        glow = (0.75 + 0.7 * ray) * (1.25 - 0.5 * dy / (0.006 + abs(dy))) * (0.55 + 0.45 * ramp(0.40, 0.30, angle))
        mix(colour, palette[P_IRIS, 0] * glow, palette[P_IRIS, 1] * glow, palette[P_IRIS, 2] * glow, iris)
        mix(colour, 0.004, 0.004, 0.004, 1.0 - ramp(0.145, 0.175, angle))
        surface[0], surface[1], surface[2] = 1.1, 260.0, 0.2
        surface[4], surface[5], surface[6] = 4 * dx / length, 4 * dy / length, 4 * dz / length  # a true sphere's normal
        surface[7] = 1.0 - 0.5 * ramp(0.002, 0.008, dy)  # the upper lid's shade
    elif layer == MOUTH:
        inside = ramp(cuts[LIP_Z] - 0.075, cuts[LIP_Z] - 0.012, z)
        colour[0], colour[1], colour[2] = 0.30, 0.085, 0.08
        surface[0], surface[1], surface[2] = 0.1, 30.0, 0.0
        surface[7] = 0.02 + 0.45 * inside * inside
    elif layer == TEETH:
        tooth = abs(math.sin(math.atan2(x, max(z - cuts[LIP_Z] + 0.055, 1e-4)) * 9.5))
        white = 0.55 * (0.72 + 0.28 * ramp(0.0, 0.22, tooth))
        colour[0], colour[1], colour[2] = white, white * 0.94, white * 0.84
        surface[0], surface[1] = 0.25, 60.0
        surface[7] = 0.75 * ramp(0.030, 0.006, abs(x))
    elif layer == TOP:
        if y < cuts[HEM_Y] and ax < 0.25:
            for k in range(3):
                colour[k] = palette[P_TROUSERS, k]
        else:
            soft = noise(x * 35, y * 22, z * 35) - 0.5
            for k in range(3):
                colour[k] = palette[P_TOP, k] * (1.0 + 0.05 * soft)
            if cuts[STRIPES] > 0.0:
                along = y if ax < 0.24 else ax
                rib = math.sin(along * 330.0)
                surface[4 if ax >= 0.24 else 5] += 0.10 * math.cos(along * 330.0)
                for k in range(3):
                    colour[k] *= 1.0 - 0.10 * cuts[STRIPES] * (rib > 0.3)
            edge = -neckline(x, y, z, cuts)
            if ax < 0.2 and edge < 0.022:  # the neck's ribbed band and its seam
                ribs = math.sin(math.atan2(x, z + 0.02) * 170.0)
                for k in range(3):
                    colour[k] *= (0.93 + 0.04 * ribs) * (1.0 - 0.35 * math.exp(-(((edge - 0.0195) / 0.0014) ** 2)))
            cuff = cuts[SLEEVE_X] - ax
            if cuff < 0.05 and cuff > 0.0:
                for k in range(3):
                    colour[k] *= 1.0 - 0.35 * math.exp(-(((cuff - 0.045) / 0.0015) ** 2))
        wrinkles(x, y, z, ax, cuts, 0.16, surface)
        surface[0], surface[1], surface[2], surface[3] = 0.03, 10.0, 0.25, 0.10
    elif layer == JACKET:
        soft = noise(x * 26, y * 18, z * 26) - 0.5
        for k in range(3):
            colour[k] = palette[P_JACKET, k] * (1.0 + 0.09 * soft)
        if z > -0.02 and ax < 0.19:
            width = opening_width(y, cuts)
            past = ax - width
            top = cuts[JACKET_NECK_Y] - 0.02
            lapel = cuts[LAPEL] * max(y - cuts[BUTTON_Y] - 0.004, 0.0) * (1.0 - 0.30 * ramp(top - 0.09, top, y))
            notch_y = top - 0.055 - 0.35 * (ax - width - 0.02)
            notch = ramp(0.35, 0.75, past / max(lapel, 1e-4)) * line(y - notch_y, 0.0022)
            if y > cuts[BUTTON_Y]:
                inside = 1.0 - ramp(lapel - 0.0012, lapel + 0.0012, past)
                rolled = line(past, 0.006)
                for k in range(3):
                    colour[k] *= 1.0 + 0.10 * inside
                fold = line(past - lapel - 0.0015, 0.0032) * ramp(0.002, 0.012, lapel)
                for k in range(3):
                    colour[k] *= (1.0 - 0.55 * fold) * (1.0 - 0.5 * notch * inside)
                surface[4] += (0.25 * inside - 0.5 * rolled) * (1.0 if x > 0 else -1.0)
            else:
                front = line(x - 0.012, 0.0016)  # the left edge lies over the right
                for k in range(3):
                    colour[k] *= 1.0 - 0.5 * front * (y > cuts[BUTTON_Y] - 0.09)
            for b in range(2):
                by = cuts[BUTTON_Y] - 0.018 - 0.105 * b
                r = math.sqrt((x + 0.004) ** 2 + (y - by) ** 2)
                if r < 0.011 and z > 0:
                    rim = math.exp(-(((r - 0.0105) / 0.0012) ** 2))
                    hole = (abs(abs(x + 0.004) - 0.0022) < 0.0009) * (abs(abs(y - by) - 0.0022) < 0.0009)
                    for k in range(3):
                        colour[k] = (colour[k] * 0.45 + 0.012) * (1.0 - 0.6 * rim) * (1.0 - 0.7 * hole)
                    surface[0], surface[1] = 0.35, 40.0
        if z > 0.0 and ax < 0.16 and ax > 0.06:
            chest = y - (cuts[BUTTON_Y] + 0.075 + 0.10 * (x - 0.1))
            if x > 0 and ax > 0.075 and ax < 0.145:  # the breast pocket
                welt = line(abs(chest) - 0.010, 0.0011)
                for k in range(3):
                    colour[k] *= 1.0 - 0.4 * welt
            flap = y - (cuts[BUTTON_Y] - 0.175)
            if abs(flap) < 0.05:
                seam = line(flap, 0.0013)
                for k in range(3):
                    colour[k] *= 1.0 - 0.45 * seam
        armhole = line(ax - 0.178 - 0.10 * abs(y - cuts[SHOULDER_Y]), 0.0016)
        hem = line(cuts[JACKET_SLEEVE_X] - ax - 0.028, 0.0014)
        for k in range(3):
            colour[k] *= (1.0 - 0.35 * armhole) * (1.0 - 0.3 * hem)
        wrinkles(x, y, z, ax, cuts, 0.22, surface)
        surface[0] = max(surface[0], 0.04)
        surface[1] = max(surface[1], 12.0)
        surface[2], surface[3] = 0.22, 0.12
    else:  # hair
        s = cuts[HAIR_SCALE]
        dx, dz = x, z - cuts[HAIR_Z] + 0.03
        around = math.atan2(dx, dz)
        strand = noise(around * 75.0 + 2.0 * noise(around * 9, y * 45, 0.0), y * 26.0, 2.0)
        lock = noise(around * 15.0, y * 17.0, 7.0)
        depth = hairline(x, y, z, cuts)
        for k in range(3):
            colour[k] = palette[P_HAIR, k] * (0.45 + 0.65 * strand + 0.5 * lock)
        surface[0], surface[1], surface[2], surface[3] = 0.22 * (0.3 + strand), 18.0, 0.3, 0.05
        surface[4] += 0.55 * (strand - 0.5) * math.cos(around) + 0.5 * (lock - 0.5)
        surface[6] += -0.55 * (strand - 0.5) * math.sin(around)
        surface[5] += 0.25 * (lock - 0.5)
        surface[7] = 0.55 + 0.45 * ramp(0.0, 0.02 * s, depth) if layer == HAIR else 0.9


@njit(cache=True, fastmath=True, error_model="numpy")
def wrinkles(x, y, z, ax, cuts, strength, surface):
    """Bends the normal as cloth does: rings at the elbows and armpits, long folds on the chest."""
    sleeve = ramp(0.20, 0.27, ax)
    if sleeve > 0.0:
        along, across, side = ax * 42.0, y * 9.0 + z * 14.0, 3.0 + (x > 0)
        ring = noise(along, across, side) - noise(along + 0.6, across, side)
        surface[4] += strength * 3.0 * ring * sleeve * (1.0 if x > 0 else -1.0)
    if sleeve < 1.0:
        along = x * 17.0 + 4.0 * y
        fold = noise(along, y * 5.0, z * 6.0) - noise(along + 0.5, y * 5.0, z * 6.0)
        surface[4] += strength * 1.65 * fold * (1.0 - sleeve)
    surface[5] += strength * 1.2 * (noise(x * 20.0, y * 11.0, z * 9.0) - 0.5)
