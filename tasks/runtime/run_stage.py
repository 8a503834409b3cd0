"""The one Prefect task of the system: a stage over a scope of ids.

`persist_result=False` and NO_CACHE: the catalog is the only memory, so a retry, from the UI or after a crash, does
exactly the units that are not `ok`. Prefect's own cache would skip a stage that completed with failed units.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.states import Failed, State
from pydantic import BaseModel

from data_catalog import Unit, UnitRecord
from data_catalog.keys import video_of
from data_catalog.ledger import undone
from tasks.runtime.cluster.pool import PoolClosed
from tasks.runtime.cluster.pools import Pools
from tasks.runtime.cluster.workers import Outcome
from tasks.runtime.faults import is_input_fault, reason
from tasks.runtime.plan_source import UpstreamNotReady
from tasks.runtime.registry import PER_AVATAR, PER_TRACK
from tasks.runtime.stage import Stage
from tasks.runtime.versions import Versions, plan_units

_WAIT_SECONDS = 1.0
"""Between two looks whether another run has done with a unit."""


class StageSummary(BaseModel):
    """What became of a stage over one scope.

    Attributes:
        wanted: units in the scope; computed: done now; failed: not `ok` now; rows: written now.
        blocked: why nothing could be planned.
        errors: one line per failed unit, beginning with its subject.
        videos: ids of those that the scope is about; none where it is about a speech or a path.
    """

    stage: str
    scope: str
    videos: list[str] = []
    wanted: int = 0
    computed: int = 0
    failed: int = 0
    rows: int = 0
    seconds: float = 0.0
    blocked: str = ""
    errors: list[str] = []

    @property
    def ok(self) -> bool:
        return not self.failed and not self.blocked

    @property
    def video(self) -> str:
        """The video that the scope is about; "" where it is about several, or none."""
        return self.videos[0] if len(self.videos) == 1 else ""


@dataclass(frozen=True)
class Attempts:
    """How often a unit that fails is tried.

    Attributes:
        runs: in which it failed in the wanted version, since it last went well, after which it is left alone; None:
            it is always tried, since somebody asked for it.
        tries: in a run, of what may pass; what is the input's fault is tried once.
    """

    runs: int | None
    tries: int = 1

    def are_spent(self, record: UnitRecord) -> bool:
        if self.runs is None:
            return False
        return record.attempts >= self.runs * (1 if is_input_fault(record.error or "") else self.tries)


class StageIncomplete(RuntimeError):
    """Units failed for reasons that may pass; the task is worth trying again."""


class StageFailed(RuntimeError):
    """Units failed, or could not be planned, and trying again at once would not help.

    Attributes:
        summary: what became of all units.
    """

    def __init__(self, summary: StageSummary) -> None:
        self.summary = summary
        super().__init__("; ".join(summary.errors) or summary.blocked or f"{summary.failed} units failed")


class Progress:
    """Where progress goes; the flow gives one that draws it. Called from several threads."""

    def stage(self, stage: str, scope: str, done: int, total: int) -> None:
        """Units of a stage that are done."""

    def others(self, stage: str, scope: str, count: int) -> None:
        """Another run is at so many units of a stage, and is waited for."""

    def waits(self, stage: str, why: str) -> None:
        """There is no room for a worker of a stage; said once."""

    def unit(self, unit: Unit, done: int, total: int) -> None:
        """How far the unit is, in the stage's own measure."""


def _may_pass(task: Any, task_run: Any, state: Any) -> bool:
    error = state.result(raise_on_failure=False)
    return isinstance(error, StageIncomplete | OSError | TimeoutError)


@task(
    name="run-stage",
    task_run_name="{stage} {label}",
    persist_result=False,
    cache_policy=NO_CACHE,
    retry_condition_fn=_may_pass,
    retry_jitter_factor=0.5,
)
def run_stage(
    stage: str, label: str, scope: dict[str, Any], pools: Pools, progress: Progress, attempts: Attempts
) -> StageSummary | State:
    """Do the pending units of a stage in a scope.

    Returns:
        what became of them; where some are not `ok`, as a failed state with the reasons, whose data is a `StageFailed`,
        or a `StageIncomplete` that is tried again. (Raised instead, the reasons would stand inside a stack trace.)
    """
    try:
        summary = compute_stage(stage, label, scope, pools, progress, attempts, get_run_logger().error)
    except StageIncomplete as error:
        return Failed(message=str(error), data=error)
    if summary.ok:
        return summary
    failed = StageFailed(summary)
    return Failed(message=str(failed), data=failed)


