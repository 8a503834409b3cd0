"""ACInterp is trained on the catalog's footage; curves and the last sample sheet stand in Prefect's UI."""

import base64
import json
from pathlib import Path

from prefect import flow
from prefect.artifacts import create_image_artifact

from flows.configuration.settings import Settings
from tasks.runtime.cluster.ray_training import FIGURES
from tasks.training.acinterp import ACInterpJob, train_acinterp_job


@flow(name="train-acinterp", flow_run_name="train {job.stage}", persist_result=False)
def train_acinterp(job: ACInterpJob, settings: Settings | None = None) -> str:
    """Train a stage on Ray; a run that was cut off goes on from its last checkpoint. Returns the file of the weights.

    Raises:
        InputError: footage, options or weights to begin from are at fault.
    """
    settings = settings or Settings()
    weights = train_acinterp_job(job, cluster=settings.cluster)
    from tango_models.interpolation.acinterp.learning.sheets import curves

    figures = [json.loads(line) for line in (weights.parent / FIGURES).read_text().splitlines()]
    sheets = sorted((weights.parent / "sheets").glob("*.png"))
    pictures = {"acinterp-curves": (curves(figures), "Loss and figures by step")}
    if sheets:
        pictures["acinterp-samples"] = (sheets[-1].read_bytes(), f"Samples after {Path(sheets[-1]).stem} steps")
    for key, (picture, text) in pictures.items():
        uri = f"data:image/png;base64,{base64.b64encode(picture).decode()}"
        create_image_artifact(uri, key=key, description=text)
    return str(weights)
