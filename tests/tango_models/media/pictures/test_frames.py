import av
import numpy as np
import pytest

from tango_models.errors import InputError
from tango_models.media.pictures.frames import FrameReader, iter_frames
from tango_models.media.probe import content_id, probe_video
from tests.media_samples import (
    coded_picture,
    cut_off,
    has_encoder,
    huge_header,
    read_code,
    tone,
    write_sound,
    write_video,
)


def codes(path) -> list[int]:
    return [read_code(frame) for frame in iter_frames(path)]


def test_thirty_fps_maps_one_to_one_in_every_container(tmp_path):
    pictures = [coded_picture(n) for n in range(40)]
    variants = [("a.mp4", "libx264"), ("a.mkv", "libx264"), ("a.avi", "mpeg4"), ("a.mov", "mpeg4"), ("a.ts", "libx264")]
    if has_encoder("libvpx-vp9"):
        variants.append(("a.webm", "libvpx-vp9"))
    for name, codec in variants:
        options = {"deadline": "realtime", "cpu-used": "8"} if codec == "libvpx-vp9" else None
        path = write_video(tmp_path / name, pictures, codec=codec, options=options)
        assert codes(path) == list(range(40)), name
        assert probe_video(path).width == 96


@pytest.mark.parametrize(("fps", "seconds"), [(24, 2), (25, 2), (60, 1), (30000 / 1001, 2), (15, 2)])
def test_any_constant_rate_becomes_thirty_by_timestamp(tmp_path, fps, seconds):
    total = round(fps * seconds)
    path = write_video(tmp_path / "a.mp4", [coded_picture(n) for n in range(total)], fps=fps)
    shown = codes(path)
    assert len(shown) == round(total / fps * 30)
    for k, n in enumerate(shown):
        assert abs(n / fps - k / 30) <= 1 / fps + 0.01, (k, n)
        assert n / fps <= k / 30 + 0.25 / max(30, fps) + 1e-9  # never from the future by more than the tolerance
    assert shown == sorted(shown)


RAW = {"h264": "libx264", "hevc": "libx265", "mpeg2video": "mpeg2video", "m4v": "mpeg4"}


def write_raw(path, kind, fps, options=None):
    """24 coded pictures as a stream of nothing but pictures."""
    with av.open(str(path), "w", format=kind) as container:
        stream = container.add_stream(RAW[kind], rate=fps)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        stream.codec_context.options = {"bf": "2", "b": "2M"} if options is None else options
        for number in range(24):
            frame = av.VideoFrame.from_ndarray(coded_picture(number), format="rgb24").reformat(format="yuv420p")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("fps", [12, 24, 25, 30, 60])
@pytest.mark.parametrize("kind", sorted(RAW))
def test_a_stream_without_times_is_shown_at_the_rate_that_it_names(tmp_path, kind, fps):
    if kind == "mpeg2video" and fps == 12:
        fps = 50  # MPEG-2 knows no other
    options = {"x265-params": "log-level=none"} if kind == "hevc" else None
    reader = FrameReader(write_raw(tmp_path / f"a.{kind}", kind, fps, options))
    codes = [read_code(frame) for frame in reader]
    assert len(codes) == round(24 / fps * 30) and not reader.notes and not reader.truncated
    assert np.abs(np.array(codes) - np.arange(len(codes)) * fps / 30).max() <= 1


def test_a_stream_that_names_no_rate_says_so(tmp_path):
    options = {"x265-params": "vui-timing-info=0:log-level=none"}
    reader = FrameReader(write_raw(tmp_path / "a.h265", "hevc", 60, options))
    assert len(list(reader)) == round(24 / 25 * 30) and "names no rate" in reader.notes[0]


