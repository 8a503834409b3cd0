"""Something that moves before a background, and how much its pictures change."""

import numpy as np

from tango_models.media.pictures.cadence import ChangeMeter


def room(position, rng=None, noise=1.0):
    """(96, 96) uint8: a textured background and a person-sized disc at a place (x, y)."""
    background = 100 + 40 * np.sin(np.arange(96) * 0.7)[:, None] * np.cos(np.arange(96) * 0.5)
    y, x = np.mgrid[:96, :96]
    picture = np.where((x - position[0]) ** 2 + (y - position[1]) ** 2 < 225, 200 + 20 * np.sin(y * 0.9), background)
    if rng is not None:
        picture = picture + rng.normal(0, noise, (96, 96))
    return np.clip(picture, 0, 255).astype(np.uint8)


def gesture(times):
    """(T, 2) place of the disc, pixels: 1 to 2 px a frame, and a rest between frames 60 and 80."""
    moving = np.interp(times, [0, 60, 80, 1000], [0, 60, 60, 980])
    return np.stack([48 + 20 * np.sin(moving / 12), 48 + 12 * np.cos(moving / 7.3)], axis=1)


def changes(pictures):
    meter = ChangeMeter()
    for picture in pictures:
        meter.see(picture)
    return meter.change
