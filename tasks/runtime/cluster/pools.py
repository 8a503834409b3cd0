"""A pool of workers per stage, and Ray under them. Whoever runs a flow owns the cluster: first in, last out.

(When a task runner owns Ray, the tail of the logs is lost.) Nothing starts before there is a unit to do, so a run that
finds everything done costs a look at the ledger.
"""

import threading
import time
import weakref
from contextlib import ExitStack

from data_catalog import Catalog
from data_catalog.leases import Leases
from tasks.runtime.cluster.actors import cluster_lives
from tasks.runtime.cluster.capacity import worker_limits
from tasks.runtime.cluster.neighbours import ClusterBoard, Neighbours, Waiting
from tasks.runtime.cluster.pool import PoolClosed, WorkerPool
from tasks.runtime.cluster.ray_cluster import ClusterSettings, ray_running
from tasks.runtime.cluster.workers import WorkerResources
from tasks.runtime.registry import STAGES, next_stages, stage_class

_LEAVE_SECONDS = 30.0
"""For the threads that wait for workers of a cluster that is gone."""
_SHARE = 0.1
"""Of a CPU, of a cluster that is joined."""
_TEND_SECONDS = 0.5
_open: "weakref.WeakSet[Pools]" = weakref.WeakSet()


def interrupt() -> None:
    """End all pools of this process; from any thread. What their workers were doing is put away, and counts as no
    attempt."""
    for pools in list(_open):
        pools.close()


class Pools:
    """The worker pools of one flow run, and the Ray cluster under them. Use as a context manager.

    Attributes:
        leases: of the units that this run is at.

    A cluster that this process already uses is used as it is and left running.
    """

    def __init__(self, catalog: Catalog, run_id: str, configs: dict[str, dict], cluster: ClusterSettings) -> None:
        self.catalog, self.run_id, self.configs = catalog, run_id, configs
        self.leases = Leases(catalog, run_id)
        self._cluster = cluster
        self._pools: dict[str, WorkerPool] = {}
        self._lock = threading.Lock()
        self._closing = threading.Lock()
        self._closed = threading.Event()
        self._resources = ExitStack()
        self._ray = ExitStack()
        self._cpus = 0.0
        self._limits: dict[str, int] = {}
        self._keeper: threading.Thread | None = None
        self._neighbours = Neighbours(run_id, self._waiting, ClusterBoard())

    def __enter__(self) -> "Pools":
        _open.add(self)
        self._resources.enter_context(self.leases)
        return self

    def __exit__(self, *_) -> None:
        self.close()
        _open.discard(self)
        if self._keeper:
            self._keeper.join()
        self._neighbours.stop()
        with self._lock:  # another thread may just be starting it
            self._ray.close()
            self._resources.close()

    def close(self) -> None:
        """End the workers; whoever comes second waits until that is done."""
        with self._closing:
            self._closed.set()
            for pool in list(self._pools.values()):
                pool.refuse()
            for pool in list(self._pools.values()):
                pool.close()

    def closed_within(self, seconds: float) -> bool:
        """Wait some seconds, or until the run ends; says whether it has."""
        return self._closed.wait(seconds)

    def cpus(self) -> float:
        """Of the cluster; starts or joins it when that was not done.

        Raises:
            InputError: more is asked for than it has.
            PoolClosed: the run has ended.
        """
        with self._lock:
            self._begin()
            return self._cpus

    def of(self, stage: str) -> WorkerPool:
        """The pool of a stage; starts or joins the cluster when it is the first.

        The next stage's first worker starts at the same time: a process with its imports and models takes 3 to 5 s,
        which then pass while this stage computes.

        Raises:
            InputError: more is asked for than the cluster has.
            PoolClosed: the run has ended.
        """
        with self._lock:
            self._begin()
            pool = self._pool(stage)
            pool.warm()
            for following in map(self._pool, next_stages(stage)):
                if not (following.reserves and self._starved()):
                    following.warm()
            return pool

    def _begin(self) -> None:
        if self._closed.is_set():
            raise PoolClosed
        if self._cpus and not cluster_lives():
            self._give_up()
        if not self._cpus:
            self._cpus = self._start()
        if self._keeper is None:
            self._keeper = threading.Thread(target=self._tend, name="pools", daemon=True)
            self._keeper.start()
            if self._cluster.address:  # nobody else joins one of our own
                self._neighbours.start()

    def _tend(self) -> None:
        while not self._closed.wait(_TEND_SECONDS):
            for pool in list(self._pools.values()):
                pool.tend()

    def _waiting(self) -> list[Waiting]:
        """What the other runs on the cluster are told."""
        return [waiting for pool in list(self._pools.values()) if (waiting := pool.waiting)]

    def _starved(self, but: str = "") -> bool:
        """Whether a stage, but for one, waits for room."""
        return any(pool.starved for stage, pool in list(self._pools.items()) if stage != but)

    def _give_up(self) -> None:
        """Leave a cluster whose nodes are all dead. What was in work there may be tried again in the next."""
        pools, self._pools, self._cpus = list(self._pools.values()), {}, 0.0
        for pool in pools:
            pool.lose()
        for pool in pools:
            pool.close()
        deadline = time.monotonic() + _LEAVE_SECONDS
        while any(pool.busy for pool in pools) and time.monotonic() < deadline:
            time.sleep(0.1)
        self._ray.close()

    def _pool(self, stage: str) -> WorkerPool:
        if stage not in self._pools:
            resources = self._cluster.workers.get(stage, WorkerResources())
            size = resources.count or max(1, int(self._cpus // stage_class(stage).cores))
            if resources.num_cpus is None:
                resources = resources.model_copy(update={"num_cpus": _SHARE if self._cluster.address else 0.0})
            self._pools[stage] = WorkerPool(
                stage,
                self.configs[stage],
                self.catalog,
                resources,
                size=min(size, self._limits.get(stage, size)),
                run_id=self.run_id,
                shared=not self._cluster.address or self._cluster.shared_disk,
                others_wait=lambda: self._starved(but=stage),
                others_have_less=lambda pool: any(o.has_less_than(pool) for o in list(self._pools.values())),
                neighbours_have_less=self._neighbours.have_less,
            )
            if self._closed.is_set():
                self._pools[stage].refuse()
        return self._pools[stage]

    def _start(self) -> float:
        nodes = self._ray.enter_context(ray_running(self._cluster))
        if not nodes:
            raise RuntimeError("no node of the Ray cluster is alive")
        others = [s for s in STAGES if self._cluster.workers.get(s, WorkerResources()).num_cpus is None]
        shares = _SHARE * len(others) if self._cluster.address else 0.0
        self._limits = worker_limits(self._cluster.workers, nodes, shares=shares)
        return sum(node.get("CPU", 0.0) for node in nodes) or 1.0
