"""Frames of a video at a constant rate, one at a time."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tango_models.errors import InputError
from tango_models.media.container import (
    MAX_SECONDS,
    check_seconds,
    check_side,
    checked_path,
    declared_end,
    open_media,
)
from tango_models.media.joined import unread_note
from tango_models.media.packets import has_times
from tango_models.media.pictures.colour import to_rgb, unknown_matrix
from tango_models.media.pictures.decoding import Pictures, first_times
from tango_models.media.pictures.deinterlace import deinterlaced
from tango_models.media.pictures.geometry import Geometry, geometry_of
from tango_models.media.pictures.rate import UNNAMED_RATE, measure_rate, steadied, stream_rate
from tango_models.media.pictures.timing import resample
from tango_models.media.pictures.track import find_picture_track, video_stream

if TYPE_CHECKING:
    import av
    import av.container
    import av.video.stream

    Shown = tuple[av.VideoFrame, int]  # a picture and the number of jumps of the clock before it
    TimedShown = tuple[Fraction | None, Fraction | None, Shown]

FPS = 30.0


class FrameReader:
    """Iterates over a video's frames, (H, W, 3) uint8 RGB, at a constant rate by timestamps.

    Rotation, pixel aspect, deinterlacing and colour are applied, sides are even. One frame is held in memory at a time.
    After (or during) the iteration these tell what happened; a file cut off in the middle yields what can be decoded
    and then ends:

    truncated         the file ended before the length that its header declares
    count             frames yielded so far
    breaks            frames at which the file's clock had jumped: recordings that were joined, or a hole
    notes             what could not be used as it is, a line each

    Raises InputError: see `open_media` and `video_stream`; also when not one frame can be decoded.
    """

    def __init__(self, path: str | os.PathLike[str], *, fps: float = FPS) -> None:
        if not 1 <= fps <= 240:
            raise ValueError(f"fps must lie in 1..240, not {fps}")
        self.path: Path = checked_path(path)
        self.fps = Fraction(fps).limit_denominator(1001)
        self._begin()

    def _begin(self) -> None:
        self.geometry: Geometry | None = None
        self.truncated, self.count = False, 0
        self.breaks: list[int] = []
        self.notes: list[str] = []
        self._size: tuple[int, int] | None = None
        self._resized: int | None = None  # the first frame of another size
        self._unknown = ""  # a matrix

    def __iter__(self) -> Iterator[np.ndarray]:
        from av.video.reformatter import VideoReformatter

        reformatter = VideoReformatter()
        self._begin()
        measured = measure_rate(first_times(self.path))
        with open_media(self.path) as container:
            stream = video_stream(container, self.path)
            self._nominal = stream_rate(stream, measured)
            self.notes = self._said_before(container)
            pictures = Pictures(container, stream)
            timed = deinterlaced(pictures)
            if measured is not None and measured.trembles:
                timed = steadied(timed, measured)
            shown: av.VideoFrame | None = None
            rgb: np.ndarray | None = None
            jumps = 0
            for frame, jumped in resample(self._watched(timed, pictures), fps=self.fps, nominal_fps=self._nominal):
                if frame is not shown or rgb is None:  # convert only what is shown
                    rgb, shown = self._picture(frame, stream, reformatter), frame
                else:
                    rgb = rgb.copy()  # a repeated frame must not be the same array: callers may draw on it
                if jumped > jumps and self.count:
                    self.breaks.append(self.count)
                jumps = jumped
                self.count += 1
                check_seconds(self.path, self.count / float(self.fps), MAX_SECONDS)
                yield rgb
            end = declared_end(container, stream)
        if not self.count:
            fault = "holds no frame that can be decoded"
            if pictures.damaged:
                fault += f" ({pictures.damaged} damaged)"
            raise InputError(str(self.path), fault, "re-export it as an MP4 (H.264)")
        self.truncated = pictures.packets.broken or (end is not None and pictures.packets.end < end)
        self.notes += self._said(pictures)

    def _watched(self, timed: Iterable, pictures: Pictures) -> Iterator[TimedShown]:
        """The pictures, each with the number of jumps before it."""
        jumps = 0
        for time, length, frame in timed:
            while time is not None and jumps < len(pictures.jumped) and time >= pictures.jumped[jumps]:
                jumps += 1
            yield time, length, (frame, jumps)

    def _picture(self, frame: av.VideoFrame, stream: av.video.stream.VideoStream, reformatter) -> np.ndarray:
        import av

        size = frame.width, frame.height
        geometry = self.geometry
        if geometry is None or size != self._size:
            check_side(self.path, *size)
            geometry = geometry_of(frame, float(stream.sample_aspect_ratio or 0))
        if self.geometry is None:
            self.geometry, self._size = geometry, size
        self._unknown = self._unknown or unknown_matrix(frame)
        try:
            rgb = to_rgb(frame, reformatter, geometry.stored_width, geometry.stored_height)
        except (av.error.FFmpegError, ValueError) as error:
            fault = f"has a picture format that cannot be converted ({frame.format.name})"
            raise InputError(str(self.path), fault, "re-export it as an MP4 (H.264)") from error
        rgb = geometry.display(rgb)
        if geometry is self.geometry:
            return rgb
        if self._resized is None:
            self._resized = self.count
        return self.geometry.fit(rgb)

    def _said_before(self, container: av.container.InputContainer) -> list[str]:
        track = find_picture_track(container, self.path)
        notes = [track.note] if track is not None and track.note else []
        if not has_times(container) and not video_stream(container, self.path).codec_context.framerate:
            notes.append(f"names no rate of its pictures: {UNNAMED_RATE} a second are shown")
        return notes

    def _said(self, pictures: Pictures) -> list[str]:
        notes = []
        if pictures.unseen:
            notes.append(f"its first {pictures.unseen} pictures cannot be decoded and were left out")
        if pictures.damaged:
            notes.append(f"{pictures.damaged} of its pictures are damaged and were left out")
        if pictures.packets.clock.jumps:
            holes = sum(jump.hole for jump in pictures.packets.clock.jumps)
            places = ", ".join(f"{frame / float(self.fps):.1f} s" for frame in self.breaks[:5])
            places += ", …" * (len(self.breaks) > 5)
            said = f"its clock starts again or jumps at {places}" if places else "its clock jumps"
            hole = f"; {holes:.0f} s in which nothing was recorded were left out" if holes >= 1 else ""
            notes.append(f"{said}: taken as recordings that were joined{hole}")
        if joined := unread_note(self.path, pictures.packets.read):
            notes.append(joined)
        if pictures.packets.strange:
            notes.append("a further picture or sound begins in the middle of it and was left out")
        if self._unknown:
            notes.append(f"its colours are stored as {self._unknown}, which is not known here: they are shown wrong")
        if self._resized is not None:
            at = self._resized / float(self.fps)
            notes.append(f"its picture has another size from {at:.1f} s on and was fitted into the first")
        return notes


def iter_frames(path: str | os.PathLike[str], *, fps: float = FPS) -> Iterator[np.ndarray]:
    """Frames of a video, (H, W, 3) uint8 RGB, at constant `fps`; see FrameReader."""
    return iter(FrameReader(path, fps=fps))
