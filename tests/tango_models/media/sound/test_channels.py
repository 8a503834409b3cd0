"""Any number of channels, in any sample format and at any rate; samples that cannot be."""

import itertools

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tango_models.errors import InputError
from tango_models.media.sound import pieces
from tango_models.media.sound.audio import read_audio
from tango_models.media.sound.pieces import frame_samples
from tango_models.media.sound.speech_file import SpeechSound
from tango_models.media.video_writer import VideoWriter
from tests.media_samples import coded_picture, tone, write_sound
from tests.tango_models.media.sound.test_speech_file import heard
from tests.wav_files import write_wav

RATES = [8_000, 11_025, 22_050, 44_100, 48_000, 96_000, 192_000]
FULL_SCALE = {"u8": 2**7, "s16": 2**15, "s32": 2**31, "flt": 1, "dbl": 1}


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 64), st.sampled_from(list(FULL_SCALE)), st.booleans(), st.integers(1, 3000), st.integers(0, 2**32)
)
def test_a_frame_is_read_to_the_sample_whatever_its_channels(channels, form, planar, count, seed):
    values = np.random.default_rng(seed).uniform(-0.9, 0.9, (channels, count))
    scale = FULL_SCALE[form]
    kind = {"u8": np.uint8, "s16": np.int16, "s32": np.int32, "flt": np.float32, "dbl": np.float64}[form]
    stored = values.astype(kind) if scale == 1 else np.round(values * scale + 128 * (form == "u8")).astype(kind)
    layout = {1: "mono", 2: "stereo"}.get(channels, f"{channels}C")
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(stored.T).reshape(1, -1), format=form, layout=layout)
    frame.sample_rate = 48_000
    if planar:
        frame = av.AudioResampler(format=f"{form}p").resample(frame)[0]
    found = frame_samples(frame)
    assert found.dtype == np.float32 and found.shape == values.shape
    assert np.abs(found - (stored.astype(np.float64) - 128 * (form == "u8")) / scale).max() < 1e-6


@example(6, 48_000, 3)
@example(8, 44_100, 3)
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 64), st.sampled_from(RATES), st.integers(0, 63))
def test_a_voice_on_any_channel_is_analysed_and_rendered(tmp_path, channels, rate, voice):
    given_sound = np.zeros((channels, rate // 2), np.float32)
    given_sound[voice % channels] = tone(0.5, rate, 440.0)
    path = write_wav(tmp_path / "a.wav", given_sound, rate)
    audio = read_audio(path)
    assert abs(len(audio) - 8000) <= 1 and audio.std() == pytest.approx(0.5 / 2**0.5, rel=0.05)
    with (
        SpeechSound(path, 0) as sound,
        VideoWriter(tmp_path / "out.mp4", width=32, height=32, sound=sound) as writer,
    ):
        for n in range(15):
            writer.write(coded_picture(n, 32, 32))
    found, found_rate = heard(tmp_path / "out.mp4")
    assert found_rate == 48_000 and found.shape[1] == 24_000
    assert np.isfinite(found).all()
    assert np.abs(found).max() > 0.3


@pytest.mark.parametrize("layout", ["2.1", "3.1", "4.1", "5.1", "5.1(side)", "6.1", "7.1"])
@pytest.mark.parametrize("hertz", [40.0, 440.0])
def test_a_voice_on_the_channel_for_low_frequencies_is_rendered(tmp_path, layout, hertz):
    """And what belongs there stays as it was: kept by layouts that AAC has, left out where they become stereo."""
    names = [channel.name for channel in av.AudioLayout(layout).channels]
    samples = np.zeros((len(names), 24_000), np.float32)
    samples[names.index("LFE")] = tone(0.5, 48_000, hertz)
    path = tmp_path / "a.wav"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_f32le", rate=48_000, layout=layout)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples.T).reshape(1, -1), format="flt", layout=layout)
        frame.sample_rate, frame.pts = 48_000, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with (
        SpeechSound(path, 0) as sound,
        VideoWriter(tmp_path / "out.mp4", width=32, height=32, sound=sound) as writer,
    ):
        for _ in range(15):
            writer.write(coded_picture(1, 32, 32))
    found, _ = heard(tmp_path / "out.mp4")
    loudest = found[:, 4800:19_200].std(axis=1).max()
    if hertz > 250:
        assert len(found) == 2 and loudest == pytest.approx(0.5 / 2**0.5, rel=0.05)
    else:
        assert loudest < 0.02 if len(found) == 2 else loudest > 0.3


@pytest.mark.parametrize("channels", [65, 100, 255])
def test_more_than_64_channels_are_refused(tmp_path, channels):
    path = write_wav(tmp_path / "a.wav", np.zeros((channels, 4000), np.float32), 8000)
    with pytest.raises(InputError):
        read_audio(path)


@pytest.mark.parametrize("sample", [2e4, -1e30, np.inf, np.nan])
def test_samples_that_no_recording_has_are_refused(tmp_path, sample):
    samples = tone(1.0, 16_000)
    samples[9000] = sample
    with pytest.raises(InputError, match=r"not numbers"):
        read_audio(write_wav(tmp_path / "a.wav", samples[None], 16_000))


def test_64_bit_integers_are_read(tmp_path):
    path = tmp_path / "a.nut"
    samples = tone(0.5, 16_000)
    with av.open(str(path), "w", format="nut") as container:
        stream = container.add_stream("pcm_s64le", rate=16_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples[None], format="flt", layout="mono")
        frame.sample_rate, frame.pts = 16_000, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert np.abs(read_audio(path) - samples).max() < 1e-6


def test_what_a_lossy_decoder_makes_of_damage_is_a_gap(tmp_path, monkeypatch):
    path = write_sound(tmp_path / "a.m4a", tone(1.0, 48_000), rate=48_000, codec="aac")
    count, read = itertools.count(), frame_samples
    whole = read_audio(path)
    monkeypatch.setattr(pieces, "frame_samples", lambda f: read(f) * (1e20 if next(count) == 20 else 1))
    found = read_audio(path)
    assert len(found) == len(whole) and np.abs(found).max() < 1
    assert np.abs(found[6930:7090]).max() < 1e-3 < np.abs(whole[6930:7090]).max()
    assert np.abs(found - whole)[8000:].max() < 1e-3
