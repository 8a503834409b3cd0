"""Odd media files for tests, made with PyAV in a few milliseconds each."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

CODE_BITS = 10  # frames carry a number as black and white columns


def coded_picture(number: int, width: int = 96, height: int = 64) -> np.ndarray:
    """(height, width, 3) grey picture whose columns spell `number` in binary; survives any codec."""
    picture = np.zeros((height, width, 3), np.uint8)
    edges = np.linspace(0, width, CODE_BITS + 1).astype(int)
    for bit in range(CODE_BITS):
        picture[:, edges[bit] : edges[bit + 1]] = 235 if number >> bit & 1 else 20
    return picture


def read_code(picture: np.ndarray) -> int:
    """The number that `coded_picture` wrote."""
    edges = np.linspace(0, picture.shape[1], CODE_BITS + 1)
    centres = ((edges[:-1] + edges[1:]) / 2).astype(int)
    middle = picture[picture.shape[0] // 2, centres].mean(axis=-1)
    return int(sum(1 << bit for bit, value in enumerate(middle) if value > 128))


def tone(seconds: float, rate: int, hertz: float = 220.0) -> np.ndarray:
    """float32 (S,) of a sine at half amplitude."""
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def write_video(
    path: Path,
    pictures: Sequence[np.ndarray],
    *,
    fps: float | None = 30,
    times_ms: Sequence[int] | None = None,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    rotation: int = 0,
    hflip: bool = False,
    sample_aspect: Fraction | None = None,
    options: dict[str, str] | None = None,
    sound: np.ndarray | None = None,
    sound_rate: int = 48000,
    sound_codec: str = "aac",
    sound_start_ms: int = 0,
    colourspace: int | None = None,
    colour_range: int | None = None,
    movflags: str | None = None,
) -> Path:
    """A video of (H, W, 3) RGB pictures, by frame rate or by explicit `times_ms`; `rotation` in degrees clockwise-less
    (as FFmpeg's display matrix: counter-clockwise), `sound` mono float32."""
    from av.video.reformatter import VideoReformatter

    container_options = {"movflags": movflags} if movflags else {}
    with av.open(str(path), "w", options=container_options) as container:
        rate = Fraction(fps or 30).limit_denominator(1001)
        stream = container.add_stream(codec, rate=rate)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = pix_fmt
        base = Fraction(1, 1000) if times_ms is not None else 1 / rate
        stream.time_base = stream.codec_context.time_base = base
        if colourspace:
            stream.codec_context.colorspace = colourspace
        if colour_range:
            stream.codec_context.color_range = colour_range
        if sample_aspect:
            stream.codec_context.sample_aspect_ratio = sample_aspect
        if rotation or hflip:
            stream.set_display_rotation(rotation, hflip=hflip)
        stream.codec_context.options = {"preset": "ultrafast", "crf": "10"} if codec == "libx264" else {}
        stream.codec_context.options = {**stream.codec_context.options, **(options or {})}
        audio = None
        if sound is not None:
            audio = container.add_stream(sound_codec, rate=sound_rate, layout="mono")
        reformatter = VideoReformatter()
        for index, picture in enumerate(pictures):
            frame = reformatter.reformat(
                av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24"),
                format=pix_fmt,
                dst_colorspace=colourspace,
                src_color_range=2,
                dst_color_range=colour_range or 1,
            )
            frame.pts, frame.time_base = (times_ms[index] if times_ms is not None else index), base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if audio is not None:
            _mux_sound(container, audio, sound, sound_rate, sound_start_ms)
    return path


def write_sound(
    path: Path,
    samples: np.ndarray,
    *,
    rate: int = 16000,
    codec: str = "pcm_s16le",
    channels: int = 1,
    sample_format: str | None = None,
) -> Path:
    """A sound file of mono float32 samples, copied to every channel."""
    with av.open(str(path), "w") as container:
        layout = {1: "mono", 2: "stereo"}[channels]
        stream = container.add_stream(codec, rate=rate, layout=layout)
        if sample_format:
            stream.codec_context.format = sample_format
        _mux_sound(container, stream, samples, rate, 0, layout)
    return path


def _mux_sound(container, stream, samples: np.ndarray, rate: int, start_ms: int, layout: str = "mono") -> None:
    channels = 2 if layout == "stereo" else 1
    resampler = av.AudioResampler(format=stream.codec_context.format, layout=layout, rate=rate)
    offset = round(start_ms * rate / 1000)
    step = 1024
    for start in range(0, len(samples), step):
        piece = np.repeat(samples[None, start : start + step], channels, axis=0)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(piece), format="fltp", layout=layout)
        frame.sample_rate, frame.pts, frame.time_base = rate, offset + start, Fraction(1, rate)
        for converted in resampler.resample(frame):
            container.mux(stream.encode(converted))
    container.mux(stream.encode(None))


def huge_header(path: Path, side: int = 8000) -> Path:
    """A small valid MP4 whose picture is `side` x `side`: one flat intra frame."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=30)
        stream.width = stream.height = side
        stream.pix_fmt = "yuv420p"
        frame = av.VideoFrame(side, side, "yuv420p")
        for plane in frame.planes:
            plane.update(b"\x80" * plane.buffer_size)
        frame.pts = 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def cut_off(path: Path, source: Path, share: float) -> Path:
    """The first `share` of the bytes of `source`."""
    data = source.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


def has_encoder(name: str) -> bool:
    """Whether this FFmpeg build can encode `name`."""
    try:
        av.codec.Codec(name, "w")
    except (av.error.FFmpegError, ValueError):
        return False
    return True
