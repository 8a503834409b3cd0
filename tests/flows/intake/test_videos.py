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
