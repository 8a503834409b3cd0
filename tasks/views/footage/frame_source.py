"""Frames and audio out of the catalog, by key. Every stage after extraction reads pixels here and nowhere else.

What is held is bounded in bytes: a frame of 3840 x 2160 has 24.9 MB, a clip of four 100.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from data_catalog import Source
from data_catalog.keys import equals
from data_catalog.tables.sizes import CLIP_FRAMES
from tasks.views.footage.read_ahead import ahead

FRAME_CACHE_MB = 160
"""Of a `GopCache`, unless settings say otherwise. What it lets go of is not given back at once (see
`runtime.worker_environment`): rendering a minute at 768 x 768 takes 975 MB and 66 s of a processor, with 256 in each
cache 1,214 MB and 64 s."""

_GOPS_PER_READ = 16
_FIRST_READ = 4  # GOPs, as long as their size is not known
_ENCODED_BYTES = 16 * 10**6  # read at a time


def iter_frames(source: Source, video_id: str, start: int, stop: int) -> Iterator[np.ndarray]:
    """The 30 fps frames `[start, stop)` of a video, (H, W, 3) uint8 RGB; the next ones decode while one is used."""
    return ahead(_decoded(source, video_id, start, stop))


def _decoded(source: Source, video_id: str, start: int, stop: int) -> Iterator[np.ndarray]:
    from tango_models.media.gop import iter_gop

    table = source.table("frames")
    gop, end, count = start // CLIP_FRAMES, (stop - 1) // CLIP_FRAMES + 1, _FIRST_READ
    while gop < end:
        upto = min(gop + count, end)
        blobs = table.read_blobs("pixels", equals(video_id=video_id).also(f"gop >= {gop} AND gop < {upto}"), key="gop")
        for key in range(gop, upto):
            for position, frame in enumerate(iter_gop(blobs[key]), start=key * CLIP_FRAMES):
                if start <= position < stop:
                    yield frame
        gop, count = upto, _gops_in(_ENCODED_BYTES, blobs.values())


def _gops_in(size: int, known: Iterable[bytes]) -> int:
    """How many GOPs to read so that they fill about `size` bytes: 1 to 16."""
    largest = max((len(data) for data in known), default=1)
    return int(np.clip(size // largest, 1, _GOPS_PER_READ))


class GopCache:
    """Random access to frames with a small cache: the renderer and the seams jump about a video.

    Args:
        megabytes: of frames and encoded GOPs held at most, or of one GOP where that is more.
    """

    def __init__(self, source: Source, *, megabytes: float) -> None:
        self._table = source.table("frames")
        self._most = int(megabytes * 1e6)
        self._coming: list[tuple[str, int]] = []
        self._place: dict[tuple[str, int], int] = {}
        self._count = _FIRST_READ
        self._encoded: dict[tuple[str, int], bytes] = {}
        self._decoded: OrderedDict[tuple[str, int], Sequence[np.ndarray]] = OrderedDict()

    @property
    def held(self) -> int:
        """Bytes of what is cached."""
        return _size(self._encoded.values()) + sum(map(_pixels, self._decoded.values()))

    def expect(self, keys: Iterable[tuple[str, int]]) -> None:
        """Say which GOPs, (video id, index), will be wanted next and in which order: they are then read several at a
        time. What was expected before is forgotten."""
        self._coming = list(dict.fromkeys(keys))
        self._place = {key: k for k, key in enumerate(self._coming)}
        self._encoded.clear()

    def gop(self, video_id: str, index: int) -> Sequence[np.ndarray]:
        """The frames of a GOP, each (H, W, 3) uint8."""
        from tango_models.media.gop import iter_gop

        key = (video_id, index)
        if key in self._decoded:
            self._decoded.move_to_end(key)
            return self._decoded[key]
        if key not in self._encoded:
            self._read(key)
        data = self._encoded.pop(key)
        # Make room first: while it decodes it counts too.
        size = max(map(_pixels, self._decoded.values()), default=0)
        while self._decoded and self.held + size > self._most:
            self._decoded.popitem(last=False)
        self._decoded[key] = list(iter_gop(data))
        while len(self._decoded) > 1 and self.held > self._most:
            self._decoded.popitem(last=False)
        if self.held > self._most:
            self._encoded.clear()
        return self._decoded[key]

    def frame(self, video_id: str, frame: int) -> np.ndarray:
        return self.gop(video_id, frame // CLIP_FRAMES)[frame % CLIP_FRAMES]

    def _read(self, key: tuple[str, int]) -> None:
        """Fetch an encoded GOP and some that are expected after it, one read for each video."""
        first = self._place.get(key)
        keys = [key] if first is None else self._coming[first : first + self._count]
        wanted: dict[str, list[int]] = {}
        for video_id, gop in keys:
            wanted.setdefault(video_id, []).append(gop)
        self._encoded = {}
        for video_id, gops in wanted.items():
            blobs = self._table.read_blobs("pixels", equals(video_id=video_id, gop=gops), key="gop")
            self._encoded |= {(video_id, gop): data for gop, data in blobs.items()}
        self._count = _gops_in(min(_ENCODED_BYTES, self._most // 8), self._encoded.values())


def _size(encoded: Iterable[bytes]) -> int:
    return sum(map(len, encoded))


def _pixels(frames: Sequence[np.ndarray]) -> int:
    return sum(frame.nbytes for frame in frames)


def footage_audio(source: Source, video_id: str, first: int, last: int) -> np.ndarray:
    """A video's audio under its GOPs `first` to `last` (exclusive), (S,) float32 at 16 kHz."""
    where = equals(video_id=video_id).also(f"gop >= {first} AND gop < {last}")
    table = source.table("frames").read(columns=["video_id", "gop", "audio"], where=where)
    data = b"".join(table["audio"].to_pylist())
    return np.frombuffer(data, "<i2").astype(np.float32) / 32767
