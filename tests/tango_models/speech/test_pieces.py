"""Long speech is analysed in pieces: the numbers are those of the whole."""

import numpy as np
import pytest

from tango_models.speech import activity, prosody
from tango_models.speech.timeline import stretch


def test_a_stretch_is_silent_where_there_is_no_audio():
    audio = np.arange(1, 6, dtype=np.float32)
    assert stretch(audio, -2, 3).tolist() == [0, 0, 1, 2, 3]
    assert stretch(audio, 3, 8).tolist() == [4, 5, 0, 0, 0]
    assert stretch(audio, 6, 8).tolist() == [0, 0] == stretch(audio, -4, -2).tolist()


@pytest.mark.parametrize("samples", [16_000, 40_123])
def test_features_do_not_depend_on_the_length_of_a_piece(monkeypatch, samples):
    t = np.arange(samples) / 16_000
    audio = (np.sin(2 * np.pi * 180 * t) * np.abs(np.sin(2 * np.pi * 3 * t)) * 0.3).astype(np.float32)
    whole = prosody.analyse_speech(audio)
    monkeypatch.setattr(prosody, "_FRAMES", 7)
    monkeypatch.setattr(prosody, "_BLOCK", 11)
    monkeypatch.setattr(activity, "_BLOCK", 5)
    pieces = prosody.analyse_speech(audio)
    np.testing.assert_array_equal(pieces.energy, whole.energy)
    np.testing.assert_allclose(pieces.onset, whole.onset, atol=1e-5)
    np.testing.assert_allclose(pieces.voice, whole.voice, atol=1e-5)
