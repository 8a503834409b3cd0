"""The sounds that are heard in speech."""

import numpy as np

from tango_models.media.sound.audio import read_audio
from tango_models.speech.phones import recognise_phones
from tango_models.speech.timeline import SAMPLE_RATE
from tango_models.synthetic.speaker import SPEECH


def test_speech_has_sounds_in_order_within_its_length_and_silence_none():
    audio = read_audio(SPEECH)[: 12 * SAMPLE_RATE]  # two pieces
    found = recognise_phones(audio)
    assert 5 * 12 < len(found) < 20 * 12
    assert (np.diff(found.time) >= 0).all() and found.time[0] >= 0 and found.time[-1] <= 12
    assert not len(recognise_phones(np.zeros(2 * SAMPLE_RATE, np.float32)))


def test_a_sound_is_where_it_is_whatever_comes_before():
    audio = read_audio(SPEECH)[: 3 * SAMPLE_RATE]
    late = recognise_phones(np.concatenate([np.zeros(SAMPLE_RATE, np.float32), audio]))
    soon = recognise_phones(audio)
    apart = np.abs(late.time[:, None] - 1 - soon.time[None]).min(1)
    assert np.median(apart) <= 0.04


def test_the_shortest_audio_is_no_fault():
    assert not len(recognise_phones(np.zeros(600, np.float32)))
