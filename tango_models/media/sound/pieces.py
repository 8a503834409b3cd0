"""The sound of a file as it is, all channels at their own rate, on the clock of its picture.

Sample 0 belongs to the first video frame: where a file's sound starts later than its picture, zeros are put before it;
where it starts earlier, that part is cut. Gaps in the sound's timestamps are filled with zeros, so it stays in step;
timestamps that start again or jump are followed by the clock that the picture follows, too.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tango_models.errors import InputError
from tango_models.media.container import check_seconds, open_media
from tango_models.media.packets import Packets
from tango_models.media.pictures.decoding import first_picture_time

if TYPE_CHECKING:
    import av
    import av.container

UNKNOWN = "holds no sound that can be decoded"
REMEDY = "export it again as WAV, FLAC, MP3 or M4A"
_UNTIMED = {"aac", "mp3", "ac3", "amr", "amrnb", "amrwb"}
"""Formats that are nothing but packets: their times are counted by the reader, in lengths of the first packet."""
_STEP = 0.05  # seconds by which timestamps must leave the running clock before they count as a gap or an overlap
_MOST_CHANNELS = 64
_PLANES = 8  # of a frame, that PyAV can tell the end of only where there are fewer: it reads on behind them
LOUDEST = 1e4
"""Times full scale: no recording, and an AAC encoder gives up somewhere above."""


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


def sound_pieces(path: Path, track: int, *, max_seconds: float) -> Generator[SoundPiece, None, None]:
    """The pieces of sound track `track` (its number among the sound tracks), in order and without gaps.

    What a lossy decoder makes of damage, samples that cannot be, is a gap.

    Raises InputError: see `open_media`; longer than `max_seconds`, an absurd rate, more than 64 channels, samples that
    are not numbers or absurdly large.
    """
    origin = first_picture_time(path)
    with open_media(path) as container:
        exact = container.streams.audio[track].codec_context.codec.lossless
        due: float | None = None  # seconds on the file's clock at which the next sample belongs
        begin, loose = 0.0, True
        untimed = container.format.name in _UNTIMED
        for frame, lasts, torn in _without_padding(_decode(container, container.streams.audio[track])):
            try:
                piece = _piece(path, frame)
            except InputError:
                if exact:
                    raise
                loose = True
                continue
            rate, samples = piece.rate, piece.samples[:, :lasts]
            start = None if frame.pts is None or frame.time_base is None else float(frame.pts * frame.time_base)
            if due is None:
                due = begin = origin if origin is not None else (start or 0.0)
            # The beginning, and what comes behind a tear, is placed to the sample; the rest follows what came before.
            loose |= torn
            if start is not None and not (untimed and due > begin) and (loose or abs(start - due) > _STEP):
                shift = round((start - due) * rate)
                if shift > 0:
                    check_seconds(path, due - begin + shift / rate, max_seconds)
                    for first in range(0, shift, rate):
                        yield piece.with_samples(np.zeros((len(samples), min(rate, shift - first)), np.float32))
                    due += shift / rate
                elif shift < 0:
                    samples = samples[:, -shift:]  # before the first picture, or said twice
            if not samples.shape[1]:
                continue
            loose = False
            due += samples.shape[1] / rate
            check_seconds(path, due - begin, max_seconds)
            yield piece.with_samples(samples)


def _can_decode(path: Path, track: int) -> bool:
    with open_media(path) as container:
        return next(_decode(container, container.streams.audio[track]), None) is not None


def _decode(container: av.container.InputContainer, stream: Any) -> Iterator[tuple[av.AudioFrame, bool]]:
    """Frames on the clock of `Packets`, and whether something is torn before: the beginning, a jump of the clock, a
    packet that could not be decoded."""
    import av

    packets, torn = Packets(container), True
    for packet in chain(packets, (None,)):  # None empties the decoder
        if packet is not None:
            if packet.stream.index != stream.index:
                continue
            torn |= packets.jumped
        try:
            frames = stream.decode(packet)
        except av.error.EOFError:  # the decoder was emptied already
            return
        except (av.error.FFmpegError, ValueError):
            torn = True
            continue
        for frame in frames:
            if frame.samples:
                yield frame, torn
                torn = False


def _without_padding(frames: Iterator[tuple[av.AudioFrame, bool]]) -> Iterator[tuple[av.AudioFrame, int, bool]]:
    """Frames with how many samples of each count: of the last those that it is to last, since codecs fill it up."""
    held: tuple[av.AudioFrame, bool] | None = None
    for found in frames:
        if held is not None:
            yield held[0], held[0].samples, held[1]
        held = found
    if held is not None:
        frame, torn = held
        lasts = frame.samples
        if frame.duration and frame.time_base and frame.time_base * frame.sample_rate <= 1:
            lasts = min(lasts, round(frame.duration * frame.time_base * frame.sample_rate))
        yield frame, lasts, torn


def _piece(path: Path, frame: av.AudioFrame) -> SoundPiece:
    """A decoded frame in any integer or float format."""
    import av

    if not 1000 <= frame.sample_rate <= 768_000:
        raise InputError(str(path), f"has a sample rate of {frame.sample_rate} Hz", REMEDY)
    if frame.layout.nb_channels > _MOST_CHANNELS:
        fault = f"has {frame.layout.nb_channels} channels (limit {_MOST_CHANNELS})"
        raise InputError(str(path), fault, "export it again with fewer channels")
    try:
        samples = frame_samples(frame)
    except (av.error.FFmpegError, ValueError, TypeError) as error:
        raise InputError(str(path), f"has an unknown sample format ({frame.format.name})", REMEDY) from error
    if not np.isfinite(samples).all():
        raise InputError(str(path), "holds samples that are not numbers", REMEDY)
    loudest = float(np.abs(samples).max(initial=0))
    if loudest > LOUDEST:
        fault = f"holds samples of {loudest:.3g} times full scale, which are not numbers of a recording"
        raise InputError(str(path), fault, f"bring it to -1..1 and {REMEDY}")
    layout = frame.layout
    if len(samples) < 3:  # where the file does not say (many WAV), one or two channels are what they always are
        layout = av.AudioLayout(("mono", "stereo")[len(samples) - 1])
    return SoundPiece(samples, frame.sample_rate, layout.name, tuple(channel.name for channel in layout.channels))


def frame_samples(frame: av.AudioFrame) -> np.ndarray:
    """(C, n) float32, full scale 1. Raises ValueError, TypeError or FFmpegError for unknown formats."""
    import av

    if (frame.format.is_planar and frame.layout.nb_channels >= _PLANES) or frame.format.name in ("s64", "s64p"):
        frame = av.AudioResampler(format="flt").resample(frame)[0]
    samples = frame.to_ndarray()
    if not frame.format.is_planar:
        samples = samples.reshape(-1, len(frame.layout.channels)).T
    if samples.dtype == np.uint8:
        return (samples.astype(np.float32) - np.float32(128)) / np.float32(128)
    if samples.dtype.kind == "i":
        return samples.astype(np.float32) / np.float32(2 ** (8 * samples.dtype.itemsize - 1))
    return np.ascontiguousarray(samples, dtype=np.float32)
