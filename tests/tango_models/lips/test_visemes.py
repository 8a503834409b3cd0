"""What lips do for sounds."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tango_models.lips.visemes import lip_targets, parts
from tango_models.speech.phones import Phones


def say(*symbols: str, frames: int = 60, first: float = 0.5, apart: float = 0.1, energy=None):
    phones = Phones(symbols, first + apart * np.arange(len(symbols)))
    voice = np.zeros(frames)
    voice[int(first * 30) - 3 : int((first + apart * len(symbols)) * 30) + 3] = 1.0
    return lip_targets(phones, voice, np.where(voice > 0, -20.0, -70.0) if energy is None else energy)


def test_lips_close_at_p_b_m_and_open_at_a():
    found = say("m", "a", "b", "a", "p", "a")
    for at in (0.5, 0.7, 0.9):
        frame = int(at * 30)
        assert found.closed[frame - 1 : frame + 2].any()
        assert found.opening[frame - 1 : frame + 2].min() == 0
    assert found.opening[[int(at * 30) for at in (0.6, 0.8, 1.0)]].min() > 0.3


def test_u_is_narrow_and_i_is_wide():
    assert say("u").width[15] < -0.4 < 0.4 < say("i").width[15]


def test_lips_rest_in_silence():
    found = say("a", "a", "a", frames=120)
    assert found.opening[60:].max() < 0.02 and found.opening[:8].max() < 0.1
    silent = lip_targets(Phones((), np.zeros(0)), np.zeros(30), np.full(30, -80.0))
    assert not silent.opening.any() and not silent.closed.any()


def test_loud_vowels_open_further():
    energy = np.where(np.arange(60) < 20, -40.0, -15.0)
    found = say("a", "t", "a", energy=energy, apart=0.3)
    assert found.opening[33] > 1.1 * found.opening[15]


def test_diphthongs_have_two_shapes_and_marks_none():
    assert len(parts("aɪ")) == 2 and len(parts("t͡ʃ")) == 2 and parts("ː") == [] and parts("pʰ")[0].closes


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(["p", "a", "u", "ʃ", "ː", "<unk>", "一", "tʰ", "ã"]), max_size=30), st.integers(1, 90))
def test_whatever_is_heard_lips_stay_in_range(symbols, frames):
    times = np.sort(np.random.default_rng(frames).uniform(0, 4, len(symbols)))
    found = lip_targets(Phones(tuple(symbols), times), np.ones(frames), np.full(frames, -20.0))
    assert len(found) == frames
    assert np.isfinite(found.opening).all() and (found.opening >= 0).all() and (found.opening <= 1.4).all()
    assert (np.abs(found.width) <= 1).all()
