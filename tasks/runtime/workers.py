"""Ray actors that hold the models, and the pools that hand them units.

An actor loads its stage's models once and then does units; a call costs about 1 ms (a Prefect task on Ray costs
120-195 ms), so units go to actors and never become Prefect tasks of their own. Workers need the catalog's URI and
nothing else: they read and write rows themselves, and only a small outcome travels back.

Not `ray.util.ActorPool` (2.60): it leaves a dead actor out but starts no other, does not say which unit died with it or
how far a unit is, cannot grow when work comes, and is not made for the several threads that call `run`.
"""

import contextlib
import ctypes
import importlib
import logging
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

from pydantic import BaseModel, Field

from data_catalog import Catalog, Unit
from tango_models.errors import InputError
from tasks.runtime.faults import WORKER_DIED, describe, is_disk_full, trace_of
from tasks.runtime.files import Files
from tasks.runtime.handing_over import HandOver, Travelling, arrived
from tasks.runtime.reading import DeclaredSource
from tasks.runtime.registry import create_stage
from tasks.runtime.scratch import scratch_folder
from tasks.runtime.stage import RowWriter, Stage
from tasks.runtime.versions import reads_as_planned

_LOG = logging.getLogger(__name__)
_POLL_SECONDS = 0.5
_STOP_SECONDS = 1.5
"""For a worker to put away what it has open."""
_ENDING_SECONDS = 1.0
"""Between the death of a worker and the word that the whole run ends: whoever ends a run may signal all at once."""
_INTERRUPTED = "interrupted; the next run does it"
_REDONE = "what it reads was done over meanwhile by another run; run the command again"
_LOST = "no node of the Ray cluster is alive any more"
_SILENT_SECONDS = 5.0
"""Without an answer from a worker, after which it is asked whether the cluster lives: without a node it would never
start."""
_ALLOCATOR = {
    "MALLOC_MMAP_THRESHOLD_": str(2**20),
    "MALLOC_TRIM_THRESHOLD_": str(2**20),
    "MALLOC_ARENA_MAX": "2",
}
"""For glibc: give every frame back to the system when it is freed. Left to adapt, its thresholds rise to the size of a
frame, and a worker that decodes in threads keeps hundreds of MB of holes: detection of 300 s of 768 x 768 footage grew
from 580 to 1,270 MB; with these it stays between 558 and 570."""


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
    """The body of the actor; also usable in-process (tests)."""

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
        self._between_units.wait(_STOP_SECONDS)

    def process(self, unit: Unit) -> Outcome:
        """Do a unit and write down what became of it. Never raises for a fault of the unit."""
        stopped = Outcome(unit.key, unit.subject, False, _INTERRUPTED)
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
        source = DeclaredSource(self._catalog, unit.stage, self._stage.reads, unit.upstream, own=[unit.key])
        try:
            self.warm()
            self._stage.process(source, unit, out)
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


class PoolClosed(Exception):
    """The run ended while units were waiting for a worker."""

    def __init__(self) -> None:
        super().__init__(_INTERRUPTED)


def cluster_lives() -> bool:
    """Whether any node of the cluster does. (Ray takes some 15 s to find out.)"""
    import ray

    try:
        return any(node["Alive"] for node in ray.nodes())
    except (ray.exceptions.RayError, OSError, RuntimeError):
        return False


