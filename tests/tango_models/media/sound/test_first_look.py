"""Recordings that cannot be used are refused within seconds."""

import struct
from pathlib import Path

import numpy as np
import pytest

from tango_models.errors import InputError
from tango_models.media.sound import first_look
from tango_models.media.sound.audio import RATE, read_speech
from tango_models.media.sound.first_look import look_at_speech
from tests.media_samples import tone, write_sound

CODECS = {"wav": "pcm_s16le", "flac": "flac", "mp3": "libmp3lame", "m4a": "aac", "aac": "aac", "opus": "libopus"}


@pytest.mark.parametrize("samples", [1, 96, 1600, 3199])
def test_too_short_is_said_as_the_stage_says_it(tmp_path, samples):
    path = write_sound(tmp_path / "a.wav", tone(samples / RATE, RATE))
    with pytest.raises(InputError, match=r"a\.wav: is 0\.[01]\d s long; give at least 0\.2 s") as refused:
        look_at_speech(path, max_seconds=3600)
    with pytest.raises(InputError) as later:
        read_speech(path)
    assert str(later.value) == str(refused.value)


@pytest.mark.parametrize("suffix", CODECS)
def test_too_long_is_said_whatever_the_format_declares(tmp_path, suffix):
    path = write_sound(tmp_path / f"a.{suffix}", tone(4, 48000), rate=48000, codec=CODECS[suffix])
    look_at_speech(path, max_seconds=5)
    with pytest.raises(InputError, match=rf"a\.{suffix}: is \d s long \(limit 3 s\); cut it into shorter parts"):
        look_at_speech(path, max_seconds=3)


def test_a_header_that_declares_more_than_there_is_is_not_believed(tmp_path):
    path = write_sound(tmp_path / "a.wav", tone(2, RATE))
    data = bytearray(path.read_bytes())
    where = data.index(b"data") + 4
    data[where : where + 4] = struct.pack("<I", RATE * 2 * 5000)
    path.write_bytes(data)
    look_at_speech(path, max_seconds=3600)


def _floats(path: Path, seconds: int, bad: float, at: float, *, code: str = "<f4") -> Path:
    size = np.dtype(code).itemsize
    samples = np.random.default_rng(0).normal(0, 0.1, seconds * RATE).astype(code)
    samples[int(at * len(samples))] = bad
    head = struct.pack("<4sI4s4sIHHIIHH", b"RIFF", 36, b"WAVE", b"fmt ", 16, 3, 1, RATE, RATE * size, size, size * 8)
    path.write_bytes(head + struct.pack("<4sI", b"data", samples.nbytes) + samples.tobytes())
    return path


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e30])
@pytest.mark.parametrize("at", [0.0, 0.5, 0.9999])
@pytest.mark.parametrize("code", ["<f4", "<f8"])
def test_samples_that_are_no_numbers_are_found_wherever_they_are(tmp_path, bad, at, code):
    path = _floats(tmp_path / "a.wav", 40, bad, at, code=code)
    with pytest.raises(InputError, match=r"a\.wav: holds samples (that|of 1e\+30 .* which) are not numbers"):
        look_at_speech(path, max_seconds=3600)
    look_at_speech(_floats(tmp_path / "b.wav", 2, 1.5, at, code=code), max_seconds=3600)


def test_when_time_is_up_the_header_and_the_first_bytes_must_agree(tmp_path, monkeypatch):
    monkeypatch.setattr(first_look, "_COUNTING", 0.0)
    path = write_sound(tmp_path / "a.wav", tone(60, RATE))
    look_at_speech(path, max_seconds=90)
    with pytest.raises(InputError, match=r"is 60 s long \(limit 20 s\); cut it"):
        look_at_speech(path, max_seconds=20)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 5])  # it declares a minute, and holds 12 s
    look_at_speech(path, max_seconds=20)


def test_what_holds_no_sound(tmp_path):
    path = tmp_path / "a.wav"
    path.write_text("Good morning.\n" * 50)
    with pytest.raises(InputError, match="is not a video or audio file"):
        look_at_speech(path, max_seconds=3600)
