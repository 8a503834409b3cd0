"""`rerun` as a flow of its own, for the command; the deployment is `flows.deployed.upkeep`."""

from prefect import flow
from prefect.task_runners import ThreadPoolTaskRunner

from flows.configuration.settings import Settings
from flows.fleet.pipeline import THREADS
from flows.outcome import FlowReport
from flows.upkeep.rerun import Redo, rerun


@flow(
    name="rerun-stage",
    flow_run_name="rerun {redo}",
    task_runner=ThreadPoolTaskRunner(max_workers=THREADS),  # type: ignore[arg-type]
    persist_result=False,
)
def rerun_stage(avatars: list[str], stages: list[str], redo: Redo, settings: Settings) -> FlowReport:
    """See `rerun`."""
    return rerun(settings, avatars, stages, Redo(redo))
