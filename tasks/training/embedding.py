"""Training of AuMoCLIP on a Ray cluster: any number of workers, with or without GPUs, resumed after a crash."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from data_catalog import Catalog
from tango_models.errors import InputError
from tasks.runtime.cluster.ray_cluster import ClusterSettings
from tasks.runtime.cluster.ray_training import FIGURES, STEPS_PER_REPORT, train_on_ray
from tasks.training.job import ClusterJob, check_folder, training_cluster
from tasks.views.embedding_model import EmbeddingModelConfig

if TYPE_CHECKING:
    from tango_models.aumoclip.backbones import Backbones
    from tango_models.aumoclip.learning.pairs import PairData
    from tango_models.aumoclip.modeling import AuMoClip


class TrainingJob(ClusterJob):
    """What to train, beside what `ClusterJob` says; `training` has fields of
    `tango_models.aumoclip.learning.training.TrainingConfig`.

    Attributes:
        pairs: folder of <name>.npz motion and <name>.wav speech; None trains on `tracks` of the catalog.
        size: `paper` or `embedded`; not used when `start` is given.
        body: the licensed body file, as for `create_clips`; None is the open one, which no model begun from the
            published weights takes.
        model: of the frozen backbones, where they are and whether they may be downloaded.
    """

    pairs: str | None = None
    size: str = "embedded"
    body: str | None = None
    model: EmbeddingModelConfig = EmbeddingModelConfig()


def train_embedding(job: TrainingJob, *, cluster: ClusterSettings | None = None) -> Path:
    """Train until the last step and write `model.safetensors` into the job's folder.

    Args:
        cluster: where; None starts one on this machine for the time.

    Raises:
        InputError: pairs, configuration or backbones are at fault, or there are fewer GPUs than are asked for.
    """
    check_job(job)
    folder = Path(job.folder).expanduser().absolute()
    values = job.model_copy(update={"folder": str(folder)}).model_dump()
    # The frozen features are made before the workers read them.
    train_on_ray(training_cluster(job, cluster or ClusterSettings()), folder, _train_worker, values, prepare=_prepare)
    return folder / "model.safetensors"


def check_job(job: TrainingJob) -> None:
    """Refuse what cannot work before anything is started.

    Raises:
        InputError: a folder that cannot be made, unknown size, unknown or impossible training fields, no such folder
            of pairs or checkpoint, or nothing to pair in the folder.
    """
    from dataclasses import fields

    from tango_models.aumoclip.learning.recordings import find_pairs
    from tango_models.aumoclip.learning.training import TrainingConfig

    check_folder(job.folder)
    if job.size not in ("paper", "embedded"):
        raise InputError(f"size {job.size!r}", "is not known", "choose paper or embedded")
    known = {field.name for field in fields(TrainingConfig)}
    if unknown := sorted(set(job.training) - known):
        raise InputError(f"training option {unknown[0]!r}", "is not known", f"choose among: {', '.join(sorted(known))}")
    TrainingConfig(**job.training)
    if job.pairs and not Path(job.pairs).expanduser().is_dir():
        raise InputError(job.pairs, "is no folder", "name a folder of <name>.npz and <name>.wav")
    if job.pairs:
        find_pairs(Path(job.pairs).expanduser(), job.body)
    if job.start and not Path(job.start).expanduser().is_file():
        raise InputError(job.start, "there is no such file", "name a checkpoint (.safetensors)")


def open_pairs(job: TrainingJob) -> tuple[AuMoClip, Backbones, PairData]:
    """The model as it begins, its backbones, and the windows to train on."""
    from tango_models.aumoclip.backbones import load_backbones
    from tango_models.aumoclip.checkpoints import load
    from tango_models.aumoclip.learning.pairs import PairData
    from tango_models.aumoclip.learning.recordings import find_pairs
    from tango_models.aumoclip.modeling import AuMoClip, AuMoClipConfig
    from tasks.views.training.training_pairs import catalog_pairs

    paper = AuMoClipConfig.paper(joint_frame="smplx" if job.body else "any")  # what it learns from, it can embed
    config = paper if job.size == "paper" else AuMoClipConfig.embedded()
    model = load(Path(job.start).expanduser()) if job.start else AuMoClip(config)
    folder = Path(job.model.backbones).expanduser() if job.model.backbones else None
    backbones = load_backbones(model.config, folder, allow_download=job.model.allow_download)
    if job.pairs:
        sources = find_pairs(Path(job.pairs).expanduser(), job.body)
    else:
        sources = catalog_pairs(Catalog(job.catalog, job.storage_options), job.tracks)
    return model, backbones, PairData.open(sources, backbones, Path(job.folder) / "cache")


def _prepare(values: dict) -> int:
    return len(open_pairs(TrainingJob(**values))[2])


def _train_worker(values: dict) -> None:
    """One rank; Ray has set up the process group."""
    import ray.train
    import ray.train.torch
    import torch

    from tango_models.aumoclip.checkpoints import save
    from tango_models.aumoclip.learning.training import TrainingConfig, train

    job, context = TrainingJob(**values), ray.train.get_context()
    config = TrainingConfig(**job.training)
    rank, world = context.get_world_rank(), context.get_world_size()
    torch.manual_seed(config.seed)
    model, _, data = open_pairs(job)
    folder = Path(job.folder)

    def report(figures: dict[str, float]) -> None:
        if rank == 0:
            with (folder / FIGURES).open("a") as log:
                log.write(json.dumps(figures) + "\n")
        if figures["step"] % STEPS_PER_REPORT == 0:
            ray.train.report(figures)

    trained = train(model.to(ray.train.torch.get_device()), data, config, folder, report, rank=rank, world=world)
    if rank == 0:
        save(trained.cpu(), folder / "model.safetensors")