@pytest.mark.parametrize("kind", ["mp4", "mov", "mkv", "flv", "avi", "ts", "asf"])
def test_all_of_two_recordings_joined_as_bytes_is_shown_or_said(tmp_path, kind):
    parts = b""
    for first in (0, 20):
        pictures = [coded_picture(n) for n in range(first, first + 20)]
        codec = {"avi": "mpeg4", "asf": "wmv2"}.get(kind, "libx264")
        path = write_video(tmp_path / f"{first}.{kind}", pictures, codec=codec)
        reader = FrameReader(path)
        assert list(reader) and not any("another recording" in note for note in reader.notes)
        parts += path.read_bytes()
    path = tmp_path / f"joined.{kind}"
    path.write_bytes(parts)
    reader = FrameReader(path)
    shown = {read_code(frame) for frame in reader}
    assert shown >= set(range(20))
    assert shown == set(range(40)) or any("another recording" in note for note in reader.notes)


def test_variable_rate_shows_the_frame_whose_interval_covers_each_time(tmp_path):
    rng = np.random.default_rng(3)
    steps = rng.choice([11, 16, 33, 34, 67, 120, 400], size=45, p=[0.1, 0.2, 0.3, 0.2, 0.1, 0.07, 0.03])
    times = (500 + np.concatenate([[0], np.cumsum(steps)])).tolist()  # does not begin at 0 either
    path = write_video(tmp_path / "a.mkv", [coded_picture(n) for n in range(len(times))], times_ms=times)
    shown = codes(path)
    for k, n in enumerate(shown):
        t = times[0] + 1000 * k / 30
        assert times[n] <= t + 9, (k, n)  # a quarter of a 30 fps frame early at most
        assert n + 1 == len(times) or t < times[n + 1] + 1, (k, n)
    assert abs(len(shown) / 30 - (times[-1] - times[0]) / 1000) <= 0.1


def test_rotation_flag_is_applied(tmp_path):
    upright = np.zeros((64, 96, 3), np.uint8)
    upright[:20, :30] = (220, 30, 30)  # red corner, top left
    for degrees in (90, 180, -90):
        # The display matrix turns the stored picture counter-clockwise by `degrees`; store it turned the other way.
        stored = np.ascontiguousarray(np.rot90(upright, -degrees // 90))
        path = write_video(tmp_path / f"{degrees}.mp4", [stored] * 5, rotation=degrees)
        frame = next(iter_frames(path))
        probe = probe_video(path)
        assert frame.shape == (64, 96, 3) and (probe.width, probe.height) == (96, 64)
        assert frame[5, 5, 0] > 150 and frame[5, 5, 2] < 90, degrees
        assert frame[60, 90, 0] < 60 and frame[5, 90, 0] < 60 and frame[60, 5, 0] < 60


def test_mirrored_display_matrix_is_applied(tmp_path):
    stored = np.zeros((64, 96, 3), np.uint8)
    stored[:20, :30] = 220
    path = write_video(tmp_path / "m.mp4", [stored] * 3, hflip=True)
    frame = next(iter_frames(path))
    assert frame[5, 90].mean() > 150 and frame[5, 5].mean() < 60


def test_odd_sides_are_cut_to_even_and_agree_with_the_probe(tmp_path):
    pictures = [coded_picture(n, 97, 65) for n in range(5)]
    path = write_video(tmp_path / "odd.mkv", pictures, codec="ffv1", pix_fmt="yuv444p")
    frame = next(iter_frames(path))
    probe = probe_video(path)
    assert frame.shape == (64, 96, 3) == (probe.height, probe.width, 3)


def test_pixel_aspect_is_applied(tmp_path):
    from fractions import Fraction

    path = write_video(tmp_path / "sar.mp4", [coded_picture(5)] * 3, sample_aspect=Fraction(4, 3))
    assert next(iter_frames(path)).shape == (64, 128, 3)
    assert probe_video(path).width == 128


@pytest.mark.parametrize("matrix", [1, 5, 6])
@pytest.mark.parametrize("colour_range", [1, 2])
def test_colours_follow_the_files_matrix_and_range(tmp_path, matrix, colour_range):
    colours = np.array([[200, 40, 40], [40, 200, 40], [40, 40, 200], [128, 128, 128], [250, 250, 250]], np.uint8)
    picture = np.repeat(np.repeat(colours[None], 64, 0), 20, 1)
    path = write_video(tmp_path / "c.mp4", [picture] * 2, colourspace=matrix, colour_range=colour_range)
    frame = next(iter_frames(path))
    for i, colour in enumerate(colours):
        assert np.abs(frame[32, 20 * i + 10].astype(int) - colour).max() <= 5, (i, frame[32, 20 * i + 10])


def test_a_file_cut_in_the_middle_yields_its_beginning_and_says_so(tmp_path):
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 255, (64, 96, 3), dtype=np.uint8) for _ in range(60)]
    for name, flags in (("a.mp4", "+faststart"), ("a.mkv", None), ("a.avi", None)):
        codec = "mpeg4" if name.endswith("avi") else "libx264"
        whole = write_video(tmp_path / name, pictures, codec=codec, movflags=flags)
        reader = FrameReader(cut_off(tmp_path / f"cut_{name}", whole, 0.5))
        count = sum(1 for _ in reader)
        assert 10 <= count <= 50 and reader.truncated and reader.count == count, (name, count)
        reader = FrameReader(whole)
        assert sum(1 for _ in reader) == 60 and not reader.truncated, name


