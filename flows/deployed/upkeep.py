"""Doing stages of avatars over."""

from enum import StrEnum

from prefect import flow
from prefect.task_runners import ThreadPoolTaskRunner

from flows.deployed.given import AvatarName, Override, WholePath, given_settings, told
from flows.fleet.pipeline import THREADS
from flows.outcome import FlowReport
from flows.upkeep.rerun import Redo
from tasks.runtime.registry import ONBOARDING

StageName = StrEnum("StageName", {name: name for name in ONBOARDING})  # type: ignore[misc]
"""The stages of the onboarding."""


@flow(
    name="rerun-stage",
    flow_run_name="rerun {redo}",
    task_runner=ThreadPoolTaskRunner(max_workers=THREADS),  # type: ignore[arg-type]
    persist_result=False,
)
@told
def rerun_stage(
    avatars: list[AvatarName] = [],  # noqa: B006
    stages: list[StageName] = [],  # noqa: B006
    redo: Redo = Redo.failed,
    settings_file: WholePath | None = None,
    overrides: list[Override] = [],  # noqa: B006
) -> FlowReport:
    """Do stages of avatars over, and what reads their rows.

    Args:
        avatars: None: every avatar of the catalog.
        stages: None: all of the onboarding.
        redo: failed: units that failed, however often. stale: only what is out of date. force: every unit.
        settings_file: A TOML file of settings, as the worker sees it; leave it empty for those of the worker.
        overrides: Settings of this run alone, each as name=value.
    """
    from flows.upkeep.rerun import rerun

    names = [StageName(stage).value for stage in stages]
    return rerun(given_settings(settings_file, overrides), list(avatars), names, Redo(redo))
