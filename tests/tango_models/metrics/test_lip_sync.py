"""Measures of lips against a speech."""

import numpy as np
import pytest

from tango_models.metrics.lip_sync import closures, loudness_fit, rest_ratio


def syllables(count: int, seed: int = 0) -> np.ndarray:
    return np.convolve(np.random.default_rng(seed).uniform(size=count), np.ones(5) / 5, "same")


def test_lips_that_go_with_the_sound_are_told_from_others():
    opening = syllables(600)
    fits = loudness_fit(opening, -40 + 60 * np.roll(opening, 3))
    assert fits.correlation > 0.95 and fits.lag == 3 and fits.z > 6
    other = loudness_fit(opening, -40 + 60 * syllables(600, 1))
    assert other.correlation < 0.4 and other.z < 4


def test_frames_without_a_mouth_do_not_count():
    opening = syllables(300)
    energy = -40 + 60 * opening
    opening[50:80] = np.nan
    assert loudness_fit(opening, energy).correlation > 0.95
    assert np.isnan(loudness_fit(np.full(90, np.nan), energy[:90]).correlation)


def test_rest_and_closures():
    voice = np.repeat([1.0, 0.0, 1.0], 40)
    opening = np.where(voice > 0.5, 0.2, 0.02)
    assert rest_ratio(opening, voice) == pytest.approx(0.1)
    assert np.isnan(rest_ratio(opening, np.ones(120)))
    opening = np.full(90, 0.2)
    opening[[31, 60]] = 0.0
    recall, false = closures(opening, np.array([1.0, 2.5]), np.array([0.5, 2.0]), closed=0.0, wide=0.3)
    assert (recall, false) == (0.5, 0.5)
