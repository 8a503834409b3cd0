"""The sound of a speech file as the result plays it: the user's own, never the mono copy that is analysed."""

from __future__ import annotations

import contextlib
import io
import itertools
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tango_models.media.container import MAX_SECONDS, open_media
from tango_models.media.pictures.decoding import first_picture_time
from tango_models.media.sound.downmix import LOW, AnalysisMix
from tango_models.media.sound.full_scale import times_full_scale
from tango_models.media.sound.pieces import SoundPiece, frame_samples, sound_pieces
from tango_models.media.sound.resampling import Resampler
from tango_models.media.sound.track import AAC_FRAME, CopiedTrack, EncodedTrack, SoundTrack

if TYPE_CHECKING:
    import av

RATE = 48_000
# What AAC and every player knows, beside stereo, and what has the same channels by another name, or by none.
_LAYOUTS = {name: name for name in ("3.0", "4.0", "5.0", "5.1", "7.1")}
_LAYOUTS |= {"5.0(side)": "5.0", "5.1(side)": "5.1", "6 channels": "5.1", "8 channels": "7.1"}
_UNNAMED = {"6 channels": 3, "8 channels": 3}  # and where the channel for low frequencies would be
_LOW = 250.0  # Hz; what is higher on the average is not for it, and the encoder would leave it out
_LOOK = 48  # packets, about a second, by which a copy is compared with its source


class SpeechSound:
    """A sound track of a file, ready to be muxed beside a picture; read as it is needed, never whole.

    AAC that begins with its file is copied, packet by packet, where a player then hears the same samples at the same
    time. Anything else is encoded as 48 kHz AAC in its own layout, mono as two equal channels, at its own level;
    six or eight channels that have no names as 5.1 or 7.1. Where the voice lies on the channel for low frequencies, the
    names of the channels are not believed, and all are heard on both sides: recorders write what they like there.
    Layouts that AAC does not have become stereo, lowered as a whole where their sum would be cut off; so is what is
    stored above full scale.

    Args:
        track: its number among the file's sound tracks.
    """

    def __init__(self, path: Path, track: int) -> None:
        self.path, self.track = path, track
        self._closing = contextlib.ExitStack()
        self.copied = _can_be_copied(path, track)
        if self.copied:
            with open_media(path) as container:
                self.rate = container.streams.audio[track].rate
        else:
            self.rate = RATE

    def open(self, container: Any) -> SoundTrack:
        """See `Sound.open`."""
        if self.copied:
            source = self._closing.enter_context(open_media(self.path))
            stream = source.streams.audio[self.track]
            return CopiedTrack(container, stream, _packets(source, stream))
        pieces = sound_pieces(self.path, self.track, max_seconds=MAX_SECONDS)
        first = next(pieces, None)
        layout, misnamed = "stereo" if first is None else _LAYOUTS.get(first.layout, "stereo"), ""
        if first is not None and not _is_surround(self.path, self.track, first):
            layout, misnamed = "stereo", first.layout
        scale = 1 / times_full_scale(self.path, self.track)
        gain = 1.0
        if first is not None and not misnamed and _folded(first, layout):
            gain = _gain_of_sum(sound_pieces(self.path, self.track, max_seconds=MAX_SECONDS), layout)
        return EncodedTrack(container, _blocks(first, pieces, layout, gain, scale, misnamed), RATE, layout)

    def __enter__(self) -> SpeechSound:
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.close()


def _blocks(
    first: SoundPiece | None, pieces: Iterator[SoundPiece], layout: str, gain: float, scale: float, misnamed: str
) -> Iterator[np.ndarray]:
    """(C, n) float32 blocks in one layout at 48 kHz; `gain` is that of sums of more channels, `scale` of all; in the
    layout `misnamed` the names of channels count for nothing."""
    names = _names(layout)
    resampler, mix = Resampler(RATE, len(names), quality="VHQ"), AnalysisMix()
    piece = first
    while piece is not None:
        samples = piece.samples
        if _LAYOUTS.get(piece.layout, piece.layout) != layout:
            if "NONE" in piece.names or piece.layout == misnamed:
                unnamed = ("NONE",) * len(samples)
                samples = np.repeat(mix.mix(samples, piece.rate, unnamed)[None], len(names), axis=0)
            else:
                samples = gains(piece.names, names) @ samples
                samples = samples * np.float32(gain) if _folded(piece, layout) else samples
        yield resampler.feed(samples if scale == 1 else samples * np.float32(scale), piece.rate)
        piece = next(pieces, None)
    yield resampler.flush()


def _names(layout: str) -> tuple[str, ...]:
    import av

    return tuple(channel.name for channel in av.AudioLayout(layout).channels)


def _folded(piece: SoundPiece, layout: str) -> bool:
    """Whether channels of the piece are added up."""
    return _LAYOUTS.get(piece.layout, piece.layout) != layout and len(piece.names) > 2 and "NONE" not in piece.names


