"""Submitting stages as Prefect tasks and collecting what became of them."""

from collections.abc import Sequence
from typing import Any

from prefect import allow_failure
from prefect.futures import PrefectFuture

from flows.settings import Settings
from tasks.runtime.cluster import Pools
from tasks.runtime.faults import describe
from tasks.runtime.run_stage import Progress, StageIncomplete, StageSummary, run_stage

_RETRY_DELAY_SECONDS = 5


class StageRuns:
    """The stage tasks of one flow run, in the order in which they were submitted."""

    def __init__(self, pools: Pools, progress: Progress, settings: Settings) -> None:
        self._pools, self._progress, self._settings = pools, progress, settings
        self._task = run_stage.with_options(retries=settings.task_retries, retry_delay_seconds=_RETRY_DELAY_SECONDS)
        self._futures: list[tuple[str, str, PrefectFuture]] = []

    def submit(
        self, stage: str, label: str, scope: dict[str, Any], *, after: Sequence[PrefectFuture] = ()
    ) -> PrefectFuture:
        """Run a stage over a scope once the tasks in `after` have ended, well or not (the ledger says which)."""
        future = self._task.submit(  # type: ignore[call-overload]  # its stub knows no keyword besides the task's own
            stage,
            label,
            scope,
            self._pools,
            self._progress,
            self._settings.max_attempts,
            wait_for=[allow_failure(f) for f in after],
        )
        self._futures.append((stage, label, future))
        return future

    def run(self, stage: str, label: str, scope: dict[str, Any]) -> StageSummary:
        """Run a stage and wait for it."""
        self.submit(stage, label, scope)
        return self.summaries()[-1]

    def summaries(self) -> list[StageSummary]:
        """Wait for all tasks. A task that failed for good has its reasons in its exception and in the ledger."""
        found = []
        for stage, label, future in self._futures:
            future.wait()
            result = future.state.result(raise_on_failure=False)
            if not isinstance(result, StageSummary):
                known = isinstance(result, StageIncomplete)
                error = str(result) if known else f"{label}: {describe(result, self._pools.catalog.uri)}"
                result = StageSummary(stage=stage, scope=label, wanted=1, failed=1, errors=[error])
            found.append(result)
        return found
