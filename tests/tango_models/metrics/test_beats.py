import numpy as np
import pytest

from tango_models.errors import InputError
from tango_models.metrics.beats import beat_consistency, by_chance, motion_beats


def swing(period: float, seconds: float) -> np.ndarray:
    """One joint swinging on a circle whose radius breathes, slowest at every multiple of `period`: (T, 1, 3)."""
    t = np.arange(round(seconds * 30)) / 30
    speed = 1.2 - np.cos(2 * np.pi * t / period)
    angle = np.cumsum(speed) / 30
    return np.stack([np.cos(angle), np.sin(angle), 0 * t], axis=1)[:, None]


def test_beats_are_where_a_stroke_ends():
    beats = motion_beats(swing(0.8, 8.0))
    np.testing.assert_allclose(beats[0], np.arange(1, 10) * 0.8, atol=0.07)


def test_a_joint_at_rest_has_no_beats():
    joints = np.concatenate([swing(0.8, 8.0), 1e-4 * swing(0.8, 8.0)], axis=1)
    beats = motion_beats(joints, mean_speed=np.array([1.0, 1.0]))
    assert len(beats[0]) and not len(beats[1])


def test_onsets_on_the_beats_score_one_and_between_them_little():
    beats = [np.arange(1, 10) * 0.8]
    assert beat_consistency(beats, beats[0]) == 1.0
    assert beat_consistency(beats, beats[0] + 0.4) < 0.01
    assert beat_consistency([*beats, np.zeros(0)], beats[0]) == 0.5


def test_chance_lies_below_a_speech_that_fits_and_not_below_one_that_does_not():
    rng = np.random.default_rng(0)
    beats = np.sort(rng.uniform(0, 30, 40))
    onsets = beats[::2] + rng.normal(0, 0.03, 20)
    chance = by_chance([beats], onsets, 30.0)
    assert chance.above(beat_consistency([beats], onsets)) > 3
    other = rng.uniform(0, 30, 20)
    assert abs(by_chance([beats], other, 30.0).above(beat_consistency([beats], other))) < 3


def test_what_is_no_motion_or_no_speech_is_refused():
    with pytest.raises(InputError, match="at least 3 frames"):
        motion_beats(np.zeros((2, 4, 3)))
    with pytest.raises(InputError, match="not numbers"):
        motion_beats(np.full((9, 4, 3), np.nan))
    with pytest.raises(InputError, match="no onset"):
        beat_consistency([np.array([1.0])], np.zeros(0))
