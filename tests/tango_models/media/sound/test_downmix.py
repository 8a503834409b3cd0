"""Several channels as one for analysis: a voice has one level wherever it is."""

import numpy as np
import pytest

from tango_models.media.sound.downmix import AnalysisMix

RATE = 16_000


def voice(seconds: float = 1.0, seed: int = 0) -> np.ndarray:
    return (0.1 * np.random.default_rng(seed).standard_normal(round(seconds * RATE))).astype(np.float32)


def mixed(samples: np.ndarray, names: tuple[str, ...] = ("FL", "FR"), block: int = 700) -> np.ndarray:
    mix = AnalysisMix()
    parts = [mix.mix(samples[:, k : k + block], RATE, names) for k in range(0, samples.shape[1], block)]
    return np.concatenate(parts)


def decibels(found: np.ndarray, given: np.ndarray) -> float:
    return float(20 * np.log10(found.std() / given.std()))


SIX = ("FL", "FR", "FC", "LFE", "BL", "BR")


@pytest.mark.parametrize(
    ("gains", "names"),
    [
        ([1, 1], ("FL", "FR")),
        ([1, 0], ("FL", "FR")),
        ([0, 1], ("FL", "FR")),
        ([1, -1], ("FL", "FR")),
        ([1, -0.9], ("FL", "FR")),
        ([0, 0, 1, 0, 0, 0], SIX),
        ([0, 0, 0, 0, 0, 1], ("NONE",) * 6),
    ],
)
def test_a_voice_keeps_its_level_in_any_channel_and_phase(gains, names):
    given = voice()
    found = mixed(np.outer(gains, given).astype(np.float32), names)
    assert decibels(found, given) == pytest.approx(0, abs=0.5)
    assert abs(np.corrcoef(found, given)[0, 1]) > 0.999


def test_two_who_speak_in_turn_on_two_channels_are_both_heard():
    left, right = voice(seed=1), voice(seed=2)
    turns = np.zeros((2, 4 * RATE), np.float32)
    for k in range(4):
        turns[k % 2, k * RATE : (k + 1) * RATE] = (left, right)[k % 2]
    found = mixed(turns).reshape(4, RATE)
    for k in range(4):
        assert decibels(found[k][RATE // 2 :], (left, right)[k % 2][RATE // 2 :]) == pytest.approx(0, abs=1)
        assert decibels(found[k], (left, right)[k % 2]) > -3


def test_hum_an_offset_and_the_low_frequency_channel_do_not_decide():
    given = voice()
    hum = (0.5 + 0.3 * np.sin(2 * np.pi * 50 * np.arange(RATE) / RATE)).astype(np.float32)
    found = mixed(np.stack([given, hum]))
    assert np.corrcoef(found, given)[0, 1] > 0.9
    six = np.zeros((6, RATE), np.float32)
    six[2], six[3] = given, 5 * voice(seed=3)
    assert np.array_equal(mixed(six, SIX), given)


def test_channels_with_nothing_in_common_are_averaged_without_jumps():
    pair = np.stack([voice(seed=1), voice(seed=2)])
    found = mixed(pair)
    assert np.corrcoef(found, pair.mean(axis=0))[0, 1] > 0.9


def test_silence_and_blocks_of_any_size_and_a_change_of_channels():
    assert not mixed(np.zeros((2, 500), np.float32)).any()
    given = np.stack([voice(seed=1), 0.2 * voice(seed=2)])
    assert decibels(mixed(given, block=1), mixed(given, block=4096)) == pytest.approx(0, abs=0.3)
    mix = AnalysisMix()
    for samples, names in ((given[:1], ("FC",)), (given, ("FL", "FR")), (given[:1], ("FC",)), (given, ("NONE",) * 2)):
        assert mix.mix(samples, RATE, names).shape == (RATE,)
    assert mix.mix(given[:, :0], RATE, ("FL", "FR")).shape == (0,)
