"""Timestamps decide: squares stay in step with their times at any rate, jitter, offset, gap, restart and hole."""

from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from tango_models.errors import InputError
from tango_models.media.pictures.decoding import first_picture_time
from tango_models.media.pictures.frames import FrameReader
from tango_models.media.pictures.rate import measure_rate, steadied
from tango_models.media.pictures.source_times import TimedFrameReader
from tango_models.media.pictures.timing import resample
from tango_models.media.probe import probe_video
from tango_models.media.sound.audio import read_audio
from tests.media_samples import coded_picture, read_code, tone, write_video


def shown(times):
    """Numbers of the pictures that are shown at 30 fps, as `FrameReader` does it."""
    measured = measure_rate(times[:300])
    timed = [(Fraction(float(t)).limit_denominator(90000), None, n) for n, t in enumerate(times)]
    if measured.trembles:
        timed = list(steadied(timed, measured))
    nominal = Fraction(1 / measured.step).limit_denominator(1001)
    return np.array(list(resample(timed, fps=Fraction(30), nominal_fps=min(nominal, Fraction(240)))))


@settings(deadline=None, max_examples=60)
@given(
    fps=st.floats(5, 120),
    seed=st.integers(0, 2**32),
    jitter=st.floats(0, 0.25),
    dropped=st.floats(0, 0.15),
    offset=st.floats(-1000, 100000),
)
def test_any_rate_jitter_and_drops_give_the_right_count_in_step(fps, seed, jitter, dropped, offset):
    rng = np.random.default_rng(seed)
    true = np.arange(round(6 * fps)) / fps
    stamps = true + rng.uniform(-jitter, jitter, len(true)) / fps
    kept = np.flatnonzero(rng.random(len(true)) >= dropped)
    kept = np.union1d(kept, [0, len(true) - 1])
    numbers = shown((offset + stamps)[kept])
    assert abs(len(numbers) - 30 * len(true) / fps) <= 2 + 30 * 2 * jitter / fps
    assert (np.diff(numbers) >= 0).all()
    at = true[kept][numbers]  # when the shown pictures were really taken
    until = np.append(true[kept][1:], true[-1] + 1 / fps)[numbers]
    due = np.arange(len(numbers)) / 30
    slack = 0.02 + (2 * jitter + 0.5) / fps
    assert (at <= due + slack).all() and (until >= due - slack).all()


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 2**32), jitter=st.floats(0.002, 0.009))
@example(seed=1337824880, jitter=0.0078125)  # the median step is 4 % short
def test_thirty_trembling_pictures_a_second_are_shown_once_each(seed, jitter):
    rng = np.random.default_rng(seed)
    stamps = np.arange(180) / 30 + rng.uniform(-jitter, jitter, 180)
    numbers = shown(np.round(stamps, 3))
    assert abs(len(numbers) - 180) <= 1
    assert np.count_nonzero(np.diff(numbers) == 0) <= 3 and len(np.unique(numbers)) >= 177
    assert np.abs(numbers - np.arange(len(numbers))).max() <= 1


def test_the_rate_is_measured_past_drops_and_declared_nonsense():
    rng = np.random.default_rng(0)
    times = np.round(np.arange(200) / 30 + rng.uniform(-0.008, 0.008, 200), 3)[rng.random(200) > 0.1]
    rate = measure_rate(rng.permutation(times))
    assert rate.step == pytest.approx(1 / 30, rel=5e-3) and 0.003 < rate.jitter < 0.006 and rate.trembles
    assert not measure_rate(np.round(np.arange(200) / 30, 3)).trembles  # 1 ms rounding is none
    assert measure_rate([0.0, 0.1]) is None
    assert not measure_rate(np.cumsum(rng.exponential(0.05, 200))).trembles  # no rate at all


def _codes(reader) -> list[int]:
    return [read_code(frame) for frame in reader]


def test_a_browsers_recording_is_shown_at_its_real_rate(tmp_path):
    rng = np.random.default_rng(1)
    times = [max(0, round(k * 1000 / 30 + rng.uniform(-8, 8))) for k in range(90)]
    pictures = [coded_picture(n) for n in range(90)]
    options = {"deadline": "realtime", "cpu-used": "8"}
    path = write_video(tmp_path / "a.webm", pictures, times_ms=times, codec="libvpx", fps=1000, options=options)
    codes = _codes(FrameReader(path))
    assert abs(len(codes) - 90) <= 1 and np.abs(np.array(codes) - np.arange(len(codes))).max() <= 1


