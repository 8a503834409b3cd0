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


def test_marks_that_make_another_sound_are_kept_and_others_dropped():
    assert parts("ç") == parts("\u0063\u0327") == parts("s") != parts("c")
    assert parts("ã") == parts("a") == parts("à")


def test_lips_are_near_the_teeth_at_f_and_v_however_loud():
    found = say("a", "f", "a", "v", "a", energy=np.full(60, -5.0))
    for at in (0.6, 0.8):
        assert found.opening[int(at * 30)] <= 0.1
    assert found.opening[[15, 21, 27]].min() > 0.3 and not found.closed.any()


def test_a_voice_of_which_no_sound_is_told_opens_the_mouth_as_it_is_loud():
    energy = -30 + 10 * np.sin(np.arange(150) / 10)
    voice = np.where(np.arange(150) < 120, 1.0, 0.0)
    sung = lip_targets(Phones((), np.zeros(0)), voice, np.where(voice > 0, energy, -70))
    assert np.corrcoef(sung.opening[:120], energy[:120])[0, 1] > 0.9
    assert sung.opening[:120].max() > 0.5 and not sung.opening[120:].any()
    spoken = lip_targets(Phones(("a", "m", "a"), np.array([0.5, 0.6, 0.7])), voice, energy)
    near = (np.arange(150) + 0.5) / 30
    near = (near > 0.5) & (near < 0.7)
    alone = lip_targets(Phones(("a", "m", "a"), np.array([0.5, 0.6, 0.7])), voice * near, energy)
    assert spoken.opening[18] == 0 == alone.opening[18] and spoken.opening[60:110].min() > 0


@given(st.integers(1, 40), st.integers(0, 8))
def test_lips_that_lead_do_all_that_much_sooner(count, lead):
    symbols = ("p", "a", "m", "i")[: max(1, count // 10)]
    found = say(*symbols, frames=count, first=0.2)
    sooner = found.ahead(lead)
    assert len(sooner) == count
    kept = max(0, count - lead)
    for name in ("opening", "width", "closed"):
        np.testing.assert_array_equal(getattr(sooner, name)[:kept], getattr(found, name)[lead:])
    assert sooner.closed.sum() <= found.closed.sum()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(["p", "a", "u", "ʃ", "ː", "<unk>", "一", "tʰ", "ã"]), max_size=30), st.integers(1, 90))
def test_whatever_is_heard_lips_stay_in_range(symbols, frames):
    times = np.sort(np.random.default_rng(frames).uniform(0, 4, len(symbols)))
    found = lip_targets(Phones(tuple(symbols), times), np.ones(frames), np.full(frames, -20.0))
    assert len(found) == frames
    assert np.isfinite(found.opening).all() and (found.opening >= 0).all() and (found.opening <= 1.4).all()
    assert (np.abs(found.width) <= 1).all()
