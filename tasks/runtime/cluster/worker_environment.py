"""What a worker's environment says to glibc, pyarrow and the numerical libraries, which read it when they are loaded.

To give one worker an environment, Ray puts a process before it that imports Ray, sets it and starts over, and uses none
of those that it started ahead: more than a second of a core for each worker. So a cluster of our own is started in the
environment that most workers want, and they take it from there.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from data_catalog import lean_pyarrow
from tasks.runtime.cluster.workers import WorkerResources

_ALLOCATOR = {
    "MALLOC_MMAP_THRESHOLD_": str(2**24),
    "MALLOC_TRIM_THRESHOLD_": str(2**26),
    "MALLOC_ARENA_MAX": "2",
}
"""For glibc: keep pictures of a few megabytes for the next one, and give larger ones back when they are freed. Left to
adapt, its thresholds rise to the size of a frame, and a worker that decodes in threads keeps hundreds of MB of holes:
detection of 300 s of 768 x 768 footage grew from 580 to 1,270 MB. With thresholds of 1 MB it did not grow, but every
picture was fetched from the system, page by page, and cleared: a sixth of the processor time of a seam, a seventh of a
render's, and of both by two workers at once a quarter to a third. As they are, detection holds 775 MB at 20 s of
footage and 938 MB at 120 s; at 1920 x 1080 and 45 s 1,018 MB, where it held 765."""
NO_SPINNING = {"OMP_WAIT_POLICY": "PASSIVE"}
"""For OpenMP: threads that wait for each other sleep. By default they spin, and the workers of several stages share the
cores: on a busy machine, products of matrices and convolutions by two threads took 5 to 8 s of a core, and 0.6 s so.
"""
_of_cluster: dict[str, str] = {}


def wanted(resources: WorkerResources) -> dict[str, str]:
    """By a worker."""
    threads = str(resources.threads)
    few = {"OMP_NUM_THREADS": threads, "NUMBA_NUM_THREADS": threads}
    return {**few, **NO_SPINNING, lean_pyarrow.VARIABLE: "1", **_ALLOCATOR}


def runtime_env(resources: WorkerResources) -> dict[str, dict[str, str]]:
    """What Ray is told of a worker's environment: nothing where that of the cluster is what it wants."""
    environment = wanted(resources)
    return {} if environment == _of_cluster else {"env_vars": environment}


@contextmanager
def handed_down() -> Iterator[None]:
    """Start a cluster, within the context, in the environment that a worker wants of which nothing is said. To be
    followed by `forget` when that cluster ends."""
    environment = wanted(WorkerResources())
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    try:
        yield
        _of_cluster.update(environment)
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def forget() -> None:
    """What the cluster had that has ended."""
    _of_cluster.clear()
