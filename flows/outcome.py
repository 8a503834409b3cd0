"""What a flow run ends with: a report of its stages, and Failed with the reasons when not everything is `ok`."""

import re

from prefect.artifacts import create_markdown_artifact, create_table_artifact
from pydantic import BaseModel

from data_catalog import Catalog, digest
from data_catalog.schemas import tables_of
from tasks.runtime.faults import describe
from tasks.runtime.run_stage import StageSummary


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
        return [*self.refused, *(error for stage in self.stages for error in stage.errors)]


class FlowIncomplete(Exception):
    """Not everything asked for was done. The message counts and names the reasons; Retry does only what is missing."""

    def __init__(self, report: FlowReport) -> None:
        self.report = report
        lines = [f"{report.subject}: {report.failed} of {report.wanted} units failed"]
        super().__init__("\n  ".join(lines + report.errors))


def tidy(catalog: Catalog, report: FlowReport) -> None:
    """Merge what a run's writes left in the tables that it touched, so that neither they nor the next run's time grow
    with the number of runs. What goes wrong is a note of the report: the rows are all there."""
    touched = {table for stage in report.stages if stage.computed or stage.failed for table in tables_of(stage.stage)}
    try:
        catalog.compact(sorted(touched | {"avatars", "units"}))
    except OSError as error:
        report.notes.append(f"the tables could not be compacted ({describe(error, catalog.uri)})")


def publish(report: FlowReport) -> None:
    """The report as artifacts of the flow run: a table of the stages, and the reasons of failures."""
    slug = re.sub(r"[^a-z0-9]+", "-", report.subject.lower()).strip("-")
    if not report.subject.isascii():  # a key takes no other letters
        slug = f"{slug}-{digest(report.subject)[:8]}".strip("-")
    rows = [
        {
            "stage": stage.stage,
            "scope": stage.scope,
            "units": stage.wanted,
            "computed": stage.computed,
            "failed": stage.failed,
            "rows written": stage.rows,
            "seconds": round(stage.seconds, 1),
            "waits": stage.blocked,
        }
        for stage in report.stages
    ]
    create_table_artifact(rows, key=f"stages-{slug}", description=f"Stages of {report.subject}")
    if report.errors:
        reasons = "\n".join(f"- {error}" for error in report.errors)
        create_markdown_artifact(f"# What failed\n\n{reasons}\n", key=f"failures-{slug}")


def conclude(report: FlowReport, *, max_failed_share: float) -> FlowReport:
    """Publish the report and end the run.

    Raises:
        FlowIncomplete: more than `max_failed_share` of the units is not `ok`.
    """
    publish(report)
    if report.failed > max_failed_share * report.wanted:
        raise FlowIncomplete(report)
    return report
