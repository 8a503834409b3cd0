"""Containers of films and recordings: those that hold their own media are read, no others are opened."""

import av
import numpy as np
import pytest
from av.format import ContainerFormat

from tango_models.errors import InputError
from tango_models.media.container import FORMATS, open_media
from tango_models.media.pictures.frames import iter_frames
from tango_models.media.sound.audio import read_audio
from tests.media_samples import coded_picture, has_encoder, read_code, tone, write_sound, write_video

_NO_FILE = 1
"""AVFMT_NOFILE: the format opens what it reads by itself."""
PICTURES = {
    "dv": ("dvvideo", "yuv411p", (720, 480)),
    "y4m": ("rawvideo", "yuv420p", (96, 64)),
    "mjpeg": ("mjpeg", "yuvj420p", (96, 64)),
    "apng": ("apng", "rgb24", (96, 64)),
    "rm": ("rv20", "yuv420p", (96, 64)),
    "wtv": ("mpeg2video", "yuv420p", (96, 64)),
    "gxf": ("mpeg2video", "yuv420p", (720, 512)),
    "obu": ("libsvtav1", "yuv420p", (96, 64)),
    "h263": ("h263", "yuv420p", (352, 288)),
}
SOUNDS = {
    "wv": ("wavpack", 16000),
    "tta": ("tta", 16000),
    "eac3": ("eac3", 48000),
    "voc": ("pcm_s16le", 16000),
    "sox": ("pcm_s32le", 16000),
    "sf": ("pcm_s16le", 16000),
    "g722": ("g722", 16000),
    "sbc": ("sbc", 44100),
    "aptx": ("aptx", 48000),
    "dts": ("dca", 48000),
    "ra": ("ac3", 48000),
}


@pytest.mark.parametrize("suffix", PICTURES)
def test_the_pictures_of_a_container_are_read(tmp_path, suffix):
    codec, pix_fmt, (width, height) = PICTURES[suffix]
    if not has_encoder(codec):
        pytest.skip(f"no {codec}")
    numbers = [0, 1023, 0b1010101010, 0b1100110011] * 3
    pictures = [coded_picture(number, width, height) for number in numbers]
    rate = 30000 / 1001 if suffix in ("dv", "gxf", "h263") else 30
    options = {"preset": "12"} if suffix == "obu" else {"b": "8000000", "g": "1"}
    path = write_video(tmp_path / f"film.{suffix}", pictures, codec=codec, pix_fmt=pix_fmt, fps=rate, options=options)
    seen = {read_code(frame) for frame in iter_frames(path)}
    assert seen == set(numbers)


@pytest.mark.parametrize("suffix", SOUNDS)
def test_the_sound_of_a_container_is_read(tmp_path, suffix):
    codec, rate = SOUNDS[suffix]
    if not has_encoder(codec):
        pytest.skip(f"no {codec}")
    channels = 2 if codec in ("aptx", "sbc") else 1
    path = write_sound(tmp_path / f"speech.{suffix}", tone(1.0, rate), rate=rate, codec=codec, channels=channels)
    sound = read_audio(path)
    assert abs(len(sound) / 16000 - 1) < 0.3  # some fill up whole blocks
    spectrum = np.abs(np.fft.rfft(sound[:16000]))
    assert abs(spectrum.argmax() - 220) <= 2


def test_no_format_opens_what_it_reads_by_itself():
    for name in FORMATS.split(","):
        assert not ContainerFormat(name, "r").flags & _NO_FILE, name
    others = [
        "hls",
        "dash",
        "concat",
        "concatf",
        "sdp",
        "rtp",
        "rtsp",
        "sap",
        "image2",
        "imf",
        "mlv",
        "vobsub",
        "lavfi",
    ]
    assert not set(others) & set(FORMATS.split(","))


@pytest.mark.parametrize("suffix", ["mlv", "m3u8", "txt", "mp4"])
@pytest.mark.parametrize(
    "text",
    ["#EXTM3U\n#EXTINF:10,\nfile:///etc/hostname\n", "ffconcat version 1.0\nfile /etc/hostname\n", "v=0\nm=video 1\n"],
)
def test_a_list_of_other_files_is_no_film_whatever_it_is_called(tmp_path, suffix, text):
    path = tmp_path / f"list.{suffix}"
    path.write_text(text)
    with pytest.raises(InputError), open_media(path):
        pass


@pytest.mark.parametrize("name", ["a.mjpeg", "a.mpo", "a.jpg", "a.mp4"])
def test_a_single_picture_is_no_film_whatever_it_is_called(tmp_path, name):
    context = av.CodecContext.create("mjpeg", "w")
    context.width, context.height, context.pix_fmt, context.time_base = 96, 64, "yuvj420p", 1
    frame = av.VideoFrame.from_ndarray(coded_picture(5), format="rgb24").reformat(format="yuvj420p")
    path = tmp_path / name
    path.write_bytes(b"".join(bytes(packet) for packet in [*context.encode(frame), *context.encode(None)]))
    with pytest.raises(InputError), open_media(path):
        pass
