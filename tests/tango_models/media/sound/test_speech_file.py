"""The sound of the result against the sound that was given: same samples, same time, same level."""

import itertools
from fractions import Fraction

import av
import numpy as np
import pytest

from tango_models.media.sound.audio import read_audio
from tango_models.media.sound.full_scale import full_scale_note
from tango_models.media.sound.pieces import sound_pieces
from tango_models.media.sound.speech_file import SpeechSound, gains
from tango_models.media.video_writer import VideoWriter
from tests.media_samples import coded_picture, write_video


def noise(seconds: float, rate: int, channels: int = 2, seed: int = 0) -> np.ndarray:
    """(C, S) float32 of different coloured noise in every channel: full band, strongest below 1 kHz as speech is."""
    white = np.random.default_rng(seed).standard_normal((channels, round(seconds * rate)))
    spectrum = np.fft.rfft(white)
    hertz = np.fft.rfftfreq(white.shape[1], 1 / rate)
    sound = np.fft.irfft(spectrum / np.sqrt(1 + hertz / 500), white.shape[1])
    return (0.1 * sound / sound.std()).astype(np.float32)


def write(path, sound: np.ndarray, rate: int, layout: str, codec: str, *, start: int = 0):
    """A sound file of (C, S) float32."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, layout=layout)
        if codec == "aac":
            stream.bit_rate = 128_000 * len(sound)
        resampler = av.AudioResampler(format=stream.codec_context.format, layout=layout, rate=rate)
        for first in range(0, sound.shape[1], 1024):
            part = np.ascontiguousarray(sound[:, first : first + 1024].T).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(part, format="flt", layout=layout)
            frame.sample_rate, frame.pts, frame.time_base = rate, start + first, Fraction(1, rate)
            for converted in resampler.resample(frame):
                container.mux(stream.encode(converted))
        container.mux(stream.encode(None))
    return path


def render(path, speech, frames: int, track: int = 0):
    with SpeechSound(speech, track) as sound, VideoWriter(path, width=96, height=64, sound=sound) as writer:
        for n in range(frames):
            writer.write(coded_picture(n))
    return path


def heard(path, track: int = 0) -> tuple[np.ndarray, int]:
    """(C, S) as a player gives it, and its rate."""
    pieces = list(sound_pieces(path, track, max_seconds=100))
    return np.concatenate([piece.samples for piece in pieces], axis=1), pieces[0].rate


def offset(found: np.ndarray, given: np.ndarray) -> int:
    """Samples by which (S,) comes late."""
    count = min(len(found), len(given))
    product = np.fft.rfft(found[:count], 2 * count) * np.conj(np.fft.rfft(given[:count], 2 * count))
    lag = int(np.argmax(np.fft.irfft(product)))
    return lag - 2 * count if lag > count else lag


def band_differences(found: np.ndarray, given: np.ndarray, rate: int) -> np.ndarray:
    """(bands,) dB by third octaves from 100 Hz to 16 kHz."""
    count = min(len(found), len(given))
    power = [np.abs(np.fft.rfft(signal[:count] * np.hanning(count))) ** 2 for signal in (found, given)]
    hertz = np.fft.rfftfreq(count, 1 / rate)
    edges = 100 * 2 ** (np.arange(23) / 3)
    bands = [(hertz >= low) & (hertz < high) for low, high in itertools.pairwise(edges)]
    return np.array([10 * np.log10(power[0][band].sum() / power[1][band].sum()) for band in bands])


@pytest.mark.parametrize(
    ("rate", "layout", "codec", "name"),
    [
        (48_000, "stereo", "pcm_s16le", "a.wav"),
        (44_100, "stereo", "flac", "a.flac"),
        (48_000, "5.1", "pcm_s16le", "a.wav"),
        (48_000, "7.1", "flac", "a.flac"),
        (96_000, "mono", "pcm_s24le", "a.wav"),
        (44_100, "mono", "libmp3lame", "a.mp3"),
    ],
)
def test_any_sound_comes_back_at_48_khz_in_its_layout_with_its_spectrum(tmp_path, rate, layout, codec, name):
    names = [channel.name for channel in av.AudioLayout(layout).channels]
    given = noise(2.0, rate, len(names))
    speech = write(tmp_path / name, given, rate, layout, codec)
    given, _ = heard(speech)  # as the codec gives it
    found, found_rate = heard(render(tmp_path / "out.mp4", speech, 60))
    assert found_rate == 48_000 and len(found) == max(2, len(names))
    assert found.shape[1] == 60 * 1600
    from soxr import resample

    for k, channel in enumerate(names):
        if channel == "LFE":  # the encoder keeps only what is low of it
            continue
        wanted = resample(given[k], rate, 48_000, quality="VHQ")
        for side in range(2) if len(names) == 1 else (k,):
            assert offset(found[side], wanted) == 0
            if codec != "libmp3lame":
                assert np.abs(band_differences(found[side], wanted, 48_000)).max() < 1


@pytest.mark.parametrize(
    ("name", "rate", "layout"),
    [
        ("a.m4a", 44_100, "stereo"),
        ("a.mov", 48_000, "mono"),
        ("a.mkv", 48_000, "stereo"),
        ("a.m4a", 48_000, "7.1"),
    ],
)
def test_aac_is_copied_to_the_sample_and_ends_with_the_picture(tmp_path, name, rate, layout):
    speech = write(tmp_path / name, noise(2.0, rate, av.AudioLayout(layout).nb_channels), rate, layout, "aac")
    given, _ = heard(speech)
    with SpeechSound(speech, 0) as sound:
        assert sound.copied and sound.rate == rate
    found, found_rate = heard(render(tmp_path / "out.mp4", speech, 45))
    assert found_rate == rate and found.shape == (len(given), 45 * rate // 30)
    assert np.array_equal(found, given[:, : found.shape[1]])
    with av.open(str(tmp_path / "out.mp4")) as container:
        stream = container.streams.audio[0]
        assert stream.start_time == 0 and stream.duration * stream.time_base == Fraction(3, 2)


def test_a_speech_shorter_than_its_picture_ends_in_silence_or_with_itself(tmp_path):
    wav = write(tmp_path / "a.wav", noise(1.0, 48_000), 48_000, "stereo", "pcm_s16le")
    found, _ = heard(render(tmp_path / "out.mp4", wav, 36))
    assert found.shape[1] == 36 * 1600 and np.abs(found[:, 49_500:]).max() < 1e-3
    m4a = write(tmp_path / "a.m4a", noise(1.0, 48_000), 48_000, "stereo", "aac")
    found, _ = heard(render(tmp_path / "out.mp4", m4a, 36))
    assert found.shape[1] == 48_000


@pytest.mark.parametrize("start_ms", [300, -200])
def test_aac_that_does_not_begin_with_its_picture_is_shifted_not_copied(tmp_path, start_ms):
    given = noise(1.5, 48_000, 1)
    times = [max(0, -start_ms) + 33 * n for n in range(30)]
    speech = write_video(
        tmp_path / "a.mkv", [coded_picture(n) for n in range(30)], times_ms=times, sound=given[0],
        sound_start_ms=max(0, start_ms),
    )  # fmt: skip
    with SpeechSound(speech, 0) as sound:
        assert not sound.copied
    found, _ = heard(render(tmp_path / "out.mp4", speech, 30))
    shift = 48 * start_ms
    wanted = np.pad(given[0], (max(0, shift), 0))[max(0, -shift) :]
    assert abs(offset(found[0], wanted)) <= 48  # Matroska counts milliseconds


def test_the_first_channel_alone_stays_alone_and_the_level_is_kept(tmp_path):
    given = noise(1.0, 48_000)
    given[1] = 0
    speech = write(tmp_path / "a.wav", given, 48_000, "stereo", "pcm_s16le")
    found, _ = heard(render(tmp_path / "out.mp4", speech, 30))
    assert np.abs(found[1]).max() < 1e-3
    assert 20 * np.log10(found[0].std() / given[0].std()) == pytest.approx(0, abs=0.3)


def test_speakers_that_aac_does_not_know_go_to_the_side_they_are_on():
    found = gains(("FL", "FR", "BL", "BR", "LFE"), ("FL", "FR"))
    assert found == pytest.approx(np.array([[1, 0, 0.707, 0, 0], [0, 1, 0, 0.707, 0]]), abs=1e-3)
    assert gains(("FC",), ("FL", "FR")).tolist() == [[1], [1]]


@pytest.mark.parametrize("layout", ["quad", "4.1", "6.1", "hexagonal"])
def test_more_channels_than_aac_has_are_not_cut_off_where_they_are_added_up(tmp_path, layout):
    names = tuple(channel.name for channel in av.AudioLayout(layout).channels)
    voice = noise(1.0, 48_000, 1)
    voice *= 0.9 / np.abs(voice).max()
    share = gains(names, ("FL", "FR"))[0].sum()
    assert share > 1.5
    for level, gain in ((1.0, 1 / 0.9), (0.1, share)):  # all that fits, and as it is
        given = np.repeat(level * voice, len(names), axis=0)
        speech = write(tmp_path / "a.wav", given, 48_000, layout, "pcm_s24le")
        found, _ = heard(render(tmp_path / "out.mp4", speech, 30))
        assert len(found) == 2 and offset(found[0], voice[0]) == 0
        assert 20 * np.log10(found[0].std() / (gain * given[0].std())) == pytest.approx(0, abs=0.3)


def test_the_sound_that_is_analysed_is_that_of_the_result(tmp_path):
    given = noise(1.0, 48_000, 1) + 0.3 * noise(1.0, 48_000, 2, seed=1)
    speech = write(tmp_path / "a.wav", given, 48_000, "stereo", "pcm_s16le")
    analysed = read_audio(speech)
    assert offset(read_audio(render(tmp_path / "out.mp4", speech, 30)), analysed) == 0


@pytest.mark.parametrize("times", [0.5, 1.0, 2.0, 30.0, 2000.0])
def test_numbers_above_full_scale_are_lowered_as_a_whole_and_that_is_said(tmp_path, times):
    tone = times * np.sin(2 * np.pi * 440 * np.arange(96_000) / 48_000).astype(np.float32)
    quiet = tone * np.repeat(np.float32([0.1, 1.0]), 48_000)
    speech = write(tmp_path / "loud.wav", quiet[None], 48_000, "mono", "pcm_f32le")
    found, _ = heard(render(tmp_path / "out.mp4", speech, 60))
    assert np.abs(found).max() == pytest.approx(min(times, 1.0), rel=0.05)
    levels = [np.square(found[0, start : start + 30_000].astype(float)).mean() for start in (10_000, 60_000)]
    assert levels[1] / levels[0] == pytest.approx(100, rel=0.15)  # nothing was cut off
    note = full_scale_note(speech, 0)
    assert (f"{20 * np.log10(times):.0f} dB above full scale" in note) if times > 1 else note == ""


def test_peaks_of_a_codec_that_loses_something_are_left_alone(tmp_path):
    noise = np.random.default_rng(0).uniform(-1, 1, (1, 96_000)).astype(np.float32)
    speech = write(tmp_path / "peaks.mp3", noise, 48_000, "mono", "libmp3lame")
    assert full_scale_note(speech, 0) == ""
