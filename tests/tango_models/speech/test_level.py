"""A recording at a common level: how loud somebody speaks decides it, whatever else is in it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tango_models.media.sound.audio import read_audio
from tango_models.speech.level import at_common_level
from tango_models.speech.prosody import analyse_speech
from tango_models.synthetic.speaker import SPEECH

SPOKEN = read_audio(SPEECH)[: 4 * 16_000]
PLAIN = analyse_speech(at_common_level(SPOKEN))


def click(sound, rng):
    sound[rng.integers(0, sound.size, rng.integers(1, 5))] = rng.choice([-1.0, 1.0, 50.0, 9999.0])


def knock(sound, rng):
    first = rng.integers(0, sound.size - 400)
    sound[first : first + 160] = rng.choice([0.9, 20.0]) * np.sin(0.4 * np.arange(160))


def bang(sound, rng):
    first = rng.integers(0, sound.size - 3200)
    sound[first : first + 3200] = rng.uniform(-1, 1, 3200)


def crackle(sound, rng):
    sound[rng.integers(0, sound.size, 40)] = 1


def offset(sound, rng):
    sound += rng.uniform(-0.9, 0.9)


@settings(max_examples=8, deadline=None)
@given(
    st.floats(-60, 60),
    st.sampled_from([click, knock, bang, crackle, offset]),
    st.integers(0, 2**32),
)
def test_what_is_louder_than_the_speech_does_not_take_its_level(decibels, disturb, seed):
    sound = SPOKEN * np.float32(10 ** (decibels / 20))
    disturb(sound, np.random.default_rng(seed))
    levelled = at_common_level(sound)
    assert levelled.dtype == np.float32 and np.abs(levelled).max() <= 1
    found = analyse_speech(levelled)
    assert ((found.voice > 0.5) == (PLAIN.voice > 0.5)).mean() > 0.9
    assert abs(np.median(found.energy - PLAIN.energy)) < 4
    assert np.corrcoef(found.energy, PLAIN.energy)[0, 1] > 0.7


@pytest.mark.parametrize("seconds", [0.5, 1.0, 2.0])
def test_speech_beside_noise_that_is_far_louder_is_heard(seconds):
    sound = np.float32(0.01) * np.concatenate([SPOKEN, SPOKEN])
    count = round(16_000 * seconds)
    sound[20_000 : 20_000 + count] = np.random.default_rng(0).uniform(-0.9, 0.9, count)
    found = analyse_speech(at_common_level(sound))
    assert ((found.voice > 0.5) == np.tile(PLAIN.voice > 0.5, 2))[20 + 60 + round(30 * seconds) :].mean() > 0.9


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 4000), st.floats(-8, 4), st.integers(0, 2**32))
def test_any_sound_of_any_length_stays_finite(count, power, seed):
    sound = (10**power * np.random.default_rng(seed).standard_normal(count)).astype(np.float32)
    found = at_common_level(sound)
    assert found.shape == sound.shape and np.isfinite(found).all()
