"""Runs whose process is gone: they end Crashed by themselves and are tried once more.

Prefect's worker reports a process that it sees dying; when the worker dies with it, or the machine does, nobody reports
it and the run stays Running. Here the processes of this machine's runs are noted down, so that who is gone is known
exactly: no heartbeat can come late, and no run that ended well is touched.

The state that a run is in need not be of the process that is gone: it may have ended Failed, and *Retry* been pressed
since, here or for a worker of another machine. So the state that each process was last seen in is noted down too; no
clock of another machine is asked.
"""

import contextlib
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

import psutil
from pydantic import BaseModel, TypeAdapter, ValidationError

from data_catalog.living import started

_OF_RUN = "PREFECT__FLOW_RUN_ID"
"""Variable of the process of a flow run, set by Prefect's worker."""
_ENGINE = "prefect.engine"
"""Module of that process; what the run starts has the variable too."""
_OPEN = {"PENDING", "RUNNING"}
_GRACE_SECONDS = 10.0
"""For a worker that lives to report the end of a process itself."""


class RunState(BaseModel):
    """A state that a flow run is in: each is new, and has an id of its own."""

    id: str
    type: str


class Api(Protocol):
    """What is asked of Prefect's server."""

    def run_states(self, ids: Iterable[str]) -> dict[str, RunState]:
        """The states of flow runs, by the runs' ids; runs that were deleted are left out."""

    def set_state(self, run_id: str, state: dict[str, Any]) -> None:
        """Put a flow run into a state, whatever it is in."""

    def was_cancelled(self, run_id: str) -> bool:
        """Whether a flow run that has crashed was being cancelled when it did."""


class KnownRun(BaseModel):
    """Attributes:
    pid, created: of the process that was last seen to do it (`living.started`), pid None while it waits for another
        one to try it again;
    state: that it was last seen in while the process lived;
    ended: whether the process was seen to live on after it had ended the run;
    retried: that it was tried again after a crash.
    """

    pid: int | None
    created: str
    state: RunState | None = None
    ended: bool = False
    retried: bool = False

    def seen(self, state: RunState | None) -> "KnownRun":
        """With the state that it is in while its process lives."""
        ended = self.ended
        if state is not None and state.type != "CANCELLING":
            ended = state.type not in _OPEN or not self.does(state)
        return self.model_copy(update={"state": state, "ended": ended})

    def does(self, state: RunState) -> bool:
        """Whether an open state is of this process, and not of another try."""
        if self.pid is None or self.ended:
            return False
        return self.state in (None, state) or self.state.type == "PENDING"  # before it runs, it may wait again


_FILE = TypeAdapter(dict[str, KnownRun])


class LostRuns:
    """The runs of this machine. Their list outlives the process in a file.

    Args:
        file: of the list.
    """

    def __init__(self, file: Path, api: Api) -> None:
        self._file, self._api = file, api
        self._known: dict[str, KnownRun] = {}
        self._gone: dict[str, float] = {}
        # None the first time; cut off when the machine died in the middle of it.
        with contextlib.suppress(OSError, ValidationError):
            self._known = _FILE.validate_json(file.read_bytes())
        self._written = dict(self._known)

    def look(self, processes: Iterable[psutil.Process]) -> list[str]:
        """Note the runs among processes; end those that are gone, and have those that crashed tried once more.

        Returns:
            a line for a person about each of them.

        Raises:
            OSError: the list cannot be written (a full disk); what is in it is known all the same.
        """
        living = list[str]()
        for process in processes:
            if (run := run_of(process)) is not None and (start := started(process.pid)):
                living.append(run)
                known = self._known.get(run)
                # Of two, the younger: one that has ended the run may linger.
                if known is None or not _lives(known) or float(start) > float(known.created):
                    retried = known.retried if known else False
                    self._known[run] = KnownRun(pid=process.pid, created=start, retried=retried)
        try:
            states = self._api.run_states(living) if living else {}
            self._known |= {run: self._known[run].seen(states.get(run)) for run in living}
            now = time.monotonic()
            self._gone = {run: self._gone.get(run, now) for run, known in self._known.items() if not _lives(known)}
            gone = [run for run, since in self._gone.items() if now - since >= _GRACE_SECONDS]
            return self._settle(gone) if gone else []
        finally:  # a process that is noted down is known even if the server does not answer
            if self._known != self._written:
                self._write()

    def _settle(self, gone: list[str]) -> list[str]:
        states, said = self._api.run_states(gone), []
        for run in gone:
            known, found = self._known[run], states.get(run)
            state = found.type if found else None
            if found and state in _OPEN and known.does(found):
                message = "Its process is gone (it was killed, or the machine was)."
                self._api.set_state(run, {"type": "CRASHED", "name": "Crashed", "message": message})
                state = "CRASHED"
                said.append(f"run {run}: its process is gone")
            # A signal ends its process, which says that it crashed; the worker says the rest, if it lives.
            cancelling = state == "CANCELLING" and known.pid is not None and not known.ended
            if cancelling or (state == "CRASHED" and self._api.was_cancelled(run)):
                message = "It was cancelled, and its process has ended."
                self._api.set_state(run, {"type": "CANCELLED", "name": "Cancelled", "message": message})
                state = "CANCELLED"
            if state == "CRASHED" and not known.retried:
                message = "Tried once more by itself after a crash; only what is missing is done."
                self._api.set_state(run, {"type": "SCHEDULED", "name": "AwaitingRetry", "message": message})
                self._known[run] = known.model_copy(update={"pid": None, "retried": True})
                said.append(f"run {run}: crashed, and is tried once more")
            elif state == "SCHEDULED" or (state in _OPEN and known.pid is not None):  # somebody pressed Retry
                self._known[run] = known.model_copy(update={"pid": None})
            elif state not in ("CANCELLING", *_OPEN):
                del self._known[run]
        return said

    def _write(self) -> None:
        part = self._file.with_suffix(".part")
        part.write_bytes(_FILE.dump_json(self._known))
        part.replace(self._file)
        self._written = dict(self._known)


def run_of(process: psutil.Process) -> str | None:
    """The id of the flow run that a process does; None of all other processes."""
    try:
        return process.environ().get(_OF_RUN) if _ENGINE in process.cmdline() else None
    except psutil.Error:
        return None


def _lives(known: KnownRun) -> bool:
    return known.pid is not None and started(known.pid) == known.created
