import wave

import numpy as np
import pytest

from tango_models.errors import InputError
from tango_models.media.sound.audio import audio_blocks, read_audio, read_speech
from tests.media_samples import coded_picture, cut_off, tone, write_sound, write_video


def chirp(seconds: float, rate: int) -> np.ndarray:
    t = np.arange(round(seconds * rate)) / rate
    return (0.4 * np.sin(2 * np.pi * (200 * t + 150 * t**2))).astype(np.float32)


def delay_of(audio: np.ndarray, reference: np.ndarray, reach: int = 1200) -> int:
    n = min(len(audio), len(reference))
    size = 1 << (2 * n).bit_length()
    spectrum = np.fft.rfft(audio[:n], size) * np.conj(np.fft.rfft(reference[:n], size))
    correlation = np.fft.irfft(spectrum, size)
    lags = np.concatenate([np.arange(reach), np.arange(-reach, 0)])
    return int(lags[np.argmax(correlation[lags])])


@pytest.mark.parametrize(
    ("name", "codec", "rate", "channels", "form"),
    [
        ("a.wav", "pcm_s16le", 16000, 1, None),
        ("a.wav", "pcm_u8", 8000, 1, None),
        ("a.wav", "pcm_s24le", 48000, 2, None),
        ("a.wav", "pcm_f32le", 96000, 2, None),
        ("a.wav", "pcm_s16le", 11025, 1, None),
        ("a.flac", "flac", 44100, 2, "s16"),
        ("a.mp3", "libmp3lame", 44100, 2, "fltp"),
        ("a.m4a", "aac", 44100, 2, None),
        ("a.ogg", "libopus", 48000, 2, "flt"),
    ],
)
def test_every_format_gives_the_same_speech_in_place(tmp_path, name, codec, rate, channels, form):
    path = write_sound(tmp_path / name, chirp(1.5, rate), rate=rate, codec=codec, channels=channels, sample_format=form)
    audio = read_audio(path)
    reference = chirp(1.5, 16000)
    assert audio.dtype == np.float32
    assert abs(len(audio) - len(reference)) <= 0.07 * 16000  # lossy codecs may pad their last block
    assert abs(delay_of(audio, reference)) <= 2
    n = min(len(audio), len(reference)) - 1600
    similarity = np.corrcoef(audio[800:n], reference[800:n])[0, 1]
    assert similarity > (0.97 if codec in ("libopus", "libmp3lame", "aac", "pcm_u8") else 0.999)
    assert abs(np.std(audio[800:n]) / np.std(reference[800:n]) - 1) < 0.05


def test_lengths_are_exact_for_lossless_files(tmp_path):
    for rate in (8000, 11025, 22050, 44100, 48000, 96000):
        path = write_sound(tmp_path / f"{rate}.wav", chirp(1.0, rate), rate=rate)
        assert abs(len(read_audio(path)) - 16000) <= 1


def test_blocks_join_to_the_whole(tmp_path):
    path = write_sound(tmp_path / "a.wav", chirp(2, 44100), rate=44100)
    blocks = list(audio_blocks(path))
    assert len(blocks) > 5 and max(map(len, blocks)) < 8000
    assert np.array_equal(np.concatenate(blocks), read_audio(path))


@pytest.mark.parametrize("start_ms", [0, 250, 700])
def test_sound_that_starts_after_the_picture_is_padded(tmp_path, start_ms):
    sound = chirp(1.0, 48000)
    path = write_video(
        tmp_path / "a.mkv", [coded_picture(n) for n in range(40)], sound=sound, sound_start_ms=start_ms,
        sound_codec="pcm_s16le",
    )  # fmt: skip
    audio = read_audio(path)
    lead = 16 * start_ms
    assert np.abs(audio[: max(0, lead - 40)]).max(initial=0) < 1e-3
    assert abs(delay_of(audio[lead:], chirp(1.0, 16000))) <= 20  # Matroska rounds times to 1 ms = 16 samples


def test_sound_that_starts_before_the_picture_is_cut(tmp_path):
    times = [300 + 33 * n for n in range(30)]
    path = write_video(
        tmp_path / "a.mkv", [coded_picture(n) for n in range(30)], times_ms=times, sound=chirp(1.2, 48000),
        sound_codec="pcm_s16le",
    )  # fmt: skip
    assert abs(delay_of(read_audio(path), chirp(1.2, 16000)[4800:])) <= 20


def test_speech_may_be_silent_but_not_missing(tmp_path):
    silent = write_sound(tmp_path / "silent.wav", np.zeros(16000, np.float32))
    assert len(read_speech(silent)) == 16000
    (tmp_path / "empty.wav").write_bytes(b"")
    with wave.open(str(tmp_path / "none.wav"), "wb") as header_only:
        header_only.setparams((1, 2, 16000, 0, "NONE", ""))
    (tmp_path / "text.wav").write_text("hello " * 100)
    cases = {
        "empty.wav": "empty",
        "text.wav": "not a video or audio",
        "missing.wav": "does not exist",
        write_sound(tmp_path / "short.wav", tone(0.1, 16000)).name: "0.10 s",
        "none.wav": "sound",
        write_video(tmp_path / "mute.mp4", [coded_picture(1)] * 10).name: "no sound",
    }
    for name, fault in cases.items():
        with pytest.raises(InputError) as caught:
            read_speech(tmp_path / name)
        assert name in caught.value.subject and fault in caught.value.fault, str(caught.value)
    long = write_sound(tmp_path / "long.wav", np.zeros(16000 * 5, np.float32))
    with pytest.raises(InputError, match=r"limit 4 s"):
        read_speech(long, max_seconds=4)


def test_sound_cut_off_in_the_middle_gives_its_beginning(tmp_path):
    whole = write_sound(tmp_path / "a.wav", chirp(2, 16000))
    audio = read_audio(cut_off(tmp_path / "b.wav", whole, 0.5))
    assert 0.8 * 16000 < len(audio) < 1.2 * 16000


def test_samples_that_are_not_numbers_are_refused(tmp_path):
    samples = chirp(1, 16000)
    samples[500] = np.nan
    with pytest.raises(InputError, match="not numbers"):
        read_audio(write_sound(tmp_path / "nan.wav", samples, codec="pcm_f32le"))
