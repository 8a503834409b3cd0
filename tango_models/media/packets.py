"""The packets of a file on its one clock, as far as they can be read. Who reads picture or sound reads them here."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, pairwise
from statistics import median_low
from typing import TYPE_CHECKING, cast

from tango_models.media.clock import MediaClock

if TYPE_CHECKING:
    import av
    import av.container
    import av.video.stream

_REFUSALS = 16  # errors of the reader in a row, behind which nothing more is expected of the file
_LOOK_AHEAD = 8  # pictures that say which rate is usual; until they are found, as many packets and bytes are held:
_MOST_PACKETS, _MOST_BYTES = 2000, 1 << 23
_STREAMS = {"mpegts", "mpeg"}
_SLOWEST = 30.0  # seconds from picture to picture; more is no rate


def moving_pictures(container: av.container.InputContainer) -> list[av.video.stream.VideoStream]:
    """The video streams that are not marked as cover art; `codec_context` is None where the codec is unknown."""
    from av.stream import Disposition

    return [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]


def has_times(container: av.container.Container) -> bool:
    """Whether the file says when its pictures are shown. One that is nothing but pictures (raw H.264) does not; what
    the reader gives there is made up."""
    from av.format import Flags

    return not container.format.flags & cast(int, Flags.no_timestamps.value)


class Packets:
    """Iterates over the packets of all streams in file order, none of them empty, moved onto one clock.

    Where the reader meets missing bytes it goes on behind them as long as it can. Times that are made up are left out.

    clock      the file's clock
    jumped     whether the packet at hand is the first of its stream behind a jump of the clock
    broken     the reader met missing bytes
    strange    a stream began in the middle of the file (a programme that changed); it is not read
    end        seconds by the file's own timestamps at which the last packet of any stream ends
    read       bytes of the file up to which packets were found
    """

    def __init__(self, container: av.container.InputContainer) -> None:
        self._container = container
        self._names = container.format.name.split(",")
        self.clock = MediaClock()
        self.jumped = self.broken = self.strange = False
        self.end = -float("inf")
        self.read = 0

    def __iter__(self) -> Iterator[av.Packet]:
        found = self._read()
        ahead = self._look_ahead(found)
        for packet in chain(ahead, found):
            if packet.pts is not None and packet.time_base:
                lasts = float((packet.duration or 0) * packet.time_base) or self.clock.usual.get(
                    packet.stream.index, 0.0
                )
                self.end = max(self.end, float(packet.pts * packet.time_base) + lasts)
            self.read = max(self.read, (packet.pos or 0) + packet.size)
            self.jumped = self.clock.place(packet)
            yield packet

    def _look_ahead(self, found: Iterator[av.Packet]) -> list[av.Packet]:
        """The first packets; tells the clock how long pictures usually last in this file."""
        times: dict[int, list[float]] = {stream.index: [] for stream in moving_pictures(self._container)}
        ahead: list[av.Packet] = []
        size = 0
        while times and len(ahead) < _MOST_PACKETS and size < _MOST_BYTES:
            if (packet := next(found, None)) is None:
                break
            ahead.append(packet)
            size += packet.size
            mine = times.get(packet.stream.index)
            if mine is not None and packet.pts is not None and packet.time_base:
                mine.append(float(packet.pts * packet.time_base))
                if len(mine) == _LOOK_AHEAD:
                    break
        usual = {stream: _usual_step(seconds) for stream, seconds in times.items()}
        self.clock.usual = {stream: step for stream, step in usual.items() if step is not None}
        return ahead

    def _read(self) -> Iterator[av.Packet]:
        import av

        refused, packets, last = 0, self._container.demux(), None
        timed = has_times(self._container)
        while refused < _REFUSALS:
            try:
                packet = next(packets)
            except StopIteration:  # bytes of the last packet are missing: streams may begin and end anywhere
                self.broken |= last is not None and last.is_corrupt and not _STREAMS.intersection(self._names)
                return
            except IndexError:  # PyAV knows only the streams that were there when the file was opened
                self.strange = True
                refused += 1
                packets = self._container.demux()
                continue
            except (av.error.FFmpegError, OSError, ValueError):
                self.broken = True
                refused += 1
                packets = self._container.demux()
                continue
            if not packet.size:  # the end, by PyAV's rule
                continue
            refused, last = 0, packet
            if not timed and packet.stream.type == "video":
                packet.pts = packet.dts = None
            yield packet


def _usual_step(times: list[float]) -> float | None:
    """Seconds between two of some times in any order; None when they are too few or tell no rate."""
    times = sorted(set(times))
    step = median_low(b - a for a, b in pairwise(times)) if len(times) > 2 else _SLOWEST
    return step if step < _SLOWEST else None
