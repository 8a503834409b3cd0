"""What a worker is: it holds a stage's models and does units.

It loads its stage's models once; a call costs about 1 ms (a Prefect task on Ray costs 120-195 ms), so units go to
workers and never become Prefect tasks of their own. Workers need the catalog's URI and nothing else: they read and
write rows themselves, and only a small outcome travels back.
"""

import contextlib
import ctypes
import importlib
import logging
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Annotated

from pydantic import BaseModel, Field

from data_catalog import Catalog, Unit
from tango_models.errors import InputError
from tasks.runtime.faults import describe, is_disk_full, trace_of
from tasks.runtime.files import Files
from tasks.runtime.handing_over import Travelling, arrived
from tasks.runtime.reading import DeclaredSource
from tasks.runtime.registry import create_stage
from tasks.runtime.scratch import scratch_folder
from tasks.runtime.stage import RowWriter, Stage
from tasks.runtime.versions import reads_as_planned

_LOG = logging.getLogger(__name__)
STOP_SECONDS = 1.5
"""For a worker to put away what it has open."""
INTERRUPTED = "interrupted; the next run does it"
_REDONE = "what it reads was done over meanwhile by another run; run the command again"


class WorkerResources(BaseModel):
    """What one worker of a stage takes from the cluster.

    Attributes:
        num_cpus: reserved per worker; None: 0.1 of a cluster that is joined, and nothing on this machine. Little on
            purpose: stages wait for one another more than they compute, and a full core each would leave no room for
            the next stage's worker.
        num_gpus: reserved per worker; a fraction lets several share a GPU.
        resources: reserved per worker of what nodes were started with besides (`ray start --resources`); by these a
            stage keeps to some nodes.
        threads: threads the numerical libraries may use inside a worker.
        count: workers at most; None: as many as the cluster's CPUs feed (`Stage.cores`), and as there is room for.
    """

    num_cpus: float | None = Field(None, ge=0)
    num_gpus: float = Field(0.0, ge=0)
    resources: dict[str, Annotated[float, Field(gt=0)]] = Field(default_factory=dict)
    threads: int = Field(2, ge=1)
    count: int | None = Field(None, ge=1)


@dataclass(frozen=True)
class Outcome:
    """What became of a unit.

    Attributes:
        transient: the failure may go away when the unit is tried again (anything but a fault of the input).
        trace: the stack trace of what nobody foresaw.
    """

    unit: str
    subject: str
    ok: bool
    error: str = ""
    transient: bool = False
    n_rows: int = 0
    seconds: float = 0.0
    trace: str = ""


class Stopped(BaseException):
    """Raised into the midst of a unit whose run ends: what it has open is put away, and nothing is written down."""


class StageWorker:
    """The body of an actor (`runtime/cluster/actors.py`); also usable in-process (tests)."""

    def __init__(
        self, stage: str, config: dict, catalog_uri: str, storage_options: dict | None, run_id: str, *,
        shared: bool = True, files: Travelling | None = None, tag: str | None = None,
    ) -> None:  # fmt: skip
        self._catalog = Catalog(catalog_uri, storage_options, tag)
        self._run_id = run_id
        self._files, self._travelling = Files(self._catalog, run_id, shared=shared), files
        self._resources = ExitStack()  # until this process ends
        self._stage = self._create(stage, config)
        self._arguments = stage, config
        self._ready = False
        self._loading = threading.Lock()  # the first unit may come while `warm` is still at it
        self._progress = (0, 0)
        self._thread: int | None = None  # that does a unit
        self._between_units = threading.Event()
        self._between_units.set()
        self._turn = threading.Lock()
        self._stopped = False

    def warm_up(self) -> None:
        """`warm`, ahead of the first unit; what fails is said by that unit, which then tries again."""
        with contextlib.suppress(Exception):
            self.warm()

    def warm(self) -> None:
        """Load libraries and models now rather than at the first unit."""
        with self._loading:
            if not self._ready:
                if self._travelling:
                    stage, config = self._arguments
                    folder = self._resources.enter_context(scratch_folder())
                    self._stage = self._create(stage, arrived(self._catalog, config, self._travelling, folder))
                for library in self._stage.libraries:
                    importlib.import_module(library)
                self._stage.setup()
                self._ready = True

    def _create(self, stage: str, config: dict) -> Stage:
        created = create_stage(stage, config)
        created.file_access = self._files
        return created

    def progress(self) -> tuple[int, int]:
        return self._progress

    def stop(self) -> None:
        """Do no more; a unit in progress ends at its next line of Python, so that no file is left half written."""
        with self._turn:
            self._stopped = True
            if self._thread is not None:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._thread), ctypes.py_object(Stopped))
        self._between_units.wait(STOP_SECONDS)

    def process(self, unit: Unit) -> Outcome:
        """Do a unit and write down what became of it. Never raises for a fault of the unit."""
        stopped = Outcome(unit.key, unit.subject, False, INTERRUPTED)
        with self._turn:
            if self._stopped:
                return stopped
            self._thread = threading.get_ident()
            self._between_units.clear()
        try:
            return self._process(unit)
        except Stopped:
            return stopped
        finally:
            with self._turn:
                self._thread = None
            self._between_units.set()

    def _process(self, unit: Unit) -> Outcome:
        start = time.monotonic()
        self._progress = (0, 0)
        begin = partial(self._catalog.begin, unit)
        out = RowWriter(self._catalog, unit.stage, unit.provenance(self._run_id), self._note, begin=begin)
        source = DeclaredSource(
            self._catalog, unit.stage, self._stage.reads, unit.upstream, own=[unit.key], before_own=out.flush
        )
        try:
            self.warm()
            self._stage.process(source, unit, out)
            out.flush()
            seconds = time.monotonic() - start
            if not reads_as_planned(self._catalog, self._stage, unit):
                return Outcome(unit.key, unit.subject, False, _REDONE, transient=True, seconds=seconds)
            self._catalog.finish(unit, n_rows=out.n_rows, run_id=self._run_id, seconds=seconds, fields=out.hashes())
        except Exception as error:
            return self._failed(unit, error, time.monotonic() - start)
        return Outcome(unit.key, unit.subject, True, n_rows=out.n_rows, seconds=seconds)

    def _failed(self, unit: Unit, error: Exception, seconds: float) -> Outcome:
        reason = describe(error, self._catalog.uri, unit.stage)
        if is_disk_full(error):
            # Nothing is the matter with the unit: it stays pending, and no attempt is counted.
            return Outcome(unit.key, unit.subject, False, reason, seconds=seconds)
        transient = not isinstance(error, InputError)
        trace = trace_of(error) if transient else ""
        note_failure(self._catalog, unit, f"{reason}\n{trace}".strip(), run_id=self._run_id, seconds=seconds)
        return Outcome(unit.key, unit.subject, False, reason, transient, seconds=seconds, trace=trace)

    def _note(self, done: int, total: int) -> None:
        self._progress = (done, total)


def note_failure(catalog: Catalog, unit: Unit, reason: str, *, run_id: str, seconds: float = 0.0) -> None:
    """Write a failed unit down. Where even that cannot be written it stays pending, and the reason is not lost."""
    try:
        catalog.fail(unit, reason, run_id=run_id, seconds=seconds)
    except OSError as error:
        _LOG.warning("%s %s: its failure could not be written down (%s)", unit.stage, unit.subject, error)