def _gain_of_sum(pieces: Iterator[SoundPiece], layout: str) -> float:
    """By which channels that are added up are no louder than full scale, or than the loudest of them: at most 1."""
    loudest, own, names = 0.0, 1.0, _names(layout)
    for piece in pieces:
        if _folded(piece, layout):
            loudest = max(loudest, float(np.abs(gains(piece.names, names) @ piece.samples).max(initial=0)))
            own = max(own, float(np.abs(piece.samples).max(initial=0)))
    return min(1.0, own / max(loudest, 1e-9))


def _is_surround(path: Path, track: int, first: SoundPiece) -> bool:
    """Whether the channels are what they are called, by those for low frequencies: these hold nothing else, or less of
    it than the others. Of six or eight without names it would be the fourth, and it holds nothing else."""
    unnamed = first.layout in _UNNAMED
    low = [_UNNAMED[first.layout]] if unnamed else [k for k, name in enumerate(first.names) if name in LOW]
    if not low:
        return True
    power, change = np.zeros(len(first.names)), np.zeros(len(first.names))
    for piece in sound_pieces(path, track, max_seconds=MAX_SECONDS):
        if piece.layout == first.layout:
            sound = piece.samples.astype(np.float64)
            power += np.square(sound).sum(axis=1) * (2 * np.pi * _LOW / piece.rate) ** 2
            change += np.square(np.diff(sound)).sum(axis=1)
    if (change <= power)[low].all():
        return True
    return not unnamed and bool(change[low].sum() <= np.delete(change, low).sum())


def gains(given: tuple[str, ...], wanted: tuple[str, ...]) -> np.ndarray:
    """(len(wanted), len(given)) float32: how much of each channel goes where. A lone channel goes to both sides at its
    own level; a speaker that is not there goes to the side it is on, or to both, at -3 dB (ITU-R BS.775)."""
    found = np.zeros((len(wanted), len(given)), np.float32)
    left, right = wanted.index("FL"), wanted.index("FR")
    for k, name in enumerate(given):
        if len(given) == 1:
            found[[left, right], k] = 1
        elif name in wanted:
            found[wanted.index(name), k] = 1
        elif name not in LOW:
            side = name.rstrip("C")[-1:]  # FLC: left of the centre
            found[{"L": [left], "R": [right]}.get(side, [left, right]), k] = 0.5**0.5
    return found


def _can_be_copied(path: Path, track: int) -> bool:
    """Whether the packets of a track, put into an MP4, are heard as they are in their file, from the same time on.

    They must be whole AAC-LC packets without a gap, and the copy of the first second of them must give the samples that
    the file gives.
    """
    import av

    begins = first_picture_time(path) or 0.0
    with open_media(path) as container:
        stream = container.streams.audio[track]
        context = stream.codec_context
        if context is None or context.name != "aac" or context.profile != "LC" or not context.extradata:
            return False
        tick = float((stream.time_base or 0) * stream.rate)  # samples
        try:
            for start, _, packet in _packets(container, stream):
                # Containers that count milliseconds round.
                if packet.pts is None or packet.is_corrupt or abs(packet.pts * tick - start) > max(1.0, tick):
                    return False
        except (av.error.FFmpegError, OSError):
            return False
    try:
        source, copy = _head(path, track), _copied_head(path, track)
    except (av.error.FFmpegError, OSError):
        return False
    if not source or len(source) != len(copy) or source[0].time != begins or copy[0].time != 0:
        return False
    return all(np.array_equal(frame_samples(a), frame_samples(b)) for a, b in zip(source, copy, strict=True))


def _packets(container: Any, stream: Any) -> Iterator[tuple[int, int, Any]]:
    """(first sample, samples, packet): counted from what the decoder is told to skip at the beginning."""
    position = None
    tick = float(stream.time_base * stream.rate)  # samples
    for packet in container.demux(stream):
        if not packet.size:
            continue
        if position is None:
            skipped = [bytes(data)[:4] for data in packet.iter_sidedata() if data.data_type == "skip_samples"]
            position = -int.from_bytes(skipped[0], "little") if skipped else 0
        exact = packet.duration and tick <= 1  # the last one may end earlier
        yield position, min(AAC_FRAME, round(packet.duration * tick)) if exact else AAC_FRAME, packet
        position += AAC_FRAME


def _head(path: Path, track: int) -> list[av.AudioFrame]:
    """The first frames of a track as its file gives them."""
    with open_media(path) as container:
        return _frames(container, container.streams.audio[track])


def _copied_head(path: Path, track: int) -> list[av.AudioFrame]:
    """The same of an MP4 into which the first packets were copied."""
    import av

    memory = io.BytesIO()
    with open_media(path) as container, av.open(memory, "w", format="mp4") as target:
        stream = container.streams.audio[track]
        packets = itertools.islice(_packets(container, stream), _LOOK)
        CopiedTrack(target, stream, packets).finish(Fraction(2**31, stream.rate))
    memory.seek(0)
    with av.open(memory) as container:
        return _frames(container, container.streams.audio[0])


def _frames(container: Any, stream: Any) -> list[av.AudioFrame]:
    found: list[av.AudioFrame] = []
    taken = 0
    for packet in container.demux(stream):
        taken += packet.size > 0
        found += packet.decode() if taken <= _LOOK or not packet.size else []
        if taken > _LOOK:
            break
    return found[: _LOOK - 4]  # before what the decoder may still hold