def compute_stage(
    stage: str,
    label: str,
    scope: dict[str, Any],
    pools: Pools,
    progress: Progress,
    attempts: Attempts,
    log: Callable[[str], None] = lambda text: None,
) -> StageSummary:
    """`run_stage` without Prefect around it; `log` takes the stack traces of what nobody foresaw.

    Raises:
        StageIncomplete: units failed for transient reasons and are not given up yet.
    """
    catalog = pools.catalog
    versions = Versions(catalog, pools.configs)
    if (owners := _owners(stage, scope)) and not catalog.tag:
        versions.preload(owners)
    planner = versions.stage(stage)
    try:
        units = plan_units(catalog, stage, versions, scope)
    except UpstreamNotReady as error:
        return StageSummary(stage=stage, scope=label, blocked=f"{label}: waits for {error.stage}")
    records = versions.records(stage, [unit.key for unit in units])
    pending = undone(units, records)
    keys = {unit.key for unit in pending}
    pending += [unit for unit in units if unit.key not in keys and not planner.is_intact(catalog, unit)]
    todo, given_up = _split(pending, records, attempts)
    done = len(units) - len(pending)
    progress.stage(stage, label, done, len(units))
    outcomes = _do(stage, label, todo, planner, pools, progress) if todo else {}
    failed = [outcome for outcome in outcomes.values() if not outcome.ok]
    for outcome in failed:
        if outcome.trace:
            log(f"{outcome.subject}\n{outcome.trace}")
    errors = [reason(outcome.subject, outcome.error) for outcome in failed]
    errors += [
        f"{reason(r.subject, r.error or '')} (given up after {r.attempts} attempts; *Retry* of the run, "
        "`rerun-stage` in the UI or `tango rerun` tries again)"
        for r in given_up
    ]
    done = len(units) - len(failed) - len(given_up)
    progress.stage(stage, label, done, len(units))
    may_pass = [unit for unit in todo if unit.key in outcomes and outcomes[unit.key].transient]
    if may_pass and _split(may_pass, catalog.records(stage, [unit.key for unit in may_pass]), attempts)[0]:
        raise StageIncomplete("; ".join(errors))
    return StageSummary(
        stage=stage,
        scope=label,
        videos=_videos(scope),
        wanted=len(units),
        computed=len(outcomes) - len(failed),
        failed=len(units) - done,
        rows=sum(outcome.n_rows for outcome in outcomes.values()),
        seconds=sum(outcome.seconds for outcome in outcomes.values()),
        errors=errors,
    )


def _do(
    stage: str, label: str, todo: list[Unit], planner: Stage, pools: Pools, progress: Progress
) -> dict[str, Outcome]:
    """Do units, each when no other run is at it.

    Returns:
        by unit what became of it here; nothing for those that another run did meanwhile.
    """
    catalog, found = pools.catalog, dict[str, Outcome]()
    while todo:
        mine = pools.leases.take(stage, [unit.key for unit in todo])
        try:
            pending = {unit.key for unit in catalog.pending([unit for unit in todo if unit.key in mine])}
            own = [u for u in todo if u.key in mine and (u.key in pending or not planner.is_intact(catalog, u))]
            if own:
                found |= {outcome.unit: outcome for outcome in pools.of(stage).run(own, progress.unit, progress.waits)}
        finally:
            pools.leases.give_back(stage, mine)
        todo = [unit for unit in todo if unit.key not in mine]
        if todo:
            progress.others(stage, label, len(todo))
            if pools.closed_within(_WAIT_SECONDS):
                raise PoolClosed
    return found


def _split(
    units: list[Unit], records: Mapping[str, UnitRecord], attempts: Attempts
) -> tuple[list[Unit], list[UnitRecord]]:
    """Units worth an attempt, and the records of those that failed too often in the wanted version."""
    spent = {
        unit.key: record
        for unit in units
        if (record := records.get(unit.key))
        and not record.ok
        and record.version == unit.version
        and attempts.are_spent(record)
    }
    return [unit for unit in units if unit.key not in spent], list(spent.values())


def _videos(scope: Mapping[str, Any]) -> list[str]:
    tracks = scope.get("tracks", ())
    return [scope["video_id"]] if "video_id" in scope else sorted({video_of(track) for track in tracks})


def _owners(stage: str, scope: Mapping[str, Any]) -> set[str]:
    """By whose units a stage is planned (see `Catalog.ledger`), so that they are read at once; none where it is planned
    by more than some tracks."""
    tracks = [scope["track"]] if stage in PER_TRACK else scope["tracks"] if stage in PER_AVATAR else []
    return {owner for track in tracks for owner in (track, video_of(track))}
