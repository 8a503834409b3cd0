"""AuMoCLIP is trained on pairs of speech and motion, and judged; the curves stand in Prefect's UI."""

import base64
import json
from pathlib import Path

from prefect import flow
from prefect.artifacts import create_image_artifact
from pydantic import BaseModel

from flows.artifacts import show_table
from flows.configuration.settings import Settings
from flows.models.evaluate_aumoclip import RetrievalReport, evaluate_pairs
from tasks.runtime.cluster.ray_training import FIGURES
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
