"""How far lips lead their sound."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tango_models.lips.lead import USUAL_LEAD, lead_of, typical_lead


def syllables(count: int, seed: int) -> np.ndarray:
    return np.convolve(np.random.default_rng(seed).uniform(size=count), np.ones(5) / 5, "same")


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 5), st.integers(0, 10**6), st.floats(0, 0.2))
def test_the_lead_of_lips_is_told_whatever_else_they_do(lead, seed, noise):
    opening = syllables(300, seed)
    energy = -40 + 60 * np.roll(opening, lead)
    opening = opening + noise * opening.std() * np.random.default_rng(seed + 1).normal(size=300)
    opening[40:50] = np.nan
    assert lead_of(opening, energy, np.ones(300)) == lead


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6))
def test_lips_of_another_speech_tell_no_lead_as_a_rule(seed):
    told = [
        lead_of(syllables(300, seed + k), -40 + 60 * syllables(300, seed + k + 50), np.ones(300)) for k in range(10)
    ]
    assert sum(lead is not None for lead in told) <= 2


@pytest.mark.parametrize("shift", [-5, -3])
def test_lips_behind_the_sound_are_a_fault_of_the_file(shift):
    opening = syllables(300, 3)
    assert lead_of(opening, -40 + 60 * np.roll(opening, shift), np.ones(300)) is None


def test_too_little_speech_tells_nothing():
    opening = syllables(300, 3)
    energy = -40 + 60 * opening
    assert lead_of(opening, energy, np.ones(300)) == 0
    assert lead_of(opening, energy, np.arange(300) / 300 > 0.8) is None
    assert lead_of(opening[:60], energy[:60], np.ones(60)) is None
    assert lead_of(np.zeros(0), np.zeros(0), np.zeros(0)) is None
    assert lead_of(np.full(300, np.nan), energy, np.ones(300)) is None


def test_an_avatar_has_the_median_of_its_videos_or_the_usual_lead():
    assert typical_lead([2, None, 5, 3]) == 3 and typical_lead([None, 4]) == 4
    assert typical_lead([]) == typical_lead([None, None]) == USUAL_LEAD
