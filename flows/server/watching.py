"""What `tango serve` and `tango work` do all the time: start again what dies, and see to runs that nobody does any
more. Nothing that goes wrong with that ends them, and the runs with them: it is said once, and tried again."""

import contextlib
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
import psutil
from rich.console import Console

from flows.server.lost_runs import LostRuns, run_of
from flows.server.supervised import Supervised, reap_orphans
from flows.server.unstarted_runs import PoolApi, UnstartedRuns

LOOK_SECONDS = 1.0
_PATIENCE_SECONDS = 10.0
"""With a server that does not answer: it may be busy, or just be started again."""
FAULTS = (OSError, ValueError, httpx.HTTPError, psutil.Error)


class Watch:
    """
    Args:
        home: where the list of runs is kept.
        children: to be started again, the worker among them.
        pool: that the worker takes runs from; name: of the worker.
    """

    def __init__(
        self,
        console: Console,
        api: PoolApi,
        home: Path,
        children: Sequence[Supervised],
        *,
        worker: Supervised,
        pool: str,
        name: str,
    ) -> None:
        self._console, self._children, self._worker = console, children, worker
        self._lost = LostRuns(home / "runs.json", api)
        self._unstarted = UnstartedRuns(api, pool, name)
        self._faults: dict[str, _Fault] = {}

    def go_on(self) -> None:
        """Until interrupted."""
        while True:
            self.look()
            time.sleep(LOOK_SECONDS)

    def look(self) -> None:
        """Once."""
        for child in self._children:
            with self._told(f"the {child.name} cannot be started again", child):
                self._say(child.look())
        with self._told("runs whose process is gone are not all noticed"):
            for line in self._lost.look(psutil.Process().children(recursive=True)):
                self._say(line)
        with self._told("runs that never began are not noticed"):
            for line in self._unstarted.look(self._worker.pid if self._worker.alive else None, self._started()):
                self._say(line)
        with self._told("processes that ended stay in the list of processes"):
            reap_orphans(child.pid for child in self._children)

    def _started(self) -> set[str]:
        """The runs that have a process; only asked for when somebody wants to know."""
        if not self._unstarted.any:
            return set()
        return {run for process in psutil.Process().children(recursive=True) if (run := run_of(process))}

    @contextlib.contextmanager
    def _told(self, what: str, child: Supervised | None = None) -> Iterator[None]:
        """Say what goes wrong inside, once, until it goes well again or this child lives."""
        fault = self._faults.setdefault(what, _Fault())
        try:
            yield
        except FAULTS as error:
            if why := fault.again(error):
                self._say(f"{what}: {why}; it is tried again")
        else:
            if child is None or child.alive:
                fault.passed()

    def _say(self, line: str) -> None:
        if line:
            with contextlib.suppress(OSError):  # a terminal that is gone, or a file on a full disk
                self._console.print(line, soft_wrap=True, markup=False)


class _Fault:
    """Of one kind of look: said once, until a look goes well again."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._said = ""

    def again(self, error: Exception) -> str:
        """What is to be said of it now; "" when nothing is."""
        now, why = time.monotonic(), _why(error)
        self._since = now if self._since is None else self._since
        if why == self._said or (isinstance(error, httpx.TransportError) and now - self._since < _PATIENCE_SECONDS):
            return ""
        self._said = why
        return why

    def passed(self) -> None:
        self._since, self._said = None, ""


def _why(error: Exception) -> str:
    if isinstance(error, httpx.HTTPStatusError):
        reply = error.response
        remedy = ""
        if reply.status_code in (401, 403):
            remedy = " (set PREFECT_API_AUTH_STRING to its name:password, or PREFECT_API_KEY)"
        return f"the server answers {reply.status_code} {reply.reason_phrase}{remedy}"
    if isinstance(error, httpx.HTTPError):
        return f"the server does not answer ({' '.join(str(error).split()) or type(error).__name__})"
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror or str(error)
    if isinstance(error, ValueError):
        return "what answers is no Prefect server"
    return " ".join(str(error).split())
