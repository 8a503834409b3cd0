"""Runs that share a Ray cluster tell one another who waits for room: a run that came first, with a queue of hours,
would else keep all that it took, since Ray takes nothing away and says to nobody who waits.

They tell it through the cluster's own key-value store. No clock of another machine is asked: who waits writes another
number each time, and whose number stands still has died, or waits no more.
"""

import contextlib
import json
import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

_LOG = logging.getLogger(__name__)
_LOOK_SECONDS = 2.0
_GONE_SECONDS = 20.0
"""Without a new number, after which nobody waits any more; some looks, on a busy machine."""
_NAMESPACE = b"tango-waiting"


class Waiting(NamedTuple):
    """A stage of a run whose units have waited for a while for room.

    Attributes:
        needs: of one worker, by Ray's names.
        at_work: workers that it has.
    """

    needs: Mapping[str, float]
    at_work: int

    def is_helped_by(self, needs: Mapping[str, float]) -> bool:
        """Whether what a worker with these needs gives back is enough for one of these."""
        return all(needs.get(kind, 0.0) >= amount for kind, amount in self.needs.items())


class Board(Protocol):
    """Where runs write what all of them read."""

    def put(self, run: str, text: bytes) -> None: ...
    def remove(self, run: str) -> None: ...
    def all(self) -> Mapping[str, bytes]: ...


class ClusterBoard:
    """In the key-value store of the cluster that this process has joined."""

    def put(self, run: str, text: bytes) -> None:
        from ray.experimental import internal_kv

        internal_kv._internal_kv_put(run, text, overwrite=True, namespace=_NAMESPACE)

    def remove(self, run: str) -> None:
        from ray.experimental import internal_kv

        internal_kv._internal_kv_del(run, namespace=_NAMESPACE)

    def all(self) -> Mapping[str, bytes]:
        from ray.experimental import internal_kv

        keys = internal_kv._internal_kv_list(b"", namespace=_NAMESPACE)
        found = {key.decode(): internal_kv._internal_kv_get(key, namespace=_NAMESPACE) for key in keys}
        return {run: text for run, text in found.items() if text is not None}


class Neighbours:
    """The other runs on a cluster.

    Args:
        run: the id of this one.
        own: what of it waits now; called from another thread.
    """

    def __init__(self, run: str, own: Callable[[], Iterable[Waiting]], board: Board) -> None:
        self._run, self._own, self._board = run, own, board
        self._number = 0
        self._told = False
        self._seen: dict[str, tuple[bytes, float]] = {}  # what each wrote last, and when that was new
        self._waiting: Sequence[Waiting] = ()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def have_less(self, needs: Mapping[str, float], at_work: int) -> bool:
        """Whether a stage of another run waits for the room of a worker, and has fewer than so many."""
        return any(other.at_work < at_work and other.is_helped_by(needs) for other in self._waiting)

    def start(self) -> None:
        self._thread = threading.Thread(target=self._go_on, name="neighbours", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Say nothing more. A store that does not answer is not waited for: what stands there is soon old."""
        self._over.set()
        if self._thread:
            self._thread.join(_LOOK_SECONDS)

    def look(self) -> None:
        """Once: tell the others what waits here, and see what waits there."""
        own = [{"needs": dict(waiting.needs), "at_work": waiting.at_work} for waiting in self._own()]
        if own:
            self._number += 1
            self._board.put(self._run, json.dumps({"number": self._number, "waiting": own}).encode())
        elif self._told:
            self._board.remove(self._run)
        self._told = bool(own)
        now, found = time.monotonic(), self._board.all()
        old = {run: since for run, (text, since) in self._seen.items() if found.get(run) == text}
        self._seen = {run: (text, old.get(run, now)) for run, text in found.items() if run != self._run}
        self._waiting = [
            Waiting(**waiting)
            for text, since in self._seen.values()
            if now - since < _GONE_SECONDS
            for waiting in json.loads(text)["waiting"]
        ]

    def _go_on(self) -> None:
        failing = False
        while not self._over.wait(_LOOK_SECONDS):
            try:
                self.look()
                failing = False
            except Exception as error:  # the run goes on without; the cluster itself is looked after elsewhere
                if not failing:
                    _LOG.info("what other runs wait for is not known: %s: %s", type(error).__name__, error)
                failing, self._waiting = True, ()
        if self._told:
            with contextlib.suppress(Exception):
                self._board.remove(self._run)
