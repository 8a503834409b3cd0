"""The pictures of a stream on the file's one clock, as far as they can be decoded."""

from __future__ import annotations

import os
from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

from tango_models.media.clock import LONGEST_HOLE, MediaClock
from tango_models.media.container import MAX_SIDE, moving_picture, open_media

if TYPE_CHECKING:
    import av
    import av.container
    import av.video.stream

    Timed = tuple[Fraction | None, Fraction | None, av.VideoFrame]

_REFUSALS = 16  # errors of the reader in a row, behind which nothing more is expected of the file
_MEASURED_PICTURES = 300
_MEASURED_PACKETS = 3000


class Pictures:
    """Iterates over (time, duration, frame) in presentation order, seconds on the clock of `MediaClock`.

    Damage is noted, never raised: a packet that cannot be decoded and a picture that is known to be damaged are left
    out, and where the reader meets missing bytes it goes on behind them as long as it can.

    clock      the file's clock
    jumped     times of the first picture behind each jump of the clock
    damaged    packets that could not be decoded, and damaged pictures
    broken     the reader met missing bytes
    packets    packets of the stream that were read
    end        seconds by the file's own timestamps at which the last packet of any stream ends
    """

    def __init__(self, container: av.container.InputContainer, stream: av.video.stream.VideoStream) -> None:
        self._container, self._stream = container, stream
        self.clock = MediaClock()
        self.jumped: list[Fraction] = []
        self.damaged = self.packets = 0
        self.broken = False
        self.end = -float("inf")

    def __iter__(self) -> Iterator[Timed]:
        import av

        stream = self._stream
        if not stream.codec_context.is_open:
            stream.thread_type = "AUTO"
            # a size that the header does not declare is refused by the decoder
            stream.codec_context.options = {"max_pixels": str(MAX_SIDE * MAX_SIDE)}
        for packet in self._read():
            frames: list[av.VideoFrame] = []
            try:
                frames = stream.decode(packet)
            except av.error.EOFError:  # the decoder was flushed already
                return
            except (av.error.FFmpegError, ValueError):
                self.damaged += 1
            for frame in frames:
                if frame.is_corrupt:
                    self.damaged += 1
                else:
                    yield self._timed(frame)

    def _read(self) -> Iterator[av.Packet | None]:
        """The stream's packets on the clock; None, which empties the decoder, at the end."""
        import av

        refused, packets = 0, self._container.demux()  # every stream: the clock is of the file
        while refused < _REFUSALS:
            try:
                packet = next(packets)
            except StopIteration:
                break
            except (av.error.FFmpegError, OSError, ValueError):
                self.broken = True
                refused += 1
                packets = self._container.demux()
                continue
            if not packet.size:  # the end, by PyAV's rule
                continue
            refused = 0
            if packet.pts is not None and packet.time_base:
                self.end = max(self.end, float((packet.pts + (packet.duration or 0)) * packet.time_base))
            jumped = self.clock.place(packet)
            if packet.stream.index != self._stream.index:
                continue
            self.packets += 1
            if jumped and packet.pts is not None:
                self.jumped.append(packet.pts * packet.time_base)
            yield packet
        yield None

    def _timed(self, frame: av.VideoFrame) -> Timed:
        """A picture's time is not believed where it lies behind everything that the file has delivered."""
        base = frame.time_base or self._stream.time_base  # those that the emptied decoder gives have none
        if base is None:
            return None, None, frame
        time = None if frame.pts is None else frame.pts * base
        if time is not None and self.clock.end is not None and time > self.clock.end + LONGEST_HOLE:
            time = None
        duration = frame.duration * base if frame.duration else None
        return time, duration, frame


def first_times(path: str | os.PathLike[str]) -> list[float]:
    """Presentation times (seconds, in file order) of the first pictures, up to the first jump of the clock.

    Nothing is decoded. Raises InputError as `open_media`.
    """
    import av

    times: list[float] = []
    with open_media(path) as container:
        stream, clock = moving_picture(container), MediaClock()
        if stream is None:
            return times
        try:
            for packet, _ in zip(container.demux(), range(_MEASURED_PACKETS), strict=False):
                clock.place(packet)
                if clock.jumps or len(times) == _MEASURED_PICTURES:
                    break
                if packet.stream.index == stream.index and packet.size and packet.pts is not None:
                    times.append(float(packet.pts * packet.time_base))
        except (av.error.FFmpegError, OSError, ValueError):
            pass  # what came before tells the rate as well
    return times


def first_picture_time(path: str | os.PathLike[str]) -> float | None:
    """Seconds, on the file's one clock, of the first picture that can be decoded: what `FrameReader` shows first.

    None for a file without a picture, and when the picture has no time. Raises InputError as `open_media`.
    """
    with open_media(path) as container:
        stream = moving_picture(container)
        if stream is None:
            return None
        first = next(iter(Pictures(container, stream)), None)
        return None if first is None or first[0] is None else float(first[0])
