"""Submitting stages as Prefect tasks and collecting what became of them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from prefect.futures import PrefectFuture
from prefect.runtime import deployment, flow_run

from flows.configuration.settings import Settings
from flows.traces import IN_THE_LOG, described
from tasks.runtime.cluster.pool import PoolClosed
from tasks.runtime.cluster.pools import Pools
from tasks.runtime.faults import describe
from tasks.runtime.run_stage import Attempts, Progress, StageFailed, StageIncomplete, StageSummary, run_stage

_RETRY_DELAY_SECONDS = 5


class StageRuns:
    """The stage tasks of one flow run, in the order in which they were submitted.

    Args:
        insists: somebody waits for what the run makes: however often a unit failed, it is tried again. So is a run that
            is tried again (*Retry*).
    """

    def __init__(self, pools: Pools, progress: Progress, settings: Settings, *, insists: bool = False) -> None:
        self._pools, self._progress = pools, progress
        insists = insists or (flow_run.run_count or 0) > 1
        self._attempts = Attempts(None if insists else settings.max_attempts, 1 + settings.task_retries)
        self._task = run_stage.with_options(retries=settings.task_retries, retry_delay_seconds=_RETRY_DELAY_SECONDS)
        self._futures: list[tuple[str, str, PrefectFuture]] = []

    def submit(
        self,
        stage: str,
        label: str,
        scope: dict[str, Any],
        *,
        after: Sequence[PrefectFuture] = (),
        when_ended: Callable[[], None] | None = None,
    ) -> PrefectFuture:
        """Run a stage over a scope once the tasks in `after` have ended well. If one of them has not, the stage is not
        run, and its task says so.

        Args:
            when_ended: called then, from another thread.
        """
        future = self._task.submit(  # type: ignore[call-overload]  # its stub knows no keyword besides the task's own
            stage, label, scope, self._pools, self._progress, self._attempts, wait_for=list(after)
        )
        self._futures.append((stage, label, future))
        if when_ended:
            future.add_done_callback(lambda _: when_ended())
        return future

    def run(self, stage: str, label: str, scope: dict[str, Any]) -> StageSummary:
        """Run a stage and wait for it."""
        self.submit(stage, label, scope)
        return self.summaries()[-1]

    def run_beside(self, scopes: Mapping[str, dict[str, Any]], label: str) -> list[StageSummary]:
        """Run stages, by name, that do not read each other, at the same time, and wait for all of them."""
        for stage, scope in scopes.items():
            self.submit(stage, label, scope)
        return self.summaries()[len(self._futures) - len(scopes) :]

    def summaries(self) -> list[StageSummary]:
        """Wait for all tasks. A task that failed for good has its reasons in its exception and in the ledger."""
        found = []
        for stage, label, future in self._futures:
            future.wait()
            found.append(self._summary(stage, label, future))
        return found

    def _summary(self, stage: str, label: str, future: PrefectFuture) -> StageSummary:
        if not future.state.is_final():
            return StageSummary(stage=stage, scope=label, blocked=f"{label}: not run; a stage before it failed")
        result = future.state.result(raise_on_failure=False)
        if isinstance(result, StageFailed):
            return result.summary
        if isinstance(result, StageSummary):
            return result
        error = str(result) if isinstance(result, StageIncomplete) else f"{label}: {self._described(result, stage)}"
        return StageSummary(stage=stage, scope=label, wanted=1, failed=1, errors=[error])

    def _described(self, error: Any, stage: str) -> str:
        """What happened outside of any unit, so that the ledger has no trace of it. Prefect logs that."""
        uri = self._pools.catalog.uri
        if isinstance(error, PoolClosed):
            return str(error)
        return describe(error, uri, stage, IN_THE_LOG) if deployment.id else described(error, uri, stage)
