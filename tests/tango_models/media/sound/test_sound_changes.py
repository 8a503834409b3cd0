"""Sound that changes on the way, or whose file says what is not so."""

import struct
from pathlib import Path

import numpy as np
import pytest

from tango_models.media.pictures.frames import iter_frames
from tango_models.media.sound.audio import read_audio
from tango_models.media.sound.resampling import Resampler
from tests.media_samples import coded_picture, read_code, tone, write_video
from tests.tango_models.media.sound.test_speech_file import heard, render, write

LAYOUTS = {1: "mono", 2: "stereo"}


def spectrum_peak(sound: np.ndarray, rate: int, start: float, stop: float) -> float:
    """Hertz of the strongest tone between two times."""
    part = sound[round(start * rate) : round(stop * rate)]
    return float(np.argmax(np.abs(np.fft.rfft(part))) * rate / len(part))


@pytest.mark.parametrize(("ending", "codec"), [("aac", "aac"), ("mp3", "libmp3lame"), ("ts", "aac")])
@pytest.mark.parametrize(("first", "second"), [((44_100, 1), (44_100, 2)), ((48_000, 2), (22_050, 1))])
def test_a_rate_or_a_number_of_channels_that_changes_is_followed(tmp_path, ending, codec, first, second):
    parts = []
    for k, (rate, channels) in enumerate((first, second)):
        sound = np.repeat(tone(1.0, rate, 300 * (k + 1))[None], channels, axis=0)
        parts.append(write(tmp_path / f"{k}.{ending}", sound, rate, LAYOUTS[channels], codec))
    joined = tmp_path / f"joined.{ending}"
    joined.write_bytes(b"".join(part.read_bytes() for part in parts))
    analysed = read_audio(joined)
    found, rate = heard(render(tmp_path / "out.mp4", joined, 60))
    assert abs(len(analysed) - sum(len(read_audio(part)) for part in parts)) < 1700  # what the encoders put before
    for sound, at in ((analysed, 16_000), (found[0], rate), (found[1], rate)):
        assert abs(spectrum_peak(sound, at, 0.4, 0.7) - 300) < 7
        assert abs(spectrum_peak(sound, at, 1.4, 1.7) - 600) < 7


def test_rates_that_change_often_do_not_drift():
    resampler = Resampler(16_000, 1)
    rng = np.random.default_rng(0)
    seconds, count = 0.0, 0
    for _ in range(200):
        rate, samples = int(rng.choice([8000, 11_025, 16_000, 44_100])), int(rng.integers(1, 900))
        count += resampler.feed(np.zeros((1, samples), np.float32), rate).shape[1]
        seconds += samples / rate
    assert abs(count + resampler.flush().shape[1] - seconds * 16_000) <= 1


def wav(path: Path, sound: np.ndarray, declared: int, *, after: bytes = b"") -> Path:
    """A WAV of (S,) float32 at 24 kHz whose header declares `declared` bytes."""
    data = np.round(sound * 32767).astype("<i2").tobytes()
    body = b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 24_000, 48_000, 2, 16)
    body += b"data" + struct.pack("<I", declared) + data + after
    path.write_bytes(b"RIFF" + struct.pack("<I", (declared + 36) & 0xFFFFFFFF) + body)
    return path


@pytest.mark.parametrize("declared", [0, 2, 1000, 72_000, 144_000, 2_000_000_000, 0x7FFFFFFF, 0xFFFFFFFF])
def test_a_wav_is_read_whole_whatever_its_header_declares(tmp_path, declared):
    assert len(read_audio(wav(tmp_path / "a.wav", tone(3.0, 24_000), declared))) == 48_000


def long_wav(path: Path, sound: np.ndarray, declared: int, *, kind: bytes = b"RF64", after: bytes = b"") -> Path:
    """The same as a WAV that may be longer than 4 GB: its lengths stand in a chunk of their own."""
    body = wav(path, sound, 0xFFFFFFFF, after=after).read_bytes()[12:]
    lengths = b"ds64" + struct.pack("<IQQQI", 28, declared + 72 if declared else 0, declared, declared // 2, 0)
    path.write_bytes(kind + struct.pack("<I", 0xFFFFFFFF) + b"WAVE" + lengths + body)
    return path


@pytest.mark.parametrize("kind", [b"RF64", b"BW64"])
@pytest.mark.parametrize("declared", [0, 2, 1000, 72_000, 144_000, 2_000_000_000, 1 << 40])
def test_a_long_wav_is_read_whole_whatever_it_declares(tmp_path, kind, declared):
    assert len(read_audio(long_wav(tmp_path / "a.wav", tone(3.0, 24_000), declared, kind=kind))) == 48_000


@pytest.mark.parametrize("write", [wav, long_wav])
def test_what_follows_the_sound_of_a_wav_is_not_heard(tmp_path, write):
    trailer = b"LIST" + struct.pack("<I", 4000) + b"INFO" + b"x" * 3996
    assert len(read_audio(write(tmp_path / "a.wav", tone(3.0, 24_000), 144_000, after=trailer))) == 48_000


@pytest.mark.parametrize("missing", [1_000, 4_000])
def test_sound_stays_with_its_picture_behind_a_part_that_cannot_be_read(tmp_path, missing):
    sound = np.concatenate([np.zeros(96_000), tone(0.5, 48_000, 1000)]).astype(np.float32)
    path = write_video(tmp_path / "a.ts", [coded_picture(n) for n in range(75)], sound=sound, options={"g": "10"})
    data = bytearray(path.read_bytes())
    data[len(data) // 3 : len(data) // 3 + missing] = bytes(missing)
    path.write_bytes(data)
    audio = read_audio(path)
    shown = [read_code(picture) for picture in iter_frames(path)].index(62)
    assert abs(np.flatnonzero(np.abs(audio) > 0.2)[0] / 16_000 - (shown - 2) / 30) < 0.07
