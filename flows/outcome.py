"""What a flow run ends with: a report of its stages, and Failed with the reasons when not everything is `ok`."""

import re
from typing import Any

from pydantic import BaseModel

from data_catalog import Catalog, digest
from data_catalog.tables.schemas import tables_of
from flows.artifacts import show_list, show_table
from flows.thumbnails import thumbnails
from tasks.runtime.faults import describe
from tasks.runtime.run_stage import StageSummary

_SLOWEST = 10
_SAID = 20
"""Failures in the message of a run."""
_OF_AVATAR = " / "


class FlowReport(BaseModel):
    """What a run did.

    Attributes:
        subject: the avatar, folder or output it was about.
        stages: one summary per (stage, scope) in the order of the pipeline.
        refused: inputs that never became a unit, with the reason.
        notes: worth knowing, but no failure.
    """

    subject: str
    stages: list[StageSummary] = []
    refused: list[str] = []
    notes: list[str] = []

    @property
    def failed(self) -> int:
        return sum(stage.failed for stage in self.stages) + len(self.refused)

    @property
    def wanted(self) -> int:
        return sum(stage.wanted for stage in self.stages) + len(self.refused)

    @property
    def computed(self) -> int:
        return sum(stage.computed for stage in self.stages)

    @property
    def rows(self) -> int:
        return sum(stage.rows for stage in self.stages)

    @property
    def errors(self) -> list[str]:
        """One line each, which tells videos of one name apart."""
        return [*self.refused, *(_of(stage.scope, error) for stage in self.stages for error in stage.errors)]


class FlowIncomplete(Exception):
    """Not everything asked for was done. The message counts and names the reasons; Retry does only what is missing."""

    def __init__(self, report: FlowReport) -> None:
        self.report = report
        lines = [f"{report.subject}: {report.failed} of {report.wanted} units failed", *report.errors[:_SAID]]
        if (left := len(report.errors) - _SAID) > 0:
            lines.append(f"and {left} more: see the run's artifact `failures`, or `tango status --failed`")
        super().__init__("\n  ".join(lines))


def _of(scope: str, error: str) -> str:
    """A failure with the avatar of its video in front, where the scope names one: `ann / talk.mp4: is empty`."""
    avatar, named, name = scope.partition(_OF_AVATAR)
    if not named or error.startswith(avatar + _OF_AVATAR):
        return error
    return f"{avatar}{_OF_AVATAR}{error}" if error.startswith(name) else f"{scope}: {error}"


def tidy(catalog: Catalog, report: FlowReport) -> None:
    """Merge what a run's writes left in the tables that it touched, so that neither they nor the next run's time grow
    with the number of runs. What goes wrong is a note of the report: the rows are all there."""
    touched: dict[str, set[str]] = {"avatars": {""}, "units": {""}, "leases": {""}}
    for stage in report.stages:
        for table in tables_of(stage.stage) if stage.computed or stage.failed else ():
            touched.setdefault(table, set()).update(stage.videos or [""])
    try:
        for table, videos in sorted(touched.items()):
            catalog.table(table).compact(None if "" in videos else videos)  # "": of none that is known
    except OSError as error:
        report.notes.append(f"the tables could not be compacted ({describe(error, catalog.uri)})")


def publish(report: FlowReport, catalog: Catalog) -> None:
    """The report as artifacts of the flow run: what each stage did, what took longest, and what failed, with a picture
    of the video and what to do about it."""
    slug = re.sub(r"[^a-z0-9]+", "-", report.subject.lower()).strip("-")
    if not report.subject.isascii():  # a key takes no other letters
        slug = f"{slug}-{digest(report.subject)[:8]}".strip("-")
    show_table(stage_rows(report), key=f"stages-{slug}", description=f"Stages of {report.subject}")
    if slow := slowest(report):
        show_table(slow, key=f"slowest-{slug}", description="What took longest")
    if failures := failure_rows(report):
        videos = [""] * len(report.refused) + [stage.video for stage in report.stages for _ in stage.errors]
        seen = thumbnails(catalog, filter(None, videos))
        pictures = [seen.get(video, "") for video in videos]
        said = "What failed, and what to do about it"
        show_table(failures, key=f"failures-{slug}", description=said, pictures=pictures)
    if report.notes:
        show_list("Worth knowing", report.notes, key=f"notes-{slug}")


def stage_rows(report: FlowReport) -> list[dict[str, Any]]:
    """For a table: each stage over all that it was run for, in the order of the pipeline."""
    rows: dict[str, dict[str, Any]] = {}
    for stage in report.stages:
        zeros: dict[str, Any] = dict.fromkeys(("units", "computed", "failed", "not run", "rows written", "seconds"), 0)
        row = rows.setdefault(stage.stage, {"stage": stage.stage, **zeros})
        row["units"] += stage.wanted
        row["computed"] += stage.computed
        row["failed"] += stage.failed
        row["not run"] += int(bool(stage.blocked))
        row["rows written"] += stage.rows
        row["seconds"] = round(row["seconds"] + stage.seconds, 1)
    for row in rows.values():
        row["rows/s"] = round(row["rows written"] / row["seconds"], 1) if row["seconds"] else ""
    return list(rows.values())


def slowest(report: FlowReport) -> list[dict[str, Any]]:
    """For a table: what the longest time of workers went into."""
    seconds: dict[str, float] = {}
    for stage in report.stages:
        seconds[stage.scope] = seconds.get(stage.scope, 0.0) + stage.seconds
    longest = sorted(seconds.items(), key=lambda found: -found[1])[:_SLOWEST]
    return [{"what": scope, "seconds": round(spent, 1)} for scope, spent in longest if spent]


def failure_rows(report: FlowReport) -> list[dict[str, Any]]:
    """For a table: each failure with its remedy, which stands behind the last semicolon of its line."""
    found = [("", "intake", error) for error in report.refused]
    found += [(stage.scope, stage.stage, error) for stage in report.stages for error in stage.errors]
    rows = []
    for scope, stage, error in found:
        why, _, remedy = error.rpartition("; ")
        rows.append({"of": scope, "at": stage, "why": why or remedy, "what to do": remedy if why else ""})
    return rows


def conclude(report: FlowReport, catalog: Catalog, *, max_failed_share: float) -> FlowReport:
    """Publish the report and end the run.

    Raises:
        FlowIncomplete: more than `max_failed_share` of the units is not `ok`.
    """
    publish(report, catalog)
    if report.failed > max_failed_share * report.wanted:
        raise FlowIncomplete(report)
    return report
