"""Interlaced pictures made whole: the two fields of a frame were taken one after the other, and moving hands comb."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import av

    Timed = tuple[Fraction | None, Fraction | None, av.VideoFrame]


def deinterlaced(frames: Iterable[Timed]) -> Iterator[Timed]:
    """As many frames at the same times; those that are marked as interlaced pass FFmpeg's filter bwdif.

    Frames before the first marked one are passed on as they are, and so are those that the filter does not
    take.
    bwdif looks one frame ahead, so one is held back.
    """
    graph: _Bwdif | None = None
    for timed in frames:
        frame = timed[2]
        if graph is not None and not graph.fits(frame):
            yield from graph.rest()
            graph = None
        if graph is None and frame.interlaced_frame:
            graph = _filter_for(frame)
        if graph is None:
            yield timed
        else:
            yield from graph.see(timed)
    if graph is not None:
        yield from graph.rest()


def _filter_for(frame: av.VideoFrame) -> _Bwdif | None:
    """None where the filter takes no such frames: it needs three lines and columns, of the chroma, too."""
    import av

    try:
        return _Bwdif(frame)
    except av.error.FFmpegError:
        return None


class _Bwdif:
    """The filter for frames of one size and format: one frame out for each frame in, in order."""

    def __init__(self, frame: av.VideoFrame) -> None:
        import av.filter

        self._shape = frame.width, frame.height, frame.format.name
        self._graph = av.filter.Graph()
        self._graph.threads = 1
        source = self._graph.add_buffer(
            width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, 30)
        )
        bwdif = self._graph.add("bwdif", "mode=send_frame:deint=interlaced")
        sink = self._graph.add("buffersink")
        source.link_to(bwdif)
        bwdif.link_to(sink)
        self._graph.configure()
        self._waiting: deque[tuple[Fraction | None, Fraction | None]] = deque()
        self._count = 0

    def fits(self, frame: av.VideoFrame) -> bool:
        return (frame.width, frame.height, frame.format.name) == self._shape

    def see(self, timed: Timed) -> Iterator[Timed]:
        time, length, frame = timed
        self._waiting.append((time, length))
        frame.pts, frame.time_base = self._count, Fraction(1, 30)  # the filter needs some; ours are kept here
        self._count += 1
        self._graph.push(frame)
        yield from self._pull()

    def rest(self) -> Iterator[Timed]:
        self._graph.push(None)
        yield from self._pull()

    def _pull(self) -> Iterator[Timed]:
        import av

        while True:
            try:
                frame = self._graph.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            assert isinstance(frame, av.VideoFrame)  # of a graph without sound
            yield *self._waiting.popleft(), frame
