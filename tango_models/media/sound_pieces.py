"""The sound of a file as it is, all channels at their own rate, on the clock of its picture.

Sample 0 belongs to the first video frame: where a file's sound starts later than its picture, zeros are put before it;
where it starts earlier, that part is cut. Gaps in the sound's timestamps are filled with zeros, so it stays in step.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tango_models.errors import InputError
from tango_models.media.container import check_seconds, moving_picture, open_media

if TYPE_CHECKING:
    import av
    import av.container

REMEDY = "export it again as WAV, FLAC, MP3 or M4A"
_STEP = 0.05  # seconds by which timestamps must leave the running clock before they count as a gap or an overlap


@dataclass(frozen=True)
class SoundPiece:
    """Consecutive samples."""

    samples: np.ndarray
    """(C, n) float32, full scale 1."""
    rate: int
    layout: str
    """FFmpeg's name: `mono`, `stereo`, `5.1`."""
    names: tuple[str, ...]
    """Of the channels, as FFmpeg calls them; `NONE` where the file does not say."""

    def with_samples(self, samples: np.ndarray) -> SoundPiece:
        """The same with other samples."""
        return SoundPiece(samples, self.rate, self.layout, self.names)


def decodable_tracks(path: Path) -> tuple[list[int], int]:
    """Numbers, among the file's sound tracks, of those of which something can be decoded, and how many there are.

    Raises InputError: see `open_media`.
    """
    with open_media(path) as container:
        count = len(container.streams.audio)
        known = [k for k, stream in enumerate(container.streams.audio) if stream.codec_context is not None]
    return [k for k in known if _can_decode(path, k)], count


def sound_pieces(path: Path, track: int, *, max_seconds: float) -> Iterator[SoundPiece]:
    """The pieces of sound track `track` (its number among the sound tracks), in order and without gaps.

    Raises InputError: see `open_media`; longer than `max_seconds`, an absurd rate, or samples that are not numbers.
    """
    origin = picture_start(path)
    with open_media(path) as container:
        placed = False
        clock: float | None = None  # seconds on the file's clock where the next sample is due
        begin = 0.0
        for frame, lasts in _without_padding(_decode(container, container.streams.audio[track])):
            piece = _piece(path, frame)
            rate, samples = piece.rate, piece.samples[:, :lasts]
            start = None if frame.pts is None or frame.time_base is None else float(frame.pts * frame.time_base)
            if clock is None:
                clock = begin = origin if origin is not None else (start or 0.0)
            # The beginning is placed to the sample; later pieces follow the running clock.
            if start is not None and (not placed or abs(start - clock) > _STEP):
                shift = round((start - clock) * rate)
                if shift > 0:
                    check_seconds(path, clock - begin + shift / rate, max_seconds)
                    for first in range(0, shift, rate):
                        yield piece.with_samples(np.zeros((len(samples), min(rate, shift - first)), np.float32))
                    clock += shift / rate
                elif shift < 0:
                    samples = samples[:, -shift:]  # before the first picture, or said twice
            if not samples.shape[1]:
                continue
            placed = True
            clock += samples.shape[1] / rate
            check_seconds(path, clock - begin, max_seconds)
            yield piece.with_samples(samples)


def picture_start(path: Path) -> float | None:
    """Seconds, on the file's clock, at which the first video frame is shown; None for a sound file."""
    import av

    with open_media(path) as container:
        stream = moving_picture(container)
        if stream is None:
            return None
        try:
            for frame in container.decode(stream):
                if frame.pts is not None and frame.time_base is not None:
                    return float(Fraction(frame.pts) * frame.time_base)
                break
        except (av.error.FFmpegError, OSError):
            pass
        start = stream.start_time
        return float(start * stream.time_base) if start is not None and stream.time_base else None


def _can_decode(path: Path, track: int) -> bool:
    with open_media(path) as container:
        return next(_decode(container, container.streams.audio[track]), None) is not None


def _decode(container: av.container.InputContainer, stream: Any) -> Iterator[av.AudioFrame]:
    """Frames of the stream; damaged packets are left out, and a cut-off file ends where it ends."""
    import av

    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except (StopIteration, av.error.FFmpegError, OSError):
            return
        try:
            frames = packet.decode()
        except av.error.FFmpegError:
            continue
        yield from (frame for frame in frames if frame.samples)


def _without_padding(frames: Iterator[av.AudioFrame]) -> Iterator[tuple[av.AudioFrame, int]]:
    """Frames, and how many samples of each count: of the last those that it is to last, since codecs fill it up."""
    held: av.AudioFrame | None = None
    for frame in frames:
        if held is not None:
            yield held, held.samples
        held = frame
    if held is not None:
        lasts = held.samples
        if held.duration and held.time_base and held.time_base * held.sample_rate <= 1:
            lasts = min(lasts, round(held.duration * held.time_base * held.sample_rate))
        yield held, lasts


def _piece(path: Path, frame: av.AudioFrame) -> SoundPiece:
    """A decoded frame in any integer or float format."""
    import av

    if not 1000 <= frame.sample_rate <= 768_000:
        raise InputError(str(path), f"has a sample rate of {frame.sample_rate} Hz", REMEDY)
    try:
        samples = _to_float(frame)
    except (av.error.FFmpegError, ValueError, TypeError) as error:
        raise InputError(str(path), f"has an unknown sample format ({frame.format.name})", REMEDY) from error
    if not np.isfinite(samples).all():
        raise InputError(str(path), "holds samples that are not numbers", REMEDY)
    layout = frame.layout
    if len(samples) < 3:  # where the file does not say (many WAV), one or two channels are what they always are
        layout = av.AudioLayout(("mono", "stereo")[len(samples) - 1])
    return SoundPiece(samples, frame.sample_rate, layout.name, tuple(channel.name for channel in layout.channels))


def _to_float(frame: av.AudioFrame) -> np.ndarray:
    """(C, n) float32, full scale 1."""
    samples = frame.to_ndarray()
    if not frame.format.is_planar:
        samples = samples.reshape(-1, len(frame.layout.channels)).T
    if samples.dtype == np.uint8:
        return (samples.astype(np.float32) - np.float32(128)) / np.float32(128)
    if samples.dtype.kind == "i":
        return samples.astype(np.float32) / np.float32(2 ** (8 * samples.dtype.itemsize - 1))
    return np.ascontiguousarray(samples, dtype=np.float32)
