"""Training the embedding and the interpolator that generates frames."""

from enum import StrEnum
from typing import Annotated

from prefect import flow
from pydantic import Field

from flows.configuration.bounds import LARGEST_INTEGER
from flows.deployed.given import AvatarName, Override, WholePath, given_settings, told
from flows.models.train_aumoclip import TrainedModel


class Size(StrEnum):
    """Of the model: the small one of the package, or the paper's."""

    embedded = "embedded"
    paper = "paper"


@flow(name="train-aumoclip", flow_run_name="train {size}", persist_result=False)
@told
def train_aumoclip(
    folder: WholePath,
    pairs: WholePath | None = None,
    avatars: list[AvatarName] = [],  # noqa: B006
    size: Size = Size.embedded,
    start: WholePath | None = None,
    steps: Annotated[int, Field(ge=1, le=LARGEST_INTEGER)] | None = None,
    workers: Annotated[int, Field(ge=1, le=1024)] = 1,
    gpus: Annotated[float, Field(ge=0, le=8)] = 0,
    settings_file: WholePath | None = None,
    overrides: list[Override] = [],  # noqa: B006
) -> TrainedModel:
    """Train the embedding on pairs of speech and motion; a run that was cut off goes on from its last checkpoint.

    Args:
        folder: Of the run: checkpoints and figures. A run in it goes on.
        pairs: Folder of <name>.npz motion and <name>.wav speech. Empty: the catalog's avatars.
        avatars: Of the catalog, where pairs is empty; none: all.
        size: Not used when start is given.
        start: A checkpoint to begin from.
        steps: Of the optimiser; empty: the default of the size.
        workers: Ray workers that share a batch.
        gpus: Per worker; a fraction shares one.
        settings_file: A TOML file of settings, as the worker sees it; leave it empty for those of the worker.
        overrides: Settings of this run alone, each as name=value.
    """
    from flows.models.train_aumoclip import train_aumoclip as train
    from flows.models.training_jobs import training_job

    settings = given_settings(settings_file, overrides)
    training = {} if steps is None else {"steps": steps}
    more = {"size": Size(size).value, "start": start, "training": training, "workers": workers, "gpus_per_worker": gpus}
    job = training_job(settings, folder, pairs, list(avatars), **more)
    return train.fn(job, settings=settings)


class ACInterpStage(StrEnum):
    """Of the training of ACInterp, each begun from the one before."""

    vae = "vae"
    first = "1"
    second = "2"
    refiner = "refiner"


class ACInterpSize(StrEnum):
    """Of the model: one that trains on small machines, or that of Stable Diffusion 1.5."""

    small = "small"
    sd15 = "sd15"


@flow(name="train-acinterp", flow_run_name="train {stage}", persist_result=False)
@told
def train_acinterp(
    folder: WholePath,
    avatars: list[AvatarName] = [],  # noqa: B006
    stage: ACInterpStage = ACInterpStage.refiner,
    size: ACInterpSize = ACInterpSize.small,
    start: WholePath | None = None,
    steps: Annotated[int, Field(ge=1, le=LARGEST_INTEGER)] | None = None,
    workers: Annotated[int, Field(ge=1, le=1024)] = 1,
    gpus: Annotated[float, Field(ge=0, le=8)] = 0,
    settings_file: WholePath | None = None,
    overrides: list[Override] = [],  # noqa: B006
) -> str:
    """Train the interpolator that generates frames, on the catalog's footage; a run that was cut off goes on.

    Args:
        folder: Of the run: weights, figures and sample sheets. A run in it goes on.
        avatars: Whose footage; none: all.
        stage: Of the training, each begun from the one before.
        size: Of the model, not used when start is given.
        start: Weights to begin from.
        steps: Of the optimiser; empty: the default of the stage.
        workers: Ray workers that share a batch.
        gpus: Per worker; a fraction shares one.
        settings_file: A TOML file of settings, as the worker sees it; leave it empty for those of the worker.
        overrides: Settings of this run alone, each as name=value.
    """
    from flows.models.train_acinterp import train_acinterp as train
    from flows.models.training_jobs import catalog_tracks
    from tasks.training.acinterp import ACInterpJob, check_acinterp_job

    settings = given_settings(settings_file, overrides)
    job = ACInterpJob(
        folder=folder,
        catalog=settings.catalog,
        storage_options=settings.storage_options,
        stage=ACInterpStage(stage).value,
        size=ACInterpSize(size).value,
        start=start,
        training={} if steps is None else {"steps": steps},
        workers=workers,
        gpus_per_worker=gpus,
    )
    check_acinterp_job(job)
    tracks = {avatar: own for avatar, own in catalog_tracks(settings, list(avatars)).items() if own}
    return train.fn(job.model_copy(update={"tracks": tracks}), settings=settings)
