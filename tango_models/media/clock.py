"""One clock for a file's picture and sound, whatever its timestamps do.

Recordings that were joined as bytes start their clock again; recorders that were interrupted, streams with a damaged
header and counters that wrap jump hours ahead. The rule is that of players: packets are followed in file order, and
where a stream leaves what is due next, the clock is moved for it so that it goes on there. Every stream that meets the
same jump is moved by the same time, so picture and sound stay together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import av

LONGEST_HOLE = 1.0
"""Seconds for which neither picture nor sound may come before the clock is said to have jumped."""
_BACK = 0.25  # seconds by which decoding times must fall behind; less is an overlap, and what is said twice is left out
_LONGEST_PICTURE = 1.0  # seconds that one picture alone is taken to fill, unless most of them do
_LATE = 1.5  # of a usual step by which a picture may come late
_GUESSED = 3  # of a usual step by which times of decoding fall behind that readers guess from those of showing
_REORDERED = 18  # pictures by which times of showing go to and fro in the order of decoding: a row of 16 B-frames
_LEAST_BYTES = 500  # a second of sound has more: packets that claim to last longer are not believed
_LAG = 10.0  # seconds by which a stream may begin behind the others once the clock has jumped
_REMEMBERED = 8  # moves among which a stream may find its own


@dataclass(frozen=True)
class Jump:
    """Where the clock was moved: `at` seconds on the one clock; `hole` seconds in which there is nothing, 0.0 where
    the file's clock went back (it starts anew)."""

    at: float
    hole: float


class MediaClock:
    """Moves the timestamps of a file's packets onto one clock that never leaps. Memory does not grow with the length.

    Feed it every packet of the file, of all streams and in file order; it is then the same for whoever reads the file,
    whichever stream they want.

    jumps   what was found so far
    end     seconds on the clock up to which picture or sound came, None before the first packet
    usual   seconds from picture to picture of streams, by index, where the reader knows it before the first packet
    """

    def __init__(self) -> None:
        self.jumps: list[Jump] = []
        self.end: float | None = None
        self.usual: Mapping[int, float] = {}
        self._moves: list[Fraction] = [Fraction(0)]  # seconds to add, one for each part of the file
        self._part: dict[int, int] = {}  # of each stream
        self._due: dict[int, float] = {}  # when each stream's next packet should come
        self._last: dict[int, float] = {}  # when its last one came
        self._shown: set[int] = set()  # streams whose last time was one of showing and not of decoding

    def hole(self, stream: int, *, reordered: bool) -> float:
        """Seconds behind the end beyond which a packet of a stream is said to have jumped.

        Args:
            reordered: its times are those of showing, in the order of decoding.
        """
        return max(LONGEST_HOLE, (_REORDERED if reordered else _LATE) * self.usual.get(stream, 0.0))

    def place(self, packet: av.Packet) -> bool:
        """Move `packet.pts` and `packet.dts` in place.

        Returns:
            whether this is the first packet of its stream behind a jump.
        """
        stream, base = packet.stream, packet.time_base
        stamp = packet.pts if packet.dts is None else packet.dts
        if not packet.size or stamp is None or not base or stream.type not in ("video", "audio"):
            return False
        own = float(stamp * base)
        before = self._part.get(stream.index)
        reordered = packet.dts is None or stream.index in self._shown
        hole = self.hole(stream.index, reordered=reordered)
        back = hole if reordered else max(_BACK, _GUESSED * self.usual.get(stream.index, 0.0))
        part = self._find(stream.index, own, back, hole)
        (self._shown.add if packet.dts is None else self._shown.discard)(stream.index)
        self._part[stream.index] = part
        if move := self._moves[part]:
            ticks = round(move / base)
            packet.dts = None if packet.dts is None else packet.dts + ticks
            packet.pts = None if packet.pts is None else packet.pts + ticks
        time = own + float(move)
        end = time + self._length(packet, time)
        self._due[stream.index] = end
        self.end = end if self.end is None else max(self.end, end)
        return part != before and (before is not None or part > 0)

    def _find(self, stream: int, own: float, back: float, hole: float) -> int:
        """The part of the file to which a packet of time `own` belongs; a new one where no part's clock fits it within
        `back` seconds before what is due and `hole` behind the end."""
        part, due = self._part.get(stream, 0), self._due.get(stream)
        if self.end is None:
            return part
        newest = len(self._moves) - 1
        # a stream stays where it is, else follows those that jumped before it, else returns from an outlier
        candidates = list(range(newest, max(-1, newest - _REMEMBERED), -1))
        if due is not None:
            candidates.insert(0, part)
            least = due - back
        else:  # a stream's first packet: it may begin before the others did, or lag in the file's order
            least = self.end - _LAG if newest else -float("inf")
        for candidate in candidates:
            if least <= own + float(self._moves[candidate]) <= self.end + hole:
                return candidate
        self.jumps.append(Jump(self.end, max(0.0, own + float(self._moves[part]) - self.end)))
        self._moves.append(Fraction(self.end - own).limit_denominator(1_000_000))
        return newest + 1

    def _length(self, packet: av.Packet, time: float) -> float:
        """Seconds that a packet fills. What is declared is believed where it is possible."""
        stream = packet.stream
        declared = max(0.0, float((packet.duration or 0) * packet.time_base))
        if stream.type == "audio":
            return min(declared, max(0.25, packet.size / _LEAST_BYTES))
        step = time - self._last.get(stream.index, time)
        self._last[stream.index] = time
        usual = self.usual.get(stream.index, 0.0)
        return min(max(declared or step, usual), max(_LONGEST_PICTURE, usual))
