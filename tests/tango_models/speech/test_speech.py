"""Speech features on made-up audio with known answers."""

import numpy as np
import pytest

from tango_models.errors import InputError
from tango_models.speech.activity import voice_activity
from tango_models.speech.prosody import ENERGY_FLOOR, analyse_speech, energy, onset_strength, pick_onsets
from tango_models.speech.timeline import frame_bounds, frame_count, slot_count


def syllables(times, seconds=3.0):
    """A buzzing vowel of 120 ms at each time, over faint noise."""
    rng = np.random.default_rng(0)
    t = np.arange(int(seconds * 16000)) / 16000
    audio = 1e-4 * rng.standard_normal(t.size)
    for start in times:
        inside = (t >= start) & (t < start + 0.12)
        vowel = sum(np.sin(2 * np.pi * 140 * h * t) / h for h in range(1, 20))
        audio += inside * 0.2 * vowel * np.exp(-(t - start).clip(0) * 10)
    return audio.astype(np.float32)


@pytest.mark.parametrize("samples", [534, 16000, 151520, 16000 * 7 + 311])
def test_length_is_that_of_the_rendered_video(samples):
    audio = np.random.default_rng(1).standard_normal(samples).astype(np.float32) * 0.1
    speech = analyse_speech(audio)
    assert len(speech) == round(samples / 16000 * 30) == frame_count(samples)
    for values in (speech.energy, speech.onset, speech.voice):
        assert values.dtype == np.float32
        assert np.isfinite(values).all()
    assert slot_count(len(speech)) * 4 >= len(speech)


def test_frames_cover_the_audio_without_drift():
    bounds = frame_bounds(30 * 600)
    assert bounds[-1] == 600 * 16000
    assert set(np.diff(bounds)) == {533, 534}


def test_energy_is_in_decibels_of_full_scale():
    audio = np.concatenate([np.ones(16000), np.full(16000, 0.1), np.zeros(16000)]).astype(np.float32)
    level = energy(audio)
    assert level[10] == pytest.approx(0, abs=0.01)
    assert level[45] == pytest.approx(-20, abs=0.01)
    assert level[80] == ENERGY_FLOOR


def test_onsets_fall_into_the_frames_of_the_syllables():
    times = [0.4, 0.75, 1.3, 1.5, 2.2]
    onset = pick_onsets(onset_strength(syllables(times)))
    found = (np.flatnonzero(onset) + 0.5) / 30
    assert len(found) == len(times)
    assert np.abs(found - np.array(times)).max() < 0.034


def test_digital_silence_has_no_voice_and_no_onsets():
    speech = analyse_speech(np.zeros(16000, np.float32))
    assert speech.voice.max() < 0.2
    assert speech.onset.max() == 0
    assert (speech.energy == ENERGY_FLOOR).all()


def test_voice_is_what_the_packaged_network_says():
    import importlib.util
    from pathlib import Path

    import torch

    audio = syllables(np.arange(0.1, 2.0, 0.22))[: 512 * 80]  # babble, then a pause
    folder = Path(importlib.util.find_spec("silero_vad").origin).parent / "data"
    network = torch.jit.load(str(folder / "silero_vad.jit")).eval()
    with torch.inference_mode():
        steps = [float(network(torch.from_numpy(chunk)[None], 16000)) for chunk in audio.reshape(-1, 512)]
    voice = voice_activity(audio)
    centre = (np.arange(len(voice)) + 0.5) / 30 * 16000
    np.testing.assert_allclose(voice, np.interp(centre, (np.arange(80) + 0.5) * 512, steps), atol=1e-4)
    assert voice.max() > 0.5 > voice.min()


@pytest.mark.parametrize("audio", [np.zeros(0), np.zeros(100), np.zeros((2, 16000)), np.full(16000, np.nan)])
def test_what_is_no_audio_is_named(audio):
    with pytest.raises(InputError, match="audio"):
        analyse_speech(audio.astype(np.float32))
