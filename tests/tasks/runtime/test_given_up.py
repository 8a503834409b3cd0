"""A unit that fails again and again is left alone in the end, until somebody asks for it."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_catalog import Catalog
from data_catalog.leases import Leases
from flows.configuration.settings import Settings
from flows.stage_runs import StageRuns
from tasks.runtime.cluster.workers import Outcome
from tasks.runtime.faults import WORKER_DIED
from tasks.runtime.run_stage import Attempts, Progress, StageIncomplete, compute_stage
from tests.stages import configurations

SCOPE = {"video_id": "a" * 32, "uri": "/data/a.mp4", "track": "a" * 32}
DIED = f"{WORKER_DIED}: OutOfMemoryError: too little"
BAD = "a.mp4: is cut off; export it again"


class Pools:
    """One run after the other, whose only unit fails as long as `error` says something."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog, self.configs, self.leases = catalog, configurations(), Leases(catalog, "r")
        self.error, self.tried = "", 0

    def of(self, stage):
        return self

    def run(self, units, *_):
        self.tried += 1
        for unit in units:
            if self.error:
                self.catalog.fail(unit, self.error, run_id="r")
            else:
                self.catalog.finish(unit, n_rows=1, run_id="r", seconds=0.0, fields={})
        return [Outcome(u.key, u.subject, not self.error, self.error, self.error == DIED) for u in units]


@pytest.fixture
def pools(tmp_path):
    pools = Pools(Catalog(tmp_path / "catalog"))
    with pools.leases:
        yield pools


def a_run(pools: Pools, attempts: Attempts):
    """A flow run with its tries of what may pass, as Prefect makes them."""
    for last in [False] * (attempts.tries - 1) + [True]:
        try:
            return compute_stage("extract_frames", "a.mp4", SCOPE, pools, Progress(), attempts)
        except StageIncomplete:
            if last:
                return None


@pytest.mark.parametrize(("error", "tries_a_run"), [(BAD, 1), (DIED, 3)])
def test_a_run_counts_once_and_the_message_names_what_an_operator_can_do(pools, error, tries_a_run):
    attempts, pools.error = Attempts(runs=2, tries=3), error
    for done in (1, 2):
        a_run(pools, attempts)
        assert pools.tried == done * tries_a_run
    summary = a_run(pools, attempts)
    assert pools.tried == 2 * tries_a_run and summary.failed == 1
    (said,) = summary.errors
    assert "given up" in said and "*Retry*" in said and "`tango rerun`" in said and "TANGO_" not in said
    pools.error = ""
    assert a_run(pools, attempts).failed == 1 and pools.tried == 2 * tries_a_run
    insists = Attempts(None, 3)
    assert a_run(pools, insists).ok and pools.tried == 2 * tries_a_run + 1


@given(st.integers(1, 9), st.integers(1, 4), st.booleans())
def test_attempts_are_spent_after_so_many_runs(runs, tries, fault_of_the_input):
    error, each = (BAD, 1) if fault_of_the_input else (DIED, tries)
    record = SimpleNamespace(error=error, attempts=runs * each - 1)
    assert not Attempts(runs, tries).are_spent(record)
    record.attempts += 1
    assert Attempts(runs, tries).are_spent(record)
    assert not Attempts(None, tries).are_spent(record)


@pytest.mark.integration
def test_a_run_that_is_tried_again_tries_what_was_given_up(pools, prefect_server):
    """*Retry* runs the same flow run once more, as a retry of Prefect's does."""
    from prefect import flow

    settings, pools.error = Settings(max_attempts=1, task_retries=0), BAD
    a_run(pools, Attempts(1))
    assert pools.tried == 1
    tried_before = []

    @flow(retries=1, persist_result=False)
    def run() -> int:
        tried_before.append(pools.tried)
        summary = StageRuns(pools, Progress(), settings).run("extract_frames", "a.mp4", SCOPE)
        pools.error = ""
        if not summary.ok:
            raise RuntimeError("; ".join(summary.errors))
        return summary.computed

    assert run() == 1
    assert tried_before == [1, 1] and pools.tried == 2
