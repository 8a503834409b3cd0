"""Training of ACInterp and its refiner on a Ray cluster, straight from the catalog's footage."""

from __future__ import annotations

import json
import os
from pathlib import Path

from data_catalog import Catalog
from tango_models.errors import InputError
from tasks.runtime.cluster.ray_cluster import ClusterSettings
from tasks.runtime.cluster.ray_training import FIGURES, STEPS_PER_REPORT, train_on_ray
from tasks.training.job import ClusterJob, check_folder, training_cluster
from tasks.views.training.training_takes import training_takes


class ACInterpJob(ClusterJob):
    """What to train, beside what `ClusterJob` says.

    Attributes:
        stage: of `tango_models.interpolation.acinterp.learning.stages.STAGES`; its options: `stages.read_options`.
        size: `small` or `sd15`; of a new model.
    """

    stage: str = "refiner"
    size: str = "small"


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
    train_on_ray(training_cluster(job, cluster or ClusterSettings()), folder, _train_worker, values, prepare=_prepare)
    from tango_models.interpolation.acinterp.learning.stages import WEIGHTS

    return folder / WEIGHTS


def check_acinterp_job(job: ACInterpJob) -> None:
    """Refuse what cannot work before anything is started.

    Raises:
        InputError: a folder that cannot be made, unknown stage or size, unknown or impossible options, no file to begin
            from or one of another kind.
    """
    from tango_models.interpolation.acinterp.learning.stages import check_start, read_options

    check_folder(job.folder)
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
    import torch

    from tango_models.interpolation.acinterp.learning.stages import train_stage

    job, context = ACInterpJob(**values), ray.train.get_context()
    rank, folder = context.get_world_rank(), Path(job.folder)
    # Ray allows a worker as many threads as it reserves cores, at least one, and ours reserve half of one.
    torch.set_num_threads(max(1, len(os.sched_getaffinity(0)) // context.get_local_world_size()))

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
