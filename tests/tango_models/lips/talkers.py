"""People who talk at random, with lips of their own way."""

import numpy as np

from tango_models.lips.learned import Heard
from tango_models.lips.visemes import CLASSES, LipTargets, dominance_of, frame_times, moments
from tango_models.speech.phones import Phones

SYMBOLS = [symbol for _, symbols in CLASSES.values() for symbol in symbols.split()]


def speech(seconds: float, seed: int) -> Heard:
    """Random sounds, eleven a second, in phrases of some seconds."""
    rng, count = np.random.default_rng(seed), round(seconds * 30)
    times = np.cumsum(rng.uniform(0.06, 0.12, round(seconds * 13)))
    times = times[(times < seconds) & (times % 5 < 4)]
    grid = frame_times(count)
    voice = (grid % 5 < 4).astype(np.float32)
    energy = np.where(voice > 0, -25 + 6 * np.convolve(rng.normal(size=count), np.ones(6) / 6, "same"), -60)
    return Heard(Phones(tuple(rng.choice(SYMBOLS, len(times))), times), voice, energy.astype(np.float32))


def own_way(heard: Heard, seed: int, noise: float = 0.1) -> LipTargets:
    """Lips of somebody whose openings and widths for each kind of sound are their own."""
    count, table = len(heard.voice), np.random.default_rng(99).uniform(0, 1, (len(CLASSES), 2))
    shapes, grid = [shape for shape, _ in CLASSES.values()], frame_times(count)
    total, sums = np.full(count, 0.05), np.zeros((count, 2))
    for _, at, shape in moments(heard.phones):
        near, dominance = dominance_of(shape, at, grid)
        total[near] += dominance
        sums[near] += dominance[:, None] * table[shapes.index(shape)]
    found = sums / total[:, None] + np.random.default_rng(seed).normal(0, noise, (count, 2))
    return LipTargets(found[:, 0], np.clip(2 * found[:, 1] - 1, -1, 1), np.zeros(count, bool))