@pytest.mark.parametrize("kind", ["ts", "mpg"])
def test_recordings_joined_as_bytes_are_read_to_the_end(tmp_path, kind):
    codec, sound_codec = ("libx264", "aac") if kind == "ts" else ("mpeg2video", "mp2")
    options = None if kind == "ts" else {"b": "4M"}
    data = b""
    for first, count in ((0, 45), (45, 60), (105, 30)):
        pictures = [coded_picture(n, 192, 128) for n in range(first, first + count)]
        sound = tone(count / 30, 48000)
        path = tmp_path / f"{first}.{kind}"
        write_video(path, pictures, codec=codec, options=options, sound=sound, sound_codec=sound_codec)
        data += path.read_bytes()
    (tmp_path / f"joined.{kind}").write_bytes(data)
    reader = TimedFrameReader(tmp_path / f"joined.{kind}")
    codes = np.array(_codes(reader))
    assert len(codes) >= 131 and len(np.unique(codes)) >= 131 and (np.diff(codes) >= 0).all()
    assert np.abs(codes - np.arange(len(codes))).max() <= 5
    assert len(reader.breaks) == 2 and not reader.truncated
    assert np.abs(codes[reader.breaks] - [45, 105]).max() <= 1
    assert "starts again" in reader.notes[0] and len(reader.source_times()) == len(codes)


@pytest.mark.parametrize("hole_s", [2, 3600, 5 * 3600])
@pytest.mark.parametrize("sound", [False, True])
def test_a_hole_of_hours_makes_no_hours_of_frames(tmp_path, hole_s, sound):
    times = [round(k * 1000 / 30) + (hole_s * 1000 if k >= 45 else 0) for k in range(90)]
    pictures = [coded_picture(n) for n in range(90)]
    path = write_video(tmp_path / "a.mkv", pictures, times_ms=times, sound=tone(1.5, 48000) if sound else None)
    reader = FrameReader(path)
    codes = _codes(reader)
    assert 89 <= len(codes) <= 93 and set(codes) >= set(range(89))
    assert reader.breaks and "nothing was recorded" in reader.notes[0]


@pytest.mark.parametrize("first_ms", [0, 700, 90_000])
def test_a_picture_that_begins_late_begins_with_its_first_frame(tmp_path, first_ms):
    times = [first_ms + round(k * 1000 / 30) for k in range(30)]
    pictures = [coded_picture(n) for n in range(30)]
    path = write_video(tmp_path / "late.mkv", pictures, times_ms=times, sound=tone(1, 48000))
    reader = FrameReader(path)
    assert _codes(reader) == list(range(30)) and not reader.truncated and not reader.breaks
    assert first_picture_time(path) is not None


@settings(deadline=None, max_examples=15)
@given(
    kind=st.sampled_from(["mp4", "mov", "mkv", "webm", "flv", "nut", "asf", "ts", "avi"]),
    begin_s=st.sampled_from([0.0, 0.4, 2.0, 300.0, 5000.0, 36000.0]),
    fps=st.sampled_from([2, 10, 30, 60]),
    sound=st.booleans(),
)
@example(kind="mkv", begin_s=2.0, fps=30, sound=True)
@example(kind="webm", begin_s=36000.0, fps=30, sound=False)
@example(kind="asf", begin_s=2.0, fps=30, sound=True)
@example(kind="nut", begin_s=2.0, fps=30, sound=False)
@example(kind="avi", begin_s=0.0, fps=2, sound=False)
def test_a_clock_may_begin_anywhere(tmp_path_factory, kind, begin_s, fps, sound):
    assume(kind != "avi" or not begin_s)  # whose clock cannot begin elsewhere
    times = [round(1000 * (begin_s + k / fps)) for k in range(20)]
    codec, sound_codec, options = "libx264", "libmp3lame" if kind == "asf" else "aac", None
    if kind == "webm":
        codec, sound_codec, options = "libvpx", "libopus", {"deadline": "realtime", "cpu-used": "8"}
    if kind in ("avi", "asf"):
        codec = "mpeg4"
    path = write_video(
        tmp_path_factory.mktemp("c") / f"a.{kind}", [coded_picture(n) for n in range(20)], fps=fps, times_ms=times,
        codec=codec, options=options, sound=tone(20 / fps, 48000) if sound else None, sound_codec=sound_codec,
        sound_start_ms=times[0],
    )  # fmt: skip
    reader = FrameReader(path)
    codes = np.array(_codes(reader))
    assert not reader.truncated and not reader.breaks
    assert np.abs(codes - np.arange(len(codes)) * fps / 30).max() <= 1 and codes[-1] >= 18


