"""Ray actors: one worker of a stage each, asked in ways that never wait for longer than they are told."""

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from data_catalog import Unit
from tasks.runtime.cluster import worker_environment, workers
from tasks.runtime.cluster.workers import Outcome, WorkerResources


class ActorLost(Exception):
    """The process of an actor is gone: out of memory, a crash in native code, its node; or it could not be started."""


class Actor:
    """A worker that was asked for. Where Ray has no room for it, it is not placed until there is.

    Args:
        stage: its name, by which Ray, `ps` and `top` show what a process is for.
        given: arguments of `StageWorker`.
    """

    def __init__(self, stage: str, resources: WorkerResources, given: Sequence[Any], **more: Any) -> None:
        import ray

        actor: Any = ray.remote(type(stage, (workers.StageWorker,), {})).options(
            num_cpus=resources.num_cpus or 0,
            num_gpus=resources.num_gpus,
            resources=resources.resources,
            scheduling_strategy="SPREAD",  # Ray packs a node half full first, and a worker reserves less than it uses
            max_restarts=0,  # a dead worker is replaced by its pool, where its unit can be written down as failed
            max_task_retries=0,
            max_concurrency=2,  # one unit, and beside it the question how far it is
            runtime_env=worker_environment.runtime_env(resources),
        )
        self._worker = actor.remote(*given, **more)
        self._placed = self._worker.progress.remote()
        self._warm = self._worker.warm_up.remote()
        self._unit = self._asked = None

    def is_placed(self) -> bool:
        """Whether it has a process on some node."""
        return _answered(self._placed)

    def is_warm(self) -> bool:
        """Whether it has loaded its models and waits for a unit; or is dead, which the next unit says."""
        return _answered(self._warm)

    def is_dead(self) -> bool:
        """Of one that is warm: whether it died before it was."""
        try:
            _got(self._warm)
        except ActorLost:
            return True
        return False

    def begin(self, unit: Unit) -> None:
        """Let it do a unit; one at a time."""
        self._unit, self._asked = self._worker.process.remote(unit), self._worker.progress.remote()

    def ended(self, seconds: float) -> bool:
        """Wait some seconds for the end of the unit; says whether it has ended, or the process is gone."""
        return _answered(self._unit, seconds)

    def progress(self) -> tuple[int, int] | None:
        """How far the unit is, in the stage's own measure; None where it has not said anything new.

        Raises:
            ActorLost: the process is gone.
        """
        if not _answered(self._asked):
            return None
        done = _got(self._asked)
        self._asked = self._worker.progress.remote()
        return done

    def outcome(self) -> Outcome:
        """Of the unit that has ended.

        Raises:
            ActorLost: the process is gone.
        """
        return _got(self._unit)

    def stop(self) -> Any:
        """Ask it to put away what it has open; see `wait_for`."""
        return self._worker.stop.remote()

    def kill(self) -> None:
        """End its process, or no more wait for one."""
        import ray

        with contextlib.suppress(ray.exceptions.RayError, OSError, RuntimeError):
            ray.kill(self._worker)


StartActor = Callable[..., Actor]


def wait_for(answers: Sequence[Any], seconds: float) -> None:
    """Wait until all have answered, some seconds at most."""
    import ray

    with contextlib.suppress(ray.exceptions.RayError):
        ray.wait(list(answers), num_returns=len(answers), timeout=seconds)


def cluster_lives() -> bool:
    """Whether any node of the cluster does. (Ray takes some 15 s to find out.)"""
    import ray

    try:
        return any(node["Alive"] for node in ray.nodes())
    except (ray.exceptions.RayError, OSError, RuntimeError):
        return False


def free_and_all() -> tuple[dict[str, float], dict[str, float]]:
    """What nobody has reserved of the cluster now, and what it has; nothing where it does not answer."""
    import ray

    try:
        return ray.available_resources(), ray.cluster_resources()
    except (ray.exceptions.RayError, OSError, RuntimeError):
        return {}, {}


def has_room(needed: Mapping[str, float]) -> bool:
    """Whether a node has free now what one more worker needs: one that has not come is then about to start, which takes
    long on a busy machine. False where the cluster does not tell."""
    try:
        from ray._private.state import available_resources_per_node

        nodes = available_resources_per_node().values()
        return any(all(node.get(kind, 0.0) >= amount for kind, amount in needed.items()) for node in nodes)
    except Exception:  # no public call tells it by node; a client of a far cluster has not even this one
        return False


def _answered(reference: Any, seconds: float = 0) -> bool:
    """Not where the cluster is gone: whoever waits asks `cluster_lives` after a while."""
    import ray

    try:
        return bool(ray.wait([reference], timeout=seconds)[0])
    except ray.exceptions.RayError:
        time.sleep(seconds)
        return False


def _got(reference: Any) -> Any:
    import ray

    try:
        return ray.get(reference)
    except ray.exceptions.RayError as error:
        raise ActorLost(f"{type(error).__name__}: {str(error).splitlines()[0]}") from error
