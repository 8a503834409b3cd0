"""Frames of a video at a constant rate, one at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tango_models.errors import InputError
from tango_models.media.colour import to_rgb
from tango_models.media.container import (
    MAX_SECONDS,
    check_seconds,
    check_side,
    checked_path,
    container_seconds,
    open_media,
    video_stream,
)
from tango_models.media.geometry import Geometry, geometry_of
from tango_models.media.timing import resample

if TYPE_CHECKING:
    import av
    import av.container
    import av.video.stream

FPS = 30.0


class FrameReader:
    """Iterates over a video's frames, (H, W, 3) uint8 RGB, at a constant rate by timestamps.

    Rotation and pixel aspect are applied, sides are even. One frame is held in memory at a time. After (or during) the
    iteration these tell what happened; a file cut off in the middle yields what can be decoded and then ends:

    truncated         the file ended before the length that its header declares
    count             frames yielded so far

    Raises InputError: see `open_media` and `video_stream`; also when not one frame can be decoded.
    """

    def __init__(self, path: str | os.PathLike[str], *, fps: float = FPS) -> None:
        if not 1 <= fps <= 240:
            raise ValueError(f"fps must lie in 1..240, not {fps}")
        self.path: Path = checked_path(path)
        self.fps = Fraction(fps).limit_denominator(1001)
        self.geometry: Geometry | None = None
        self.truncated = False
        self.count = 0
        self._media_end, self._packets = 0.0, 0

    def __iter__(self) -> Iterator[np.ndarray]:
        from av.video.reformatter import VideoReformatter

        reformatter = VideoReformatter()
        self.truncated, self.count, self.geometry = False, 0, None
        self._media_end, self._packets = 0.0, 0
        with open_media(self.path) as container:
            stream = video_stream(container, self.path)
            shown: av.VideoFrame | None = None
            rgb: np.ndarray | None = None
            for frame in resample(self._decode(container, stream), fps=self.fps, nominal_fps=nominal_fps(stream)):
                if frame is not shown or rgb is None:  # convert only what is shown
                    rgb, shown = self._picture(frame, stream, reformatter), frame
                else:
                    rgb = rgb.copy()  # a repeated frame must not be the same array: callers may draw on it
                self.count += 1
                check_seconds(self.path, self.count / float(self.fps), MAX_SECONDS)
                yield rgb
            declared, declared_packets = container_seconds(container), stream.frames
        if not self.count:
            raise InputError(str(self.path), "holds no frame that can be decoded", "re-export it as an MP4 (H.264)")
        # AVI readers scale the declared time down to the bytes that are there, but keep the declared count.
        if (declared and self._media_end < declared - max(0.25, 0.01 * declared)) or (
            self._packets < 0.97 * declared_packets - 2
        ):
            self.truncated = True

    def _decode(
        self, container: av.container.InputContainer, stream: av.video.stream.VideoStream
    ) -> Iterator[tuple[Fraction | None, Fraction | None, av.VideoFrame]]:
        """(time, duration, frame) in presentation order; notes damage instead of raising."""
        import av

        stream.thread_type = "AUTO"
        origin = (container.start_time or 0) / 1_000_000
        packets = container.demux()  # every stream, for the place where the media ends
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except (av.error.FFmpegError, OSError):  # the demuxer ran into missing bytes
                self.truncated = True
                yield from self._flush(stream)
                return
            if packet.pts is not None and packet.time_base:
                end = float((packet.pts + (packet.duration or 0)) * packet.time_base) - origin
                self._media_end = max(self._media_end, end)
            if packet.stream.index != stream.index:
                continue
            self._packets += packet.size > 0
            with suppress(av.error.FFmpegError):  # a damaged packet is left out
                for frame in stream.decode(packet):
                    yield _timed(frame)

    def _flush(self, stream: av.video.stream.VideoStream) -> Iterator:
        import av

        with suppress(av.error.FFmpegError):
            for frame in stream.decode(None):
                yield _timed(frame)

    def _picture(self, frame: av.VideoFrame, stream: av.video.stream.VideoStream, reformatter) -> np.ndarray:
        import av

        if self.geometry is None:
            check_side(self.path, frame.width, frame.height)
            self.geometry = geometry_of(frame, float(stream.sample_aspect_ratio or 0))
        # A stream may change its size in the middle; it is scaled to the first frame's.
        try:
            rgb = to_rgb(frame, reformatter, self.geometry.stored_width, self.geometry.stored_height)
        except (av.error.FFmpegError, ValueError) as error:
            fault = f"has a picture format that cannot be converted ({frame.format.name})"
            raise InputError(str(self.path), fault, "re-export it as an MP4 (H.264)") from error
        return self.geometry.display(rgb)


def iter_frames(path: str | os.PathLike[str], *, fps: float = FPS) -> Iterator[np.ndarray]:
    """Frames of a video, (H, W, 3) uint8 RGB, at constant `fps`; see FrameReader."""
    return iter(FrameReader(path, fps=fps))


def nominal_fps(stream: av.video.stream.VideoStream) -> Fraction:
    """The rate that the stream declares, kept to 1..240; 30 when it declares none."""
    rate = stream.average_rate or stream.guessed_rate or stream.base_rate or Fraction(30)
    return min(max(Fraction(rate), Fraction(1)), Fraction(240))


def _timed(frame: av.VideoFrame) -> tuple[Fraction | None, Fraction | None, av.VideoFrame]:
    if frame.time_base is None:
        return None, None, frame
    time = None if frame.pts is None else frame.pts * frame.time_base
    duration = frame.duration * frame.time_base if frame.duration else None
    return time, duration, frame
