"""The packets of a file on its one clock, as far as they can be read. Who reads picture or sound reads them here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tango_models.media.clock import MediaClock

if TYPE_CHECKING:
    import av
    import av.container

_REFUSALS = 16  # errors of the reader in a row, behind which nothing more is expected of the file


class Packets:
    """Iterates over the packets of all streams in file order, none of them empty, moved onto one clock.

    Where the reader meets missing bytes it goes on behind them as long as it can.

    clock      the file's clock
    jumped     whether the packet at hand is the first of its stream behind a jump of the clock
    broken     the reader met missing bytes
    strange    a stream began in the middle of the file (a programme that changed); it is not read
    end        seconds by the file's own timestamps at which the last packet of any stream ends
    """

    def __init__(self, container: av.container.InputContainer) -> None:
        self._container = container
        self.clock = MediaClock()
        self.jumped = self.broken = self.strange = False
        self.end = -float("inf")

    def __iter__(self) -> Iterator[av.Packet]:
        import av

        refused, packets = 0, self._container.demux()
        while refused < _REFUSALS:
            try:
                packet = next(packets)
            except StopIteration:
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
            refused = 0
            if packet.pts is not None and packet.time_base:
                self.end = max(self.end, float((packet.pts + (packet.duration or 0)) * packet.time_base))
            self.jumped = self.clock.place(packet)
            yield packet
