"""AuMoCLIP is trained on pairs of speech and motion, and judged; the curves stand in Prefect's UI."""

import base64
import json
from pathlib import Path
from typing import Any

from prefect import flow
from prefect.artifacts import create_image_artifact
from pydantic import BaseModel

from data_catalog import Catalog, check_avatar_name
from flows.artifacts import show_table
from flows.configuration.settings import Settings
from flows.models.evaluate_aumoclip import RetrievalReport, evaluate_pairs
from flows.tracks import current_tracks
from tango_models.errors import InputError
from tasks.runtime.ray_training import FIGURES
from tasks.training.embedding import TrainingJob, open_pairs, train_embedding


class TrainedModel(BaseModel):
    """A training run's result: the checkpoint, and how it does on the pairs it was trained on."""

    checkpoint: str
    report: RetrievalReport


@flow(name="train-aumoclip", flow_run_name="train {job.size}", persist_result=False)
def train_aumoclip(job: TrainingJob, settings: Settings | None = None) -> TrainedModel:
    """Train on Ray; a run that was cut off goes on from its last checkpoint.

    Raises:
        InputError: pairs, configuration or backbones are at fault.
    """
    settings = settings or Settings()
    checkpoint = train_embedding(job, cluster=settings.cluster)
    figures = [json.loads(line) for line in (Path(job.folder).expanduser() / FIGURES).read_text().splitlines()]
    _, _, data = open_pairs(job)
    report, plane = evaluate_pairs(checkpoint, data)
    from tango_models.aumoclip.learning.plots import curves

    for key, picture, text in (
        ("aumoclip-curves", curves(figures), "Losses and accuracies"),
        ("aumoclip-space", plane, "Clip-level space: speech and motion in its two most spread directions"),
    ):
        data_uri = f"data:image/png;base64,{base64.b64encode(picture).decode()}"
        create_image_artifact(data_uri, key=key, description=text)
    show_table(report.rows(), key="aumoclip-retrieval", description="Retrieval on the pairs trained on")
    return TrainedModel(checkpoint=str(checkpoint), report=report)


def training_job(settings: Settings, folder: str, pairs: str | None, avatars: list[str], **more: Any) -> TrainingJob:
    """What to train on, or to judge by: a folder of pairs or, without one, avatars of the catalog (all when empty).

    Args:
        more: other fields of the job.

    Raises:
        InputError: as of `catalog_tracks`.
    """
    return TrainingJob(
        folder=folder,
        pairs=pairs,
        catalog=settings.catalog,
        storage_options=settings.storage_options,
        tracks={} if pairs else catalog_tracks(settings, avatars),
        model=settings.aumoclip,
        body=settings.body,
        **more,
    )


def catalog_tracks(settings: Settings, avatars: list[str]) -> dict[str, list[str]]:
    """By avatar, the tracks to train on or to judge by: those whose clips are in the version that is wanted.

    Args:
        avatars: all when empty.

    Raises:
        InputError: an avatar has none, and why.
    """
    catalog, configs = Catalog(settings.catalog, settings.storage_options), settings.stage_configs()
    found = {}
    for avatar in map(check_avatar_name, avatars or catalog.avatars()):
        found[avatar] = current_tracks(catalog, avatar, configs)
        if avatars and not found[avatar]:
            raise InputError(f"avatar {avatar}", "has no clips in the present version", f"see `tango status {avatar}`")
    return found
