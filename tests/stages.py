"""Stages outside of a flow: videos and ledger rows as if a unit were done, plans, and units done in this process."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from data_catalog import Catalog, Unit
from data_catalog.tables.schemas import groups_of
from flows.configuration.settings import Settings
from tasks.runtime.reading import DeclaredSource
from tasks.runtime.stage import RowWriter, Stage
from tasks.runtime.versions import Versions, plan_units


def configurations(**changes: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The default configuration of every stage, with some fields changed by stage."""
    configs = Settings().stage_configs()
    return configs | {stage: configs[stage] | dict(fields) for stage, fields in changes.items()}


def add_video(
    catalog: Catalog, avatar: str, video_id: str, *, uri: str, motion_uri: str = "", motion_hash: str = ""
) -> None:
    """Say that a video shows an avatar, and nothing else of it."""
    row = {"uri": uri, "file_name": Path(uri).name, "motion_uri": motion_uri, "motion_hash": motion_hash}
    catalog.add_videos(avatar, {video_id: row}, catalog.avatar_videos(avatar))


def mark_done(catalog: Catalog, stage: str, *units: str, of: Mapping[str, Sequence[str]] | None = None) -> None:
    """Write the ledger rows of units that are done in the version of now; their rows are the test's to write."""
    for key in units:
        versions = Versions(catalog, configurations())
        unit = versions.stage(stage).unit(key, subject=key, of=of)
        unit = Unit(**{**vars(unit), "input_hash": versions.input_hash(stage, unit.upstream)})
        fields = {group: f"{group} of {key}" for group in groups_of(stage)}
        catalog.finish(unit, n_rows=1, run_id="test", seconds=0.0, fields=fields)


def plan(catalog: Catalog, stage: str, *, config: Mapping[str, Any] | None = None, **scope: Any) -> list[Unit]:
    """The units that a stage wants, with some fields of its configuration changed."""
    return plan_units(catalog, stage, Versions(catalog, configurations(**{stage: config or {}})), scope)


def do(catalog: Catalog, stage: Stage, unit: Unit) -> RowWriter:
    """Do a unit as a worker does; the ledger is not written."""
    out = RowWriter(catalog, stage.name, unit.provenance("test"))
    source = DeclaredSource(catalog, stage.name, stage.reads, unit.upstream, own=[unit.key], before_own=out.flush)
    stage.process(source, unit, out)
    out.flush()
    return out
