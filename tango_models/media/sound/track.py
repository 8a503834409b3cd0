"""The sound of an MP4 that is being written: encoded as AAC, or the AAC packets of another file as they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any, Protocol

import numpy as np

AAC_FRAME = 1024


class SoundTrack(Protocol):
    """A sound that is written beside a picture, as far as that has come."""

    def write(self, seconds: Fraction) -> None:
        """Mux what plays before `seconds`; a frame of it may wait."""

    def finish(self, seconds: Fraction) -> None:
        """Mux the rest; the sound ends at `seconds`."""


class Sound(Protocol):
    """What a picture is to sound like."""

    rate: int

    def open(self, container: Any) -> SoundTrack:
        """Add the stream to an MP4 that is open for writing."""


class SoundArray:
    """(S,) or (C, S) float32 samples in memory, mono or stereo."""

    def __init__(self, samples: np.ndarray, rate: int) -> None:
        self.samples, self.rate = np.atleast_2d(np.asarray(samples, np.float32)), rate

    def open(self, container: Any) -> SoundTrack:
        """See `Sound.open`."""
        return EncodedTrack(container, iter([self.samples]), self.rate, {1: "mono", 2: "stereo"}[len(self.samples)])


class EncodedTrack:
    """AAC whose encoder delay is declared in the edit list, so that sample 0 plays with frame 0. Sound that ends before
    the picture is followed by silence, longer sound is cut there.

    Args:
        blocks: (C, n) float32, one after the other.
    """

    def __init__(self, container: Any, blocks: Iterable[np.ndarray], rate: int, layout: str) -> None:
        self._container, self._blocks, self._rate, self._layout = container, iter(blocks), rate, layout
        self._stream = container.add_stream("aac", rate=rate, layout=layout)
        self._channels = self._stream.codec_context.channels
        # 128 kbit/s a channel at 48 kHz keeps the spectrum within 1 dB up to 16 kHz; 64 is transparent at 16 kHz.
        self._stream.bit_rate = self._channels * max(64_000, rate * 8 // 3)
        self._buffer = np.zeros((self._channels, 0), np.float32)
        self._sent = 0

    def write(self, seconds: Fraction) -> None:
        """See `SoundTrack.write`."""
        self._send(int(seconds * self._rate), final=False)

    def finish(self, seconds: Fraction) -> None:
        """See `SoundTrack.finish`."""
        self._send(round(seconds * self._rate), final=True)
        self._container.mux(self._stream.encode(None))

    def _send(self, end: int, *, final: bool) -> None:
        """Gives the encoder the sound up to sample `end`, in whole AAC frames until the end."""
        import av

        while end - self._sent >= AAC_FRAME or (final and self._sent < end):
            piece = self._take(min(AAC_FRAME, end - self._sent))
            # Packed: PyAV fills no more than seven planes.
            packed = np.ascontiguousarray(piece.T).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(packed, format="flt", layout=self._layout)
            frame.sample_rate, frame.pts, frame.time_base = self._rate, self._sent, Fraction(1, self._rate)
            self._container.mux(self._stream.encode(frame))
            self._sent += piece.shape[1]

    def _take(self, count: int) -> np.ndarray:
        """(C, count) float32, silent where nothing is left."""
        parts, have = [self._buffer], self._buffer.shape[1]
        while have < count and (block := next(self._blocks, None)) is not None:
            parts.append(block)
            have += block.shape[1]
        joined = np.concatenate(parts, axis=1) if len(parts) > 1 else self._buffer
        piece, self._buffer = joined[:, :count], joined[:, count:]
        return np.pad(piece, ((0, 0), (0, count - piece.shape[1])))


class CopiedTrack:
    """Packets of an AAC stream, unchanged. Those behind the picture's end are left out, and the last one is declared to
    end there; where they end before it, so does the sound.

    Args:
        stream: of the file they come from.
        packets: (first sample, samples, packet) in order; the first begins at or before sample 0.
    """

    def __init__(self, container: Any, stream: Any, packets: Iterator[tuple[int, int, Any]]) -> None:
        self._container, self._packets, self._rate = container, packets, stream.rate
        self._stream = container.add_stream_from_template(stream)
        self._stream.time_base = Fraction(1, self._rate)
        self._held = next(packets, None)

    def write(self, seconds: Fraction) -> None:
        """See `SoundTrack.write`."""
        self._mux(int(seconds * self._rate), final=False)

    def finish(self, seconds: Fraction) -> None:
        """See `SoundTrack.finish`."""
        self._mux(round(seconds * self._rate), final=True)

    def _mux(self, end: int, *, final: bool) -> None:
        while self._held is not None:
            start, samples, packet = self._held
            if start >= end or (start + samples > end and not final):
                return
            packet.pts = packet.dts = start
            packet.time_base, packet.duration = Fraction(1, self._rate), min(samples, end - start)
            packet.stream = self._stream
            self._container.mux(packet)
            self._held = next(self._packets, None)
