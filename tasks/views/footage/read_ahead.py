"""Frames made in another thread than the one that uses them, a few ahead."""

import threading
from collections import deque
from collections.abc import Iterable, Iterator

import numpy as np

_DEPTH = 8
"""Frames ahead at most: what smooths out frames that take longer; more of them wait in vain."""
_BYTES = 64 * 10**6


def ahead(frames: Iterable[np.ndarray], *, most_bytes: int = _BYTES) -> Iterator[np.ndarray]:
    """The same frames, made in another thread up to 8 ahead: one decodes while the other encodes.

    Args:
        most_bytes: of frames that wait to be used; one may always wait.
    """
    queue = _Queue(most_bytes)

    def produce() -> None:
        error: BaseException | None = None
        try:
            for frame in frames:
                if not queue.put(frame):
                    return
        except BaseException as raised:
            error = raised
        queue.end(error)

    thread = threading.Thread(target=produce, daemon=True)
    thread.start()
    try:
        while (frame := queue.take()) is not None:
            yield frame
    finally:
        queue.stop()
        thread.join()


class _Queue:
    """Frames from one thread to another, so many bytes of them at most."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._frames: deque[np.ndarray] = deque()
        self._held = 0
        self._changed = threading.Condition()
        self._ended = self._stopped = False
        self._error: BaseException | None = None

    def put(self, frame: np.ndarray) -> bool:
        """Wait for room; False when nobody takes frames any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or self._has_room(frame.nbytes))
            if self._stopped:
                return False
            self._frames.append(frame)
            self._held += frame.nbytes
            self._changed.notify_all()
            return True

    def take(self) -> np.ndarray | None:
        """The next frame, None at the end; raises what the other thread raised."""
        with self._changed:
            self._changed.wait_for(lambda: self._frames or self._ended)
            if not self._frames:
                if self._error is not None:
                    raise self._error
                return None
            frame = self._frames.popleft()
            self._held -= frame.nbytes
            self._changed.notify_all()
            return frame

    def end(self, error: BaseException | None) -> None:
        with self._changed:
            self._ended, self._error = True, error
            self._changed.notify_all()

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def _has_room(self, size: int) -> bool:
        return not self._frames or (len(self._frames) < _DEPTH and self._held + size <= self._most)
