"""A cluster of little room in which any number of runs have pools: workers that only count, in this process."""

import itertools
import threading
import time
from collections.abc import Iterator, Mapping

from tasks.runtime.cluster.actors import ActorLost
from tasks.runtime.cluster.capacity import needs
from tasks.runtime.cluster.workers import Outcome, WorkerResources


class Cluster:
    """Places what was asked for, in that order where there is room, and remembers which unit was done how often."""

    def __init__(self, room: Mapping[str, float], seconds: float = 0.002) -> None:
        self.room, self.free, self.seconds = dict(room), dict(room), seconds
        self.lock = threading.RLock()
        self.asked: dict[Worker, None] = {}
        self.placed: set[Worker] = set()
        self.done: dict[str, int] = {}
        self.at: dict[str, int] = {}
        self.dies: Iterator[bool] = itertools.repeat(False)
        """Whether the next worker dies at its first unit."""

    def start(self, stage: str, resources: WorkerResources, *_, **__) -> "Worker":
        return Worker(self, resources)

    def place(self) -> None:
        with self.lock:
            for worker in list(self.asked):
                if all(self.free[kind] >= amount - 1e-9 for kind, amount in worker.needs.items()):
                    del self.asked[worker]
                    self.placed.add(worker)
                    worker.since = time.monotonic()
                    for kind, amount in worker.needs.items():
                        self.free[kind] -= amount

    def remove(self, worker: "Worker") -> None:
        with self.lock:
            self.asked.pop(worker, None)
            if worker in self.placed:
                self.placed.discard(worker)
                for kind, amount in worker.needs.items():
                    self.free[kind] += amount


class Worker:
    """As `Actor`, of a `Cluster`."""

    def __init__(self, cluster: Cluster, resources: WorkerResources) -> None:
        self.cluster, self.needs, self.killed, self.since = cluster, needs(resources), False, 0.0
        with cluster.lock:
            cluster.asked[self] = None
            self.dies = next(cluster.dies)

    def is_placed(self):
        self.cluster.place()
        return self in self.cluster.placed

    def is_warm(self):
        return self.is_placed() and time.monotonic() - self.since > self.cluster.seconds

    def is_dead(self):
        return self.killed

    def begin(self, unit):
        assert self in self.cluster.placed, "a unit was given to a worker that has no room"
        self.unit, self.begun = unit, time.monotonic()
        with self.cluster.lock:
            self.cluster.at[unit.key] = self.cluster.at.get(unit.key, 0) + 1
            assert self.cluster.at[unit.key] == 1, "two workers are at one unit"

    def ended(self, seconds):
        time.sleep(min(seconds, self.cluster.seconds))
        return True

    def progress(self):
        return None

    def outcome(self):
        with self.cluster.lock:
            self.cluster.at[self.unit.key] -= 1
            if self.killed or self.dies:
                raise ActorLost("it died")
            self.cluster.done[self.unit.key] = self.cluster.done.get(self.unit.key, 0) + 1
        return Outcome(self.unit.key, self.unit.subject, True)

    def stop(self):
        return None

    def kill(self):
        self.killed = True
        self.cluster.remove(self)
