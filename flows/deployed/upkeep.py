"""Doing stages of avatars over, and taking what is no longer needed off the disk."""

from enum import StrEnum
from typing import Annotated

from prefect import flow
from prefect.task_runners import ThreadPoolTaskRunner
from pydantic import Field

from flows.artifacts import show_table
from flows.configuration.bounds import LONGEST_HOURS
from flows.deployed.given import AvatarName, Override, WholePath, given_settings, told
from flows.fleet.pipeline import THREADS
from flows.outcome import FlowReport
from flows.upkeep.gc import Collected, collect
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


@flow(name="gc", flow_run_name="gc", persist_result=False)
@told
def gc(
    keep_hours: Annotated[float, Field(ge=0, le=LONGEST_HOURS)] = 0.0,
    dry_run: bool = False,
    settings_file: WholePath | None = None,
    overrides: list[Override] = [],  # noqa: B006
) -> Collected:
    """Take off the disk what a catalog no longer needs: old versions that no tag holds, seams and speeches that no
    render has.

    Args:
        keep_hours: Old versions of the tables that are younger stay.
        dry_run: Only say how many bytes would go.
        settings_file: A TOML file of settings, as the worker sees it; leave it empty for those of the worker.
        overrides: Settings of this run alone, each as name=value.
    """
    found = collect(given_settings(settings_file, overrides), keep_hours=keep_hours, dry_run=dry_run)
    rows = [{"what": f"old versions of {name}", "bytes": freed} for name, freed in found.version_bytes.items()]
    rows += [{"what": f"{found.seams} seams", "bytes": found.seam_bytes}] if found.seams else []
    rows += [{"what": f"{found.speeches} speeches", "bytes": found.speech_bytes}] if found.speeches else []
    rows += [{"what": f"{len(found.leftovers)} left behind", "bytes": found.leftover_bytes}] if found.leftovers else []
    said = "would be freed" if dry_run else "freed"
    show_table(rows, key="gc", description=f"{found.bytes} bytes {said}")
    return found
