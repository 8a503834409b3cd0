"""Runs that a worker took and whose process never came, since the worker was killed before it had started one: they
would stay Pending for ever. They go back to where a worker takes them.

No clock of another machine is asked. A run is suspected when it is Pending without a process at a time when the worker
that takes runs here is dead, or has just been started and can have taken none yet. If it is so a minute later still, in
the very same state, nobody is about to start it.
"""

import time
from collections.abc import Collection
from typing import Protocol

from flows.server.api import PendingRun
from flows.server.lost_runs import Api

_WAIT_SECONDS = 60.0


class PoolApi(Api, Protocol):
    """What is asked of Prefect's server."""

    def pending(self, pool: str) -> list[PendingRun]:
        """The runs of a work pool that are Pending."""


class UnstartedRuns:
    """Those of one worker.

    Args:
        pool: that it takes runs from; worker: its name, which outlives its process.
    """

    def __init__(self, api: PoolApi, pool: str, worker: str) -> None:
        self._api, self._pool, self._worker = api, pool, worker
        self._looked_at: int | None = None
        self._suspects: dict[str, tuple[str, float]] = {}

    @property
    def any(self) -> bool:
        """Whether there are runs that are suspected, so that `look` needs to know the processes."""
        return bool(self._suspects)

    def look(self, worker: int | None, started: Collection[str]) -> list[str]:
        """Send those back of which it is certain.

        Args:
            worker: the process of the worker; None while it is dead.
            started: the runs that have a process.

        Returns:
            a line for a person about each of them.
        """
        now = time.monotonic()
        if worker is None or worker != self._looked_at:
            for run in self._api.pending(self._pool):
                if run.worker in (None, self._worker) and self._suspects.get(run.id, ("", 0))[0] != run.state:
                    self._suspects[run.id] = run.state, now
            self._looked_at = worker
        for run_id in started:
            self._suspects.pop(run_id, None)
        late = [run_id for run_id, (_, since) in self._suspects.items() if now - since >= _WAIT_SECONDS]
        return self._send_back(late) if late else []

    def _send_back(self, runs: list[str]) -> list[str]:
        states, said = self._api.run_states(runs), []
        for run in runs:
            state = states.get(run)
            if state is not None and state.type == "PENDING" and state.id == self._suspects[run][0]:
                message = "The worker that took it was killed before it began; it is taken again."
                self._api.set_state(run, {"type": "SCHEDULED", "name": "Scheduled", "message": message})
                said.append(f"run {run}: its worker was killed before it began; it is taken again")
            del self._suspects[run]
        return said
