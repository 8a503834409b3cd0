"""Ray's lifetime, and a pool of workers per stage. Whoever runs a flow owns the cluster: first in, last out.

(When a task runner owns Ray, the tail of the logs is lost.) Nothing starts before there is a unit to do, so a run that
finds everything done costs a look at the ledger.
"""

import logging
import os
import threading
from contextlib import ExitStack

from pydantic import BaseModel, Field

from data_catalog import Catalog
from tasks.runtime.registry import next_stages, stage_class
from tasks.runtime.workers import WorkerPool, WorkerResources


class ClusterSettings(BaseModel):
    """Where units are computed.

    Attributes:
        address: a Ray cluster's address; None starts one on this machine for the length of the flow.
        num_cpus, num_gpus: of the cluster started here; None: what the machine has.
        object_store_mb: memory of the object store started here; small, since only keys pass through it.
        workers: per stage, what a worker takes and how many there may be.
    """

    address: str | None = None
    num_cpus: int | None = Field(None, ge=1)
    num_gpus: int | None = Field(None, ge=0)
    object_store_mb: int = Field(128, ge=80)
    workers: dict[str, WorkerResources] = Field(default_factory=dict)


class Pools:
    """The worker pools of one flow run, and the Ray cluster under them. Use as a context manager.

    A cluster that this process already uses is used as it is and left running.
    """

    def __init__(self, catalog: Catalog, run_id: str, configs: dict[str, dict], cluster: ClusterSettings) -> None:
        self.catalog, self.run_id, self.configs = catalog, run_id, configs
        self._cluster = cluster
        self._pools: dict[str, WorkerPool] = {}
        self._lock = threading.Lock()
        self._resources = ExitStack()
        self._cpus = 0.0

    def __enter__(self) -> "Pools":
        return self

    def __exit__(self, *_) -> None:
        for pool in self._pools.values():
            pool.close()
        self._resources.close()

    def of(self, stage: str) -> WorkerPool:
        """The pool of a stage; starts or joins the cluster when it is the first.

        The next stage's first worker starts at the same time: a process with its imports and models takes 3 to 5 s,
        which then pass while this stage computes.
        """
        with self._lock:
            if not self._cpus:
                self._cpus = self._start()
            pool = self._pool(stage)
            pool.warm()
            for following in next_stages(stage):
                self._pool(following).warm()
            return pool

    def _pool(self, stage: str) -> WorkerPool:
        if stage not in self._pools:
            resources = self._cluster.workers.get(stage, WorkerResources())
            size = resources.count or max(1, int(self._cpus // stage_class(stage).cores))
            self._pools[stage] = WorkerPool(
                stage, self.configs[stage], self.catalog, resources, size=size, run_id=self.run_id
            )
        return self._pools[stage]

    def _start(self) -> float:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        import ray

        if not ray.is_initialized():
            settings = self._cluster
            options: dict = {"log_to_driver": False, "logging_level": logging.ERROR}
            if not settings.address:
                # "local" and never "auto": a stale cluster of somebody else's must not be joined by accident.
                options |= {"num_cpus": settings.num_cpus, "num_gpus": settings.num_gpus, "include_dashboard": False}
                options["object_store_memory"] = settings.object_store_mb * 1024 * 1024
            ray.init(address=settings.address or "local", **options)
            self._resources.callback(ray.shutdown)
        return float(ray.cluster_resources().get("CPU", 1.0))
