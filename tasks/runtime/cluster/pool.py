"""A stage's workers, as many as its units need and as there is room for.

A unit goes only to a worker that has loaded its models: one that Ray has no room for holds up nobody. Nobody keeps room
that he does not use: a worker that had nothing to do for a while ends, so that other stages, and other runs on the same
cluster, find room in the end, and no two wait for each other.

Not `ray.util.ActorPool` (2.60): it leaves a dead actor out but starts no other, does not say which unit died with it or
how far a unit is, cannot grow when work comes, and is not made for the several threads that call `run`.
"""

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from data_catalog import Catalog, Unit
from tango_models.errors import InputError
from tasks.runtime.cluster.actors import Actor, ActorLost, StartActor, cluster_lives, free_and_all, has_room, wait_for
from tasks.runtime.cluster.capacity import needs, waits_for
from tasks.runtime.cluster.neighbours import Waiting
from tasks.runtime.cluster.workers import INTERRUPTED, STOP_SECONDS, Outcome, WorkerResources, note_failure
from tasks.runtime.faults import WORKER_DIED
from tasks.runtime.handing_over import HandOver, Travelling
from tasks.runtime.registry import create_stage

_LOG = logging.getLogger(__name__)
_POLL_SECONDS = 0.5
_LOOK_SECONDS = 0.1
"""Between two looks of a unit that waits whether a worker has loaded."""
_ENDING_SECONDS = 1.0
"""Between the death of a worker and the word that the whole run ends: whoever ends a run may signal all at once."""
_ASK_SECONDS = 1.0
"""Between two questions to the cluster what is free."""
_SILENT_SECONDS = 5.0
"""Without an answer from a worker, after which it is asked whether the cluster lives: without a node it would never
start."""
_PATIENCE_SECONDS = 10.0
"""Without room for a first worker, after which it is said, and other stages of the run make room."""
_IDLE_SECONDS, _SPARE_SECONDS, _LAST_SECONDS = 15.0, 1.0, 60.0
"""A worker may have nothing to do; while another stage waits for room; the last one, when it reserves nothing. A start
takes 3 to 5 s."""
_TURN_SECONDS = 60.0
"""That a stage keeps its only worker while another run has none for want of it: a dozen starts of one."""
_LOST = "no node of the Ray cluster is alive any more"

OnProgress = Callable[[Unit, int, int], None]
OnWait = Callable[[str, str], None]


class PoolClosed(Exception):
    """The run ended while units were waiting for a worker."""

    def __init__(self) -> None:
        super().__init__(INTERRUPTED)