class WorkerPool:
    """A stage's actors. `run` may be called from several threads; units wait for an idle worker.

    Args:
        shared: workers see this machine's paths.
    """

    def __init__(
        self, stage: str, config: dict, catalog: Catalog, resources: WorkerResources, *, size: int, run_id: str,
        shared: bool = True,
    ) -> None:  # fmt: skip
        self._stage, self._catalog, self._run_id = stage, catalog, run_id
        self._arguments = (stage, config, catalog.uri, catalog.storage_options, run_id)
        self._planner = create_stage(stage, config)
        self._handing = HandOver(catalog, run_id, shared=shared)
        self._ahead = threading.Semaphore(size + 1)  # files of one unit are handed over while the workers are busy
        self._shared = shared
        self._travelling: Travelling | None = None
        self._resources = resources
        self._size = size
        self._idle: queue.LifoQueue = queue.LifoQueue()
        self._workers: list = []
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._lost = False
        self._busy = 0

    def lose(self) -> None:
        """The cluster is gone: what was being done here may be tried again, and no attempt is counted."""
        self._lost = True
        self.refuse()

    @property
    def busy(self) -> bool:
        return self._busy > 0

    def refuse(self) -> None:
        """Take no more units; what happens to a worker from now on is no fault of its unit."""
        self._closed.set()

    def close(self) -> None:
        """End the workers; what they were doing is not `ok` in the ledger and will be done by the next run."""
        import ray

        self.refuse()
        with self._lock:
            workers, self._workers = self._workers, []
            busy = self._busy
        with contextlib.suppress(ray.exceptions.RayError):
            if busy and workers:
                ray.wait([worker.stop.remote() for worker in workers], num_returns=len(workers), timeout=_STOP_SECONDS)
        for worker in workers:
            with contextlib.suppress(ray.exceptions.RayError):
                ray.kill(worker)

    def warm(self) -> None:
        """Start one worker and let it load its models while earlier stages still compute."""
        with self._lock:
            if self._workers or self._closed.is_set():
                return
            worker = self._start()
        self._idle.put(worker)

    def run(self, units: list[Unit], on_progress: Callable[[Unit, int, int], None] | None = None) -> list[Outcome]:
        """Do the units, each on an idle worker, and return their outcomes in order."""
        with ThreadPoolExecutor(max_workers=max(1, min(self._size, len(units)))) as threads:
            return list(threads.map(lambda unit: self._run_one(unit, on_progress), units))

    def _run_one(self, unit: Unit, on_progress: Callable[[Unit, int, int], None] | None) -> Outcome:
        files = self._handing.wanted(self._planner, unit)
        try:
            with self._ahead if files else contextlib.nullcontext():
                if self._closed.is_set():
                    return self._not_done(unit)
                with self._handing.lent(files):
                    outcome = self._compute(unit, on_progress)
        except InputError as error:
            note_failure(self._catalog, unit, str(error), run_id=self._run_id)
            return Outcome(unit.key, unit.subject, False, str(error))
        if outcome.ok:
            self._handing.collect(self._planner, unit)
        return outcome

    def _compute(self, unit: Unit, on_progress: Callable[[Unit, int, int], None] | None) -> Outcome:
        import ray

        try:
            worker = self._take()
        except PoolClosed:
            return self._not_done(unit)
        with self._lock:
            self._busy += 1
        try:
            return self._result(worker, unit, on_progress)
        except ray.exceptions.RayError as error:  # the process died: out of memory, a crash in native code
            # By whoever ended the run: nothing is the matter with the unit, and no attempt is counted.
            if self._closed.wait(_ENDING_SECONDS):
                return self._not_done(unit)
            if not cluster_lives():
                self.lose()
                return self._not_done(unit)
            reason = f"{WORKER_DIED}: {type(error).__name__}: {str(error).splitlines()[0]}"
            _LOG.warning("%s %s: %s", self._stage, unit.subject, reason)
            note_failure(self._catalog, unit, reason, run_id=self._run_id)
            with contextlib.suppress(ray.exceptions.RayError):
                ray.kill(worker)
            with self._lock:
                if not self._closed.is_set():
                    self._workers.remove(worker)
                    worker = self._start()
            return Outcome(unit.key, unit.subject, False, reason, transient=True)
        finally:
            with self._lock:
                self._busy -= 1
            self._idle.put(worker)

    def _not_done(self, unit: Unit) -> Outcome:
        return Outcome(unit.key, unit.subject, False, _LOST if self._lost else _INTERRUPTED, transient=self._lost)

    def _result(self, worker: Any, unit: Unit, on_progress: Callable[[Unit, int, int], None] | None) -> Outcome:
        import ray

        reference, asked, since = worker.process.remote(unit), worker.progress.remote(), time.monotonic()
        while not ray.wait([reference], timeout=_POLL_SECONDS)[0]:
            if ray.wait([asked], timeout=0)[0]:
                done = ray.get(asked)
                if on_progress:
                    on_progress(unit, *done)
                asked, since = worker.progress.remote(), time.monotonic()
            elif time.monotonic() - since > _SILENT_SECONDS:
                if not cluster_lives():
                    self.lose()
                if self._lost:
                    return self._not_done(unit)
                since = time.monotonic()
        return ray.get(reference)

    def _take(self) -> Any:
        with self._lock:
            if self._closed.is_set():
                raise PoolClosed
            with contextlib.suppress(queue.Empty):
                return self._idle.get_nowait()
            if len(self._workers) < self._size:
                return self._start()
        worker = self._idle.get()
        if self._closed.is_set():
            self._idle.put(worker)  # for the next who waits
            raise PoolClosed
        return worker

    def _start(self) -> Any:
        import ray

        threads = str(self._resources.threads)
        # A class of the stage's name: Ray, `ps` and `top` then show what a process is for.
        actor: Any = ray.remote(type(self._stage, (StageWorker,), {})).options(
            num_cpus=self._resources.num_cpus or 0,
            num_gpus=self._resources.num_gpus,
            resources=self._resources.resources,
            scheduling_strategy="SPREAD",  # Ray packs a node half full first, and a worker reserves less than it uses
            max_restarts=0,  # a dead worker is replaced here, where its unit can be written down as failed
            max_task_retries=0,
            max_concurrency=2,  # one unit, and beside it the question how far it is
            runtime_env={"env_vars": {"OMP_NUM_THREADS": threads, "NUMBA_NUM_THREADS": threads, **_ALLOCATOR}},
        )
        if self._travelling is None:
            self._travelling = self._handing.settings(type(self._planner), self._arguments[1])
        worker = actor.remote(*self._arguments, shared=self._shared, files=self._travelling, tag=self._catalog.tag)
        self._workers.append(worker)
        worker.warm_up.remote()
        return worker
