"""Training of ACInterp and its refiner on a Ray cluster, straight from the catalog's footage."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

from data_catalog import Catalog
from tango_models.errors import InputError
from tasks.runtime.ray_cluster import ClusterSettings
from tasks.runtime.ray_training import FIGURES, STEPS_PER_REPORT, train_on_ray, with_trainers
from tasks.views.training_takes import training_takes


class ACInterpJob(BaseModel):
    """What to train, on what, where. Every path must be reachable by all workers.

    Attributes:
        folder: of the run: checkpoint, sample sheets, figures, weights. A run in it goes on where it stopped.
        catalog, storage_options, tracks: the footage; the tracks by avatar, all in one version.
        stage: of `tango_models.interpolation.acinterp.learning.stages.STAGES`.
        size: `small` or `sd15`; of a new model.
        start: weights to begin from.
        training: options by name, see `stages.read_options`.
        workers, gpus_per_worker: of the cluster.
    """

    folder: str
    catalog: str = "tango_catalog"
    storage_options: dict[str, str] = Field(default_factory=dict)
    tracks: dict[str, list[str]] = Field(default_factory=dict)
    stage: str = "refiner"
    size: str = "small"
    start: str | None = None
    training: dict[str, Any] = Field(default_factory=dict)
    workers: int = Field(1, ge=1)
    gpus_per_worker: float = Field(0, ge=0)


def train_acinterp_job(job: ACInterpJob, *, cluster: ClusterSettings | None = None) -> Path:
    """Train until the last step; the file of the weights.

    Args:
        cluster: where; None starts one on this machine for the time.

    Raises:
        InputError: options, footage or `start` are at fault, or there are fewer GPUs than are asked for.
    """
    check_acinterp_job(job)
    folder = Path(job.folder).expanduser().absolute()
    values = job.model_copy(update={"folder": str(folder)}).model_dump()
    train_on_ray(acinterp_cluster(job, cluster or ClusterSettings()), folder, _train_worker, values, prepare=_prepare)
    from tango_models.interpolation.acinterp.learning.stages import WEIGHTS

    return folder / WEIGHTS


def acinterp_cluster(job: ACInterpJob, cluster: ClusterSettings) -> ClusterSettings:
    """The cluster with the workers of a training alone."""
    return with_trainers(cluster, workers=job.workers, gpus=job.gpus_per_worker)


def check_acinterp_job(job: ACInterpJob) -> None:
    """Refuse what cannot work before anything is started.

    Raises:
        InputError: unknown stage or size, unknown or impossible options, no file to begin from or one of another kind.
    """
    from tango_models.interpolation.acinterp.learning.stages import check_start, read_options

    options = read_options(job.stage, job.size, job.training)
    if options.batch % job.workers:
        fault = f"has a batch of {options.batch} for {job.workers} workers"
        raise InputError("training configuration", fault, "use a multiple")
    check_start(job.stage, job.size, Path(job.start).expanduser() if job.start else None)


def _takes(job: ACInterpJob):
    return training_takes(Catalog(job.catalog, job.storage_options), job.tracks)


def _prepare(values: dict) -> int:
    """Footage that cannot be used is told once, and before several workers start."""
    return sum(map(len, _takes(ACInterpJob(**values))))


def _train_worker(values: dict) -> None:
    """One rank; Ray has set up the process group."""
    import ray.train
    import ray.train.torch

    from tango_models.interpolation.acinterp.learning.stages import train_stage

    job, context = ACInterpJob(**values), ray.train.get_context()
    rank, folder = context.get_world_rank(), Path(job.folder)

    def report(figures: dict[str, float]) -> None:
        if rank == 0:
            with (folder / FIGURES).open("a") as log:
                log.write(json.dumps(figures) + "\n")
        if figures["step"] % STEPS_PER_REPORT == 0:
            ray.train.report(figures)

    train_stage(
        job.stage,
        _takes(job),
        folder,
        size=job.size,
        start=Path(job.start).expanduser() if job.start else None,
        options=job.training,
        report=report,
        device=ray.train.torch.get_device(),
        rank=rank,
        world=context.get_world_size(),
    )
