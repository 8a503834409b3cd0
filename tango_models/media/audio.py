"""Audio of any file as mono float32 at one rate.

Sample 0 belongs to the first video frame: where a file's sound starts later than its picture, zeros are put before it;
where it starts earlier, that part is cut. Gaps in the sound's timestamps are filled with zeros, so it stays in step.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tango_models.errors import InputError
from tango_models.media.container import MAX_SECONDS, check_seconds, checked_path, moving_picture, open_media

if TYPE_CHECKING:
    import av
    import av.container

RATE = 16000
SHORTEST_SPEECH = 0.2  # seconds; less is not one syllable, and under two clips of video
LONGEST_SPEECH = 3600.0
_STEP = 0.05  # seconds by which timestamps must leave the running clock before they count as a gap or an overlap
_REMEDY = "export it again as WAV, FLAC, MP3 or M4A"


def audio_blocks(
    path: str | os.PathLike[str], *, rate: int = RATE, max_seconds: float = MAX_SECONDS
) -> Iterator[np.ndarray]:
    """Blocks of float32 (n,) mono at `rate`, in order, n about 10 to 100 ms; memory does not grow with the length.

    Channels are averaged. Resampled by soxr (high quality, linear phase, its delay taken out).
    Raises InputError: no audio stream, unreadable, longer than `max_seconds`, samples that are not numbers.
    """
    import soxr

    path = checked_path(path)
    resampler, source_rate, total = None, 0, 0
    for mono, frame_rate in _aligned(path, max_seconds):
        if resampler is None:
            source_rate = frame_rate
            resampler = soxr.ResampleStream(source_rate, rate, 1, dtype="float32", quality="HQ")
        elif frame_rate != source_rate:
            raise InputError(str(path), f"changes its sample rate ({source_rate} to {frame_rate} Hz)", _REMEDY)
        total += len(mono)
        check_seconds(path, total / source_rate, max_seconds)
        block = mono if source_rate == rate else resampler.resample_chunk(mono)
        if len(block):
            yield block
    if resampler is not None and source_rate != rate:
        block = resampler.resample_chunk(np.zeros(0, np.float32), last=True)
        if len(block):
            yield block


def read_audio(path: str | os.PathLike[str], *, rate: int = RATE, max_seconds: float = MAX_SECONDS) -> np.ndarray:
    """The whole audio, float32 (S,) mono at `rate`; InputError as `audio_blocks`, and when there is no sample."""
    blocks = list(audio_blocks(path, rate=rate, max_seconds=max_seconds))
    if not blocks:
        raise InputError(str(path), "holds no sound that can be decoded", _REMEDY)
    return np.concatenate(blocks)


def read_speech(path: str | os.PathLike[str], *, max_seconds: float = LONGEST_SPEECH, rate: int = RATE) -> np.ndarray:
    """A speech recording, float32 (S,) mono at `rate`.

    Silence is accepted: it gives a resting video. Raises InputError as `read_audio`, and when shorter than 0.2 s.
    """
    audio = read_audio(path, rate=rate, max_seconds=max_seconds)
    seconds = len(audio) / rate
    if seconds < SHORTEST_SPEECH:
        raise InputError(str(path), f"is {seconds:.2f} s long", f"give at least {SHORTEST_SPEECH} s of speech")
    return audio


def _aligned(path: Path, max_seconds: float) -> Iterator[tuple[np.ndarray, int]]:
    """(mono float32, rate) pieces on the clock of the first video frame."""
    import av

    origin = _first_picture_time(path)
    with open_media(path) as container:
        if not container.streams.audio:
            raise InputError(str(path), "has no sound", "give a file with an audio track")
        stream = container.streams.audio[0]
        placed = False
        clock: float | None = None  # seconds on the file's clock where the next sample is due
        for frame in _decode(container, stream):
            rate = frame.sample_rate
            if not 1000 <= rate <= 768_000:
                raise InputError(str(path), f"has a sample rate of {rate} Hz", _REMEDY)
            try:
                mono = to_mono(frame)
            except (av.error.FFmpegError, ValueError, TypeError) as error:
                raise InputError(str(path), f"has an unknown sample format ({frame.format.name})", _REMEDY) from error
            if not np.isfinite(mono).all():
                raise InputError(str(path), "holds samples that are not numbers", _REMEDY)
            start = None if frame.pts is None or frame.time_base is None else float(frame.pts * frame.time_base)
            if clock is None:
                clock = origin if origin is not None else (start or 0.0)
            # The beginning is placed to the sample; later pieces follow the running clock.
            if start is not None and (not placed or abs(start - clock) > _STEP):
                shift = round((start - clock) * rate)
                if shift > 0:
                    check_seconds(path, shift / rate, max_seconds)
                    for _ in range(shift // rate):
                        yield np.zeros(rate, np.float32), rate
                    yield np.zeros(shift % rate, np.float32), rate
                    clock += shift / rate
                elif shift < 0:
                    mono = mono[-shift:]  # before the first picture, or said twice
            if not len(mono):
                continue
            placed = True
            clock += len(mono) / rate
            yield mono, rate


def to_mono(frame: av.AudioFrame) -> np.ndarray:
    """float32 (S,) in -1..1, the mean of the channels, of a decoded frame in any integer or float format."""
    samples = frame.to_ndarray()
    channels = len(frame.layout.channels)
    if not frame.format.is_planar:
        samples = samples.reshape(-1, channels).T
    if samples.dtype == np.uint8:
        scaled = (samples.astype(np.float32) - np.float32(128)) / np.float32(128)
    elif samples.dtype.kind == "i":
        scaled = samples.astype(np.float32) / np.float32(2 ** (8 * samples.dtype.itemsize - 1))
    else:
        scaled = samples.astype(np.float32)
    return scaled.mean(axis=0, dtype=np.float32) if channels > 1 else np.ascontiguousarray(scaled[0])


def _decode(container: av.container.InputContainer, stream) -> Iterator[av.AudioFrame]:
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
        yield from frames


def _first_picture_time(path: Path) -> float | None:
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