def test_damage_inside_is_survived_and_counted(tmp_path):
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 255, (64, 96, 3), dtype=np.uint8) for _ in range(60)]
    data = bytearray(write_video(tmp_path / "a.mkv", pictures).read_bytes())
    for place in range(len(data) // 3, len(data) // 3 + 20000):
        data[place] = 0
    (tmp_path / "b.mkv").write_bytes(data)
    reader = FrameReader(tmp_path / "b.mkv")
    assert sum(1 for _ in reader) == 19 and reader.truncated  # the one that was hit is left out
    assert "1 of its pictures are damaged" in reader.notes[0]


def test_one_frame_is_one_frame(tmp_path):
    path = write_video(tmp_path / "one.mp4", [coded_picture(7)])
    assert codes(path) == [7]


def test_repeated_frames_are_separate_arrays(tmp_path):
    path = write_video(tmp_path / "slow.mp4", [coded_picture(n) for n in range(4)], fps=10)
    frames = list(iter_frames(path))
    frames[0][:] = 0
    assert frames[1].max() > 0
    assert len({id(f) for f in frames}) == len(frames) == 12


def test_refusals_name_the_file_and_the_remedy(tmp_path):
    pictures = [coded_picture(n) for n in range(30)]
    good = write_video(tmp_path / "good.mp4", pictures)
    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "text.mp4").write_text("not a video at all\n" * 50)
    (tmp_path / "list.mp4").write_text("#EXTM3U\n#EXTINF:10,\nfile:///etc/hostname\n")
    (tmp_path / "concat.mp4").write_text(f"ffconcat version 1.0\nfile '{good}'\n")
    cases = {
        "missing.mp4": "does not exist",
        "empty.mp4": "empty",
        "text.mp4": "not a video",
        "list.mp4": "not a video",
        "concat.mp4": "not a video",
        cut_off(tmp_path / "cut.mp4", good, 0.6).name: "index",
        huge_header(tmp_path / "huge.mp4").name: "8000 x 8000",
        write_sound(tmp_path / "sound.wav", tone(1, 16000)).name: "no picture",
        write_sound(tmp_path / "sound.m4a", tone(1, 16000), codec="aac").name: "no picture",
    }
    for name, fault in cases.items():
        for use in (probe_video, lambda path: list(iter_frames(path))):
            with pytest.raises(InputError) as caught:
                use(tmp_path / name)
            assert name in caught.value.subject and fault in caught.value.fault and caught.value.remedy, str(
                caught.value
            )
    with pytest.raises(InputError):
        probe_video(tmp_path)
    with pytest.raises(InputError):
        probe_video("http://example.invalid/a.mp4")


def test_content_id_is_of_the_bytes_not_the_name(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    (tmp_path / "b").write_bytes(b"abc")
    (tmp_path / "c").write_bytes(b"abd")
    assert content_id(tmp_path / "a") == content_id(tmp_path / "b") != content_id(tmp_path / "c")
    assert len(content_id(tmp_path / "a")) == 32
