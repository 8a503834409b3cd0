"""Files that may be videos, and those that cannot."""

import av
import numpy as np
import pytest

from flows.intake.videos import check_speech, check_video, check_videos
from tango_models.errors import InputError
from tests.media_samples import tone, write_sound, write_video

FRAMES = [np.full((64, 64, 3), 20 * k, np.uint8) for k in range(10)]


@pytest.fixture
def video(tmp_path):
    return str(write_video(tmp_path / "talk.mp4", FRAMES))


@pytest.mark.parametrize(("codec", "name"), [("mjpeg", "JPEG"), ("png", "PNG"), ("bmp", "BMP"), ("tiff", "TIFF")])
def test_a_picture_is_said_to_be_one_whatever_it_is_called(tmp_path, codec, name):
    path = tmp_path / "face.mp4"
    context = av.CodecContext.create(codec, "w")
    context.width = context.height = 64
    context.pix_fmt, context.time_base = "yuvj420p" if codec == "mjpeg" else "rgb24" if codec != "bmp" else "bgr24", 1
    frame = av.VideoFrame.from_ndarray(FRAMES[3], format="rgb24").reformat(format=context.pix_fmt)
    path.write_bytes(b"".join(bytes(packet) for packet in [*context.encode(frame), *context.encode(None)]))
    with pytest.raises(InputError, match=rf"is a picture \({name}\)"):
        check_video(path)


@pytest.mark.parametrize(
    "head", [b"RIFF\0\0\0\0WEBPVP8 ", b"\0\0\0\x18ftypheic\0\0\0\0", b"\0\0\0\x1cftypavif\0\0\0\0"]
)
def test_pictures_in_containers_of_videos_are_pictures(tmp_path, head):
    path = tmp_path / "phone.jpg"
    path.write_bytes(head + bytes(100))
    with pytest.raises(InputError, match="is a picture"):
        check_video(path)


def test_a_command_without_any_usable_video_is_refused_with_every_reason(tmp_path, video):
    (tmp_path / "notes.txt").write_text("none")
    bad = [str(tmp_path / name) for name in ("notes.txt", "missing.mp4")]
    with pytest.raises(ValueError, match=r"(?s)none of the 2 .*notes\.txt: is not a video.*missing\.mp4: does not"):
        check_videos(bad)
    with pytest.raises(InputError, match=r"missing\.mp4"):
        check_videos(bad[1:])
    check_videos([*bad, video])  # the flow says what is wrong with the others, and goes on
    check_videos([])


def test_a_url_among_good_videos_is_refused_too(video):
    with pytest.raises(InputError, match="is a URL"):
        check_videos([video, "https://host/talk.mp4"])


def test_a_speech_needs_sound(tmp_path, video):
    check_speech(str(write_sound(tmp_path / "a.wav", tone(0.5, 16000))))
    with pytest.raises(InputError, match="no sound"):
        check_speech(video)


def _pictures(codec: str, count: int) -> bytes:
    """Pictures as they are stored, one behind the other."""
    context = av.CodecContext.create(codec, "w")
    context.width = context.height = 64
    context.pix_fmt, context.time_base = "yuvj420p", 1
    packets = []
    for picture in FRAMES[:count]:
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuvj420p")
        packets += context.encode(frame)
    return b"".join(bytes(packet) for packet in [*packets, *context.encode(None)])


def test_pictures_one_behind_the_other_are_a_video_and_a_photograph_with_its_previews_is_none(tmp_path):
    for name, count in (("a.mjpeg", 10), ("a.mp4", 10)):
        (tmp_path / name).write_bytes(_pictures("mjpeg", count))
        check_video(tmp_path / name)
    for name, count in (("a.mpo", 2), ("b.mjpeg", 1), ("a.jpg", 3)):
        (tmp_path / name).write_bytes(_pictures("mjpeg", count))
        with pytest.raises(InputError, match=r"is a picture \(JPEG\)"):
            check_video(tmp_path / name)
    check_video(write_video(tmp_path / "a.apng", FRAMES, codec="apng", pix_fmt="rgb24"))
    check_video(write_video(tmp_path / "a.gif", FRAMES[:2], codec="gif", pix_fmt="rgb8", fps=5))
    with pytest.raises(InputError, match=r"is a picture \(GIF\)"):
        check_video(write_video(tmp_path / "b.gif", FRAMES[:1], codec="gif", pix_fmt="rgb8", fps=5))


@pytest.mark.parametrize(("frames", "fps", "fits"), [(1, 30, False), (7, 30, False), (8, 30, True), (3, 10, True)])
def test_a_video_that_ends_too_soon_is_refused_as_the_stage_refuses_it(tmp_path, frames, fps, fits):
    path = str(write_video(tmp_path / "talk.mp4", FRAMES[:frames], fps=fps))
    if fits:
        check_videos([path], min_seconds=0.25)
        return
    with pytest.raises(InputError, match=rf"talk\.mp4: only {frames} frame.*; give a video of at least 0\.25 s"):
        check_videos([path], min_seconds=0.25)


@pytest.mark.parametrize(
    "head", [b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP", b"\0\0\0\x18ftypheic"]
)
def test_a_picture_given_as_speech_is_said_to_be_one(tmp_path, head):
    path = tmp_path / "face.wav"
    path.write_bytes(head + bytes(100))
    with pytest.raises(InputError, match=r"is a picture .*; give an audio or video file with the speech"):
        check_speech(str(path))


@pytest.mark.parametrize("check", [check_speech, lambda name: check_videos([name], min_seconds=0.25)])
@pytest.mark.parametrize("name", ["empty.mp4", "./text.mp4", "sub/../face.mp4", "missing.mp4"])
def test_a_file_is_called_as_it_was_typed(tmp_path, monkeypatch, check, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("none " * 100)
    (tmp_path / "face.mp4").write_bytes(b"\xff\xd8\xff\xe0" + bytes(100))
    with pytest.raises(InputError) as refused:
        check(name)
    assert str(refused.value).startswith(f"{name}: ")


def test_a_speech_that_is_too_short_or_too_long_is_refused(tmp_path):
    path = str(write_sound(tmp_path / "a.wav", tone(0.5, 16000)))
    check_speech(path, max_seconds=0.6)
    with pytest.raises(InputError, match=r"a\.wav: is 0 s long \(limit 0 s\); cut it"):
        check_speech(path, max_seconds=0.4)
    short = str(write_sound(tmp_path / "b.wav", tone(0.006, 16000)))
    with pytest.raises(InputError, match=r"b\.wav: is 0\.00 s long; give at least 0\.2 s"):
        check_speech(short)
