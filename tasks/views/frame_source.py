"""Frames and audio out of the catalog, by key. Every stage after extraction reads pixels here and nowhere else."""

import contextlib
import queue
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from data_catalog import Source
from data_catalog.keys import equals
from data_catalog.schemas import CLIP_FRAMES

_GOPS_PER_READ = 16
_CACHED_GOPS = 48


def iter_frames(source: Source, video_id: str, start: int, stop: int) -> Iterator[np.ndarray]:
    """The 30 fps frames `[start, stop)` of a video, (H, W, 3) uint8 RGB; the next GOPs decode while one is used."""
    from tango_models.media.gop import decode_gop

    first, last = start // CLIP_FRAMES, (stop - 1) // CLIP_FRAMES
    table = source.table("frames")

    def read(gop: int) -> list[np.ndarray]:
        where = f"{equals(video_id=video_id)} AND gop >= {gop} AND gop < {min(gop + _GOPS_PER_READ, last + 1)}"
        blobs = table.read_blobs("pixels", where, key="gop")
        return [decode_gop(blobs[key]) for key in sorted(blobs)]

    with ThreadPoolExecutor(max_workers=1) as ahead:
        pending = ahead.submit(read, first)
        for gop in range(first, last + 1, _GOPS_PER_READ):
            clips = pending.result()
            if gop + _GOPS_PER_READ <= last:
                pending = ahead.submit(read, gop + _GOPS_PER_READ)
            position = gop * CLIP_FRAMES
            for clip in clips:
                for frame in clip:
                    if start <= position < stop:
                        yield frame
                    position += 1


def ahead(frames: Iterator[np.ndarray], *, depth: int = 8) -> Iterator[np.ndarray]:
    """The same frames, made in another thread up to `depth` of them ahead: one decodes while the other encodes."""
    ready: queue.Queue = queue.Queue(maxsize=depth)
    stopped = threading.Event()

    def put(item: object) -> bool:
        while not stopped.is_set():
            with contextlib.suppress(queue.Full):
                ready.put(item, timeout=0.2)
                return True
        return False

    def produce() -> None:
        try:
            for frame in frames:
                if not put(frame):
                    return
            put(None)
        except BaseException as error:
            put(error)

    thread = threading.Thread(target=produce, daemon=True)
    thread.start()
    try:
        while (item := ready.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stopped.set()
        thread.join()


class GopCache:
    """Random access to GOPs with a small cache: the renderer and the seams jump about a video."""

    def __init__(self, source: Source) -> None:
        self._table = source.table("frames")
        self._encoded: dict[tuple[str, int], bytes] = {}
        self._decoded: OrderedDict[tuple[str, int], np.ndarray] = OrderedDict()

    def prefetch(self, keys: Iterable[tuple[str, int]]) -> None:
        """Fetch the encoded GOPs of (video id, index) pairs in one read per video."""
        wanted: dict[str, set[int]] = {}
        for video_id, gop in keys:
            if (video_id, gop) not in self._encoded:
                wanted.setdefault(video_id, set()).add(gop)
        for video_id, gops in wanted.items():
            blobs = self._table.read_blobs("pixels", equals(video_id=video_id, gop=sorted(gops)), key="gop")
            self._encoded |= {(video_id, gop): data for gop, data in blobs.items()}

    def forget(self) -> None:
        """Drop the encoded GOPs, so that memory follows the window that is being read and not the video."""
        self._encoded.clear()

    def gop(self, video_id: str, index: int) -> np.ndarray:
        """The frames of a GOP, (n, H, W, 3) uint8."""
        from tango_models.media.gop import decode_gop

        key = (video_id, index)
        if key in self._decoded:
            self._decoded.move_to_end(key)
            return self._decoded[key]
        self.prefetch([key])
        frames = decode_gop(self._encoded[key])
        self._decoded[key] = frames
        if len(self._decoded) > _CACHED_GOPS:
            self._decoded.popitem(last=False)
        return frames

    def frame(self, video_id: str, frame: int) -> np.ndarray:
        return self.gop(video_id, frame // CLIP_FRAMES)[frame % CLIP_FRAMES]


def read_audio(source: Source, video_id: str, first: int, last: int) -> np.ndarray:
    """A video's audio under its GOPs `first` to `last` (exclusive), (S,) float32 at 16 kHz."""
    where = f"{equals(video_id=video_id)} AND gop >= {first} AND gop < {last}"
    table = source.table("frames").read(columns=["video_id", "gop", "audio"], where=where)
    data = b"".join(table["audio"].to_pylist())
    return np.frombuffer(data, "<i2").astype(np.float32) / 32767
