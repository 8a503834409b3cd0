"""Training on a Ray cluster: any number of workers, with or without GPUs, started again after a crash."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tango_models.errors import InputError
from tasks.runtime.cluster.capacity import worker_limits
from tasks.runtime.cluster.ray_cluster import ClusterSettings, ray_running
from tasks.runtime.cluster.worker_environment import NO_SPINNING
from tasks.runtime.cluster.workers import WorkerResources

FIGURES = "figures.jsonl"
"""In a run's folder: a line of figures for each step."""
STEPS_PER_REPORT = 25
_WORKER_CPUS = 0.5
_TRAINERS = "train"


def with_trainers(cluster: ClusterSettings, *, workers: int, gpus: float) -> ClusterSettings:
    """The cluster with the workers of a training alone; `gpus` for each."""
    resources = WorkerResources(num_cpus=_WORKER_CPUS, num_gpus=gpus, count=workers)
    return cluster.model_copy(update={"workers": {_TRAINERS: resources}})


def train_on_ray(
    cluster: ClusterSettings,
    folder: Path,
    worker: Callable[[dict], None],
    values: dict[str, Any],
    *,
    prepare: Callable[[dict], Any] | None = None,
) -> None:
    """Run `worker(values)` on every worker of a `with_trainers` cluster, after `prepare(values)` on one of them.

    Args:
        folder: of the run, absolute; made if it is not there.

    Raises:
        InputError: as the functions raise it, or there are fewer GPUs than are asked for.
    """
    with ray_running(cluster, for_stages=False) as nodes:
        worker_limits(cluster.workers, nodes)
        trainers = cluster.workers[_TRAINERS]
        assert trainers.count is not None
        folder.mkdir(parents=True, exist_ok=True)
        import ray

        try:
            if prepare is not None:
                ray.get(ray.remote(prepare).remote(values))
            from ray.train import FailureConfig, RunConfig, ScalingConfig
            from ray.train.torch import TorchTrainer

            gpus = {"GPU": trainers.num_gpus} if trainers.num_gpus else {}
            TorchTrainer(
                worker,
                train_loop_config=values,
                scaling_config=ScalingConfig(
                    num_workers=trainers.count,
                    use_gpu=bool(trainers.num_gpus),
                    resources_per_worker={"CPU": _WORKER_CPUS, **gpus},
                ),
                run_config=RunConfig(
                    name="ray",
                    storage_path=str(folder),
                    failure_config=FailureConfig(max_failures=2),
                    worker_runtime_env={"env_vars": NO_SPINNING},  # type: ignore[call-arg]  # mypy sees the older one
                ),
            ).fit()
        except ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, InputError):
                raise error.cause from None
            raise