@pytest.mark.parametrize("step_s", [1.5, 2.0, 5.0])
@pytest.mark.parametrize("sound_first", [False, True])
def test_slow_pictures_and_sound_that_stand_apart_stay_in_step(tmp_path, step_s, sound_first):
    path = tmp_path / "slow.mkv"
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=30)
        video.width, video.height, video.pix_fmt = 96, 64, "yuv420p"
        video.time_base = video.codec_context.time_base = Fraction(1, 1000)
        audio = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        packets = []
        for number in range(8):
            frame = av.VideoFrame.from_ndarray(coded_picture(number), format="rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = round(1000 * step_s * number), Fraction(1, 1000)
            packets.append([*video.encode(frame)])
        packets.append([*video.encode(None)])
        heard = []
        for second in range(round(8 * step_s)):
            block = np.full((1, 8000), 700 * second, np.int16)
            frame = av.AudioFrame.from_ndarray(block, format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = 8000, 8000 * second, Fraction(1, 8000)
            heard.append([*audio.encode(frame)])
        for group in [*heard, *packets] if sound_first else [*packets, *heard]:
            container.mux_one(group[0]) if len(group) == 1 else container.mux(group)
    reader = FrameReader(path)
    codes = np.array(_codes(reader))
    assert not reader.breaks and np.abs(codes - np.arange(len(codes)) / 30 / step_s).max() <= 1
    sound = np.round(read_audio(path, rate=8000) * 32768 / 700)
    middle = sound[4000::8000]
    np.testing.assert_array_equal(middle, np.arange(len(middle)))


def test_damage_at_the_beginning_costs_only_what_is_damaged(tmp_path):
    pictures = [coded_picture(n) for n in range(60)]
    path = write_video(tmp_path / "a.ts", pictures, options={"g": "15"}, sound=tone(2, 48000))
    data = bytearray(path.read_bytes())
    rng = np.random.default_rng(0)
    for at in range(188 * 5, 188 * 8):
        data[at] = rng.integers(256) if at % 188 > 8 else data[at]
    path.write_bytes(data)
    codes = _codes(FrameReader(path))
    assert codes[-1] == 59 and set(range(20, 60)) <= set(codes)
    assert probe_video(path).width == 96


@pytest.mark.parametrize("kind", ["mp4", "mkv", "avi", "ts", "mpg"])
def test_a_mutated_file_is_read_or_refused_in_one_line(tmp_path, kind):
    codec = {"avi": "mpeg4", "mpg": "mpeg2video"}.get(kind, "libx264")
    sound_codec = "mp2" if kind in ("avi", "mpg") else "aac"
    pictures = [coded_picture(n) for n in range(30)]
    path = write_video(tmp_path / f"a.{kind}", pictures, codec=codec, sound=tone(1, 48000), sound_codec=sound_codec)
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    for number in range(12):
        data = bytearray(whole)
        for _ in range(rng.choice([1, 5, 50])):
            data[rng.integers(len(data))] = rng.integers(256)
        if number % 4 == 1:
            data = data[: rng.integers(1, len(data))]
        elif number % 4 == 2:
            data += whole[rng.integers(len(whole)) :]
        path.write_bytes(data)
        try:
            reader = TimedFrameReader(path)
            count = sum(1 for _ in reader)
            assert count == len(reader.source_times()) and count <= 40 * (1 + number % 4)
            probe_video(path)
        except InputError as error:
            assert error.remedy
