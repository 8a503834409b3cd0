"""What every training on a Ray cluster is told."""

import os
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

from data_catalog.uris.storage_options import StorageOptions
from tango_models.errors import InputError
from tasks.runtime.cluster.ray_cluster import ClusterSettings
from tasks.runtime.cluster.ray_training import with_trainers


class ClusterJob(BaseModel):
    """On what to train, and where. Every path must be reachable by all workers.

    Attributes:
        folder: of the run: checkpoint, figures, what was learnt. A run in it goes on where it stopped.
        catalog, storage_options, tracks: the footage; the tracks by avatar, all in one version.
        start: weights to begin from.
        training: options by name.
        workers, gpus_per_worker: of the cluster.
    """

    folder: str
    catalog: str = "tango_catalog"
    storage_options: StorageOptions = {}
    tracks: dict[str, list[str]] = Field(default_factory=dict)
    start: str | None = None
    training: dict[str, Any] = Field(default_factory=dict)
    workers: int = Field(1, ge=1)
    gpus_per_worker: float = Field(0, ge=0)


def check_folder(folder: str) -> None:
    """Refuse a folder of a run that cannot be made.

    Raises:
        InputError: it, or what it is to lie in, is a file or cannot be written to.
    """
    path = Path(folder).expanduser().absolute()
    standing = next(place for place in (path, *path.parents) if place.exists())
    if not standing.is_dir():
        raise InputError(str(standing), "is a file", "name another --folder for the run")
    if not os.access(standing, os.W_OK):
        raise InputError(str(standing), "cannot be written to", "name another --folder for the run")


def training_cluster(job: ClusterJob, cluster: ClusterSettings) -> ClusterSettings:
    """The cluster with the workers of a training alone."""
    return with_trainers(cluster, workers=job.workers, gpus=job.gpus_per_worker)