class WorkerPool:
    """A stage's workers. `run` may be called from several threads; units wait for a worker that is idle.

    Args:
        size: workers at most.
        shared: workers see this machine's paths.
        others_wait: whether another stage of the run has waited for room for a while, and has no worker.
        others_have_less: whether one has, and has fewer workers than this, no larger ones.
        neighbours_have_less: whether a stage of another run on the cluster waits for the room of a worker with these
            needs, and has fewer than so many.
        start: a worker.
    """

    def __init__(
        self, stage: str, config: dict, catalog: Catalog, resources: WorkerResources, *, size: int, run_id: str,
        shared: bool = True, others_wait: Callable[[], bool] = lambda: False,
        others_have_less: Callable[["WorkerPool"], bool] = lambda pool: False,
        neighbours_have_less: Callable[[Mapping[str, float], int], bool] = lambda needs, at_work: False,
        start: StartActor = Actor,
    ) -> None:  # fmt: skip
        self._stage, self._catalog, self._run_id = stage, catalog, run_id
        self._arguments = (stage, config, catalog.uri, catalog.storage_options, run_id)
        self._planner = create_stage(stage, config)
        self._handing = HandOver(catalog, run_id, shared=shared)
        self._ahead = threading.Semaphore(size + 1)  # files of one unit are handed over while the workers are busy
        self._shared = shared
        self._travelling: Travelling | None = None
        self._resources, self._needs = resources, needs(resources)
        self._size = size
        self._others_wait, self._others_have_less, self._new = others_wait, others_have_less, start
        self._neighbours_have_less = neighbours_have_less
        self._starting: dict[Actor, float] = {}
        self._idle: dict[Actor, float] = {}  # since when; the last that came is the next to go, and its caches are warm
        self._busy: set[Actor] = set()
        self._waiting = 0  # units
        self._looked = self._gave = self._turn = self._asked = 0.0
        self._changed = threading.Condition()
        self._closed = threading.Event()
        self._lost = self._short = self._starved = self._said = False

    def lose(self) -> None:
        """The cluster is gone: what was being done here may be tried again, and no attempt is counted."""
        self._lost = True
        self.refuse()

    @property
    def busy(self) -> bool:
        return bool(self._busy)

    @property
    def starved(self) -> bool:
        """Whether units have waited for a while, and there is no room for a single worker. Takes no lock: other pools
        ask it under theirs."""
        return self._starved

    def has_less_than(self, other: "WorkerPool") -> bool:
        """Whether units have waited for a while for room that a worker of another stage takes, which has more of them.
        Takes no lock."""
        fits = all(other._needs.get(kind, 0.0) >= amount for kind, amount in self._needs.items())
        return self._short and fits and self._at_work() < other._at_work()

    @property
    def waiting(self) -> Waiting | None:
        """What other runs on the cluster are told. Takes no lock."""
        return Waiting(self._needs, self._at_work()) if self._short else None

    @property
    def reserves(self) -> bool:
        """Whether its workers take room from others."""
        return bool(self._needs)

    def refuse(self) -> None:
        """Take no more units; what happens to a worker from now on is no fault of its unit."""
        self._closed.set()

    def close(self) -> None:
        """End the workers; what they were doing is not `ok` in the ledger and will be done by the next run."""
        self.refuse()
        with self._changed:
            busy, all_ = list(self._busy), [*self._busy, *self._idle, *self._starting]
            self._busy, self._idle, self._starting = set(), {}, {}
            self._short = self._starved = False
            self._changed.notify_all()
        if busy:
            wait_for([actor.stop() for actor in busy], STOP_SECONDS)
        for actor in all_:
            actor.kill()

    def warm(self) -> None:
        """Start one worker and let it load its models while earlier stages still compute."""
        with self._changed:
            if not self._alive() and not self._closed.is_set():
                self._start()

    def run(
        self, units: list[Unit], on_progress: OnProgress | None = None, on_wait: OnWait | None = None
    ) -> list[Outcome]:
        """Do the units, each on an idle worker, and return their outcomes in order.

        Args:
            on_progress: called with a unit and how far it is; on_wait: with the stage and what it waits for, once, when
                there is no room for a worker. Both from several threads.
        """
        with ThreadPoolExecutor(max_workers=max(1, min(self._size, len(units)))) as threads:
            return list(threads.map(lambda unit: self._run_one(unit, on_progress, on_wait), units))

    def tend(self) -> None:
        """Let those who have loaded join, and end those whom nobody has needed for a while. To be called about every
        second while the pool is open."""
        with self._changed:
            now = time.monotonic()
            if self._closed.is_set() or now - self._looked < _LOOK_SECONDS:
                return
            self._looked = now
            for actor in [actor for actor in self._starting if actor.is_warm()]:
                del self._starting[actor]
                if self._waiting or not actor.is_dead():
                    if not self._at_work():
                        self._turn = now
                    self._idle[actor] = now
                    self._changed.notify()
            waits = bool(
                self._needs
                and self._waiting
                and self._starting
                and not self._idle
                and all(now - since > _PATIENCE_SECONDS for since in self._starting.values())
                and not any(actor.is_placed() for actor in self._starting)
            )
            if not waits or now - self._asked > _ASK_SECONDS:
                self._short = waits and not has_room(self._needs)
                self._asked = now
            self._starved = self._short and not self._busy
            if not self._waiting:
                self._shrink(now)

    def _shrink(self, now: float) -> None:
        hurry = self._needs and self._others_wait()
        for actor, since in [*self._starting.items(), *self._idle.items()]:
            last = self._alive() == 1 and not self._needs
            if now - since > (_SPARE_SECONDS if hurry else _LAST_SECONDS if last else _IDLE_SECONDS):
                self._starting.pop(actor, None)
                self._idle.pop(actor, None)
                actor.kill()

    def _run_one(self, unit: Unit, on_progress: OnProgress | None, on_wait: OnWait | None) -> Outcome:
        files = self._handing.wanted(self._planner, unit)
        try:
            with self._ahead if files else contextlib.nullcontext():
                if self._closed.is_set():
                    return self._not_done(unit)
                with self._handing.lent(files):
                    outcome = self._compute(unit, on_progress, on_wait)
        except InputError as error:
            note_failure(self._catalog, unit, str(error), run_id=self._run_id)
            return Outcome(unit.key, unit.subject, False, str(error))
        if outcome.ok:
            self._handing.collect(self._planner, unit)
        return outcome

    def _compute(self, unit: Unit, on_progress: OnProgress | None, on_wait: OnWait | None) -> Outcome:
        try:
            actor = self._take(on_wait)
        except PoolClosed:
            return self._not_done(unit)
        ended = False
        try:
            outcome = self._result(actor, unit, on_progress)
            ended = True
            return outcome
        except ActorLost as error:
            # By whoever ended the run: nothing is the matter with the unit, and no attempt is counted.
            if self._closed.wait(_ENDING_SECONDS):
                return self._not_done(unit)
            if not cluster_lives():
                self.lose()
                return self._not_done(unit)
            reason = f"{WORKER_DIED}: {error}"
            _LOG.warning("%s %s: %s", self._stage, unit.subject, reason)
            note_failure(self._catalog, unit, reason, run_id=self._run_id)
            return Outcome(unit.key, unit.subject, False, reason, transient=True)
        finally:
            self._put_back(actor, ended=ended)

    def _not_done(self, unit: Unit) -> Outcome:
        return Outcome(unit.key, unit.subject, False, _LOST if self._lost else INTERRUPTED, transient=self._lost)

    def _result(self, actor: Actor, unit: Unit, on_progress: OnProgress | None) -> Outcome:
        actor.begin(unit)
        since = time.monotonic()
        while not actor.ended(_POLL_SECONDS):
            if done := actor.progress():
                if on_progress:
                    on_progress(unit, *done)
                since = time.monotonic()
            elif time.monotonic() - since > _SILENT_SECONDS:
                self._check_cluster()
                if self._lost:
                    raise ActorLost(_LOST)
                since = time.monotonic()
        return actor.outcome()

    def _take(self, on_wait: OnWait | None) -> Actor:
        """An idle worker, when there is one.

        Raises:
            PoolClosed: the run has ended, or its cluster is gone.
        """
        asked = time.monotonic()
        with self._changed:
            self._waiting += 1
        try:
            while True:
                with self._changed:
                    if self._closed.is_set():
                        raise PoolClosed
                    if not self._idle:
                        self._grow()
                        self._changed.wait(_LOOK_SECONDS)
                        self.tend()
                    if self._idle and not self._closed.is_set():
                        actor, _ = self._idle.popitem()
                        self._busy.add(actor)
                        return actor
                    say = on_wait if self._starved and not self._said else None
                    self._said = self._said or bool(say)
                if say:
                    self._say(say)
                if not self._busy and time.monotonic() - asked > _SILENT_SECONDS:
                    self._check_cluster()
                    asked = time.monotonic()
        finally:
            with self._changed:
                self._waiting -= 1
                now = time.monotonic()
                if not self._waiting:  # what nobody needs now was needed until now
                    self._starting = dict.fromkeys(self._starting, now)
                    self._short = self._starved = False

    def _say(self, say: OnWait) -> None:
        why = waits_for(self._needs, *free_and_all())
        _LOG.warning("%s: %s", self._stage, why)
        say(self._stage, why)

    def _check_cluster(self) -> None:
        if not cluster_lives():
            self.lose()

    def _put_back(self, actor: Actor, *, ended: bool) -> None:
        """Let a worker wait for the next unit, if its last one has ended; else it may still be at it, and is killed."""
        with self._changed:
            self._busy.discard(actor)
            ending = [actor]
            if ended and not self._closed.is_set():
                now = time.monotonic()
                # Room that was given is seen in use after a while; until then, one worker is enough.
                just_gave = now - self._gave < _PATIENCE_SECONDS and not self._others_wait()
                if (just_gave or not self._makes_room()) and not self._turn_is_over(now):
                    self._idle[actor] = now
                    self._changed.notify()
                    return
                self._gave = now
                ending = [*self._unplaced(), actor]  # those would take the room themselves
            for gone in ending:
                self._starting.pop(gone, None)
        for gone in ending:
            gone.kill()

    def _grow(self) -> None:
        enough = self._alive() >= self._size or len(self._starting) >= self._waiting
        if not enough and not self._makes_room():
            self._start()

    def _makes_room(self) -> bool:
        """Whether others need the room of one worker more than this stage, which has others."""
        if not self._needs or not (self._idle or self._busy):
            return False
        return (
            self._others_wait()
            or self._others_have_less(self)
            or self._neighbours_have_less(self._needs, self._at_work())
        )

    def _turn_is_over(self, now: float) -> bool:
        """Whether the only worker goes, since a run that has none has waited for it long enough."""
        alone = bool(self._needs) and not self._at_work()
        return alone and now - self._turn > _TURN_SECONDS and self._neighbours_have_less(self._needs, 1)

    def _unplaced(self) -> list[Actor]:
        return [actor for actor in self._starting if not actor.is_placed()]

    def _at_work(self) -> int:
        return len(self._idle) + len(self._busy)

    def _alive(self) -> int:
        return len(self._starting) + len(self._idle) + len(self._busy)

    def _start(self) -> None:
        if self._travelling is None:
            self._travelling = self._handing.settings(type(self._planner), self._arguments[1])
        more = {"shared": self._shared, "files": self._travelling, "tag": self._catalog.tag}
        self._starting[self._new(self._stage, self._resources, self._arguments, **more)] = time.monotonic()
