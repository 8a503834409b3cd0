import itertools
import sys

import numpy as np
import pytest

from tango_models.errors import InputError
from tango_models.synthetic.voice import RATE, speak

pytest.importorskip("espeakng_loader")


def test_words_come_in_order_within_the_audio():
    said = speak("The old garden was quiet, and nobody came.\n\nThen it rained.", pause=0.8)
    assert [w.text for w in said.words][:3] == ["The", "old", "garden"]
    times = [t for w in said.words for t in (w.start, w.end)]
    assert all(b >= a for a, b in itertools.pairwise(times))
    assert times[-1] <= said.seconds
    assert {w.text: w.stressed for w in said.words}["garden"] and not said.words[0].stressed


def test_a_blank_line_is_a_silence_of_the_asked_length():
    said = speak("One thing.\n\nAnother thing.", pause=0.8)
    gap = next(b.start - a.end for a, b in itertools.pairwise(said.words) if b.text == "Another")
    assert gap >= 0.8
    start = next(w.start for w in said.words if w.text == "Another")
    assert np.abs(said.audio[int((start - 0.5) * RATE) : int((start - 0.1) * RATE)]).max() < 0.01


def test_the_same_words_sound_the_same():
    assert np.array_equal(speak("Twice the same.").audio, speak("Twice the same.").audio)


def test_unknown_voice_empty_text_and_missing_library_are_explained(monkeypatch):
    with pytest.raises(InputError, match="no eSpeak voice"):
        speak("hello", voice="klingon-xyz")
    with pytest.raises(InputError, match="empty"):
        speak(" \n ")
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    with pytest.raises(InputError, match=r"pip install"):
        speak("hello")
