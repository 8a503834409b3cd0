"""Two runs want the same units: each is done once, and the second goes on with what the first made."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from data_catalog import Catalog
from data_catalog.leases import Leases
from tasks.runtime.cluster.pool import PoolClosed
from tasks.runtime.cluster.workers import Outcome
from tasks.runtime.run_stage import Attempts, Progress, compute_stage
from tests.stages import configurations


class Pool:
    """Does units in this process, one at a time, and remembers which."""

    def __init__(self, catalog: Catalog, fails: bool = False) -> None:
        self.catalog, self.fails, self.did = catalog, fails, []
        self.begun, self.go_on = threading.Event(), threading.Event()

    def run(self, units, on_progress=None, on_wait=None):
        self.begun.set()
        assert self.go_on.wait(60)
        for unit in units:
            self.did.append(unit.key)
            if self.fails:
                self.catalog.fail(unit, "broken", run_id="r")
            else:
                self.catalog.finish(unit, n_rows=1, run_id="r", seconds=0.0, fields={})
        return [Outcome(unit.key, unit.subject, not self.fails, "broken" * self.fails) for unit in units]


class Pools:
    def __init__(self, catalog: Catalog, run: str, **how) -> None:
        self.catalog, self.configs = catalog, configurations()
        self.pool, self.leases = Pool(catalog, **how), Leases(catalog, run)
        self.leases._holder = self.leases._holder.replace("|", f"|machine of {run} ", 1)
        self.closed = threading.Event()

    def of(self, stage):
        return self.pool

    def closed_within(self, seconds):
        return self.closed.wait(min(seconds, 0.05))


class Waits(Progress):
    def __init__(self) -> None:
        self.waited = threading.Event()

    def others(self, stage, scope, count):
        self.waited.set()


SCOPE = {"video_id": "a" * 32, "uri": "/data/a.mp4", "track": "a" * 32}


@pytest.fixture
def catalog(tmp_path) -> Catalog:
    return Catalog(tmp_path / "catalog")


def _stage(pools, progress=None):
    return compute_stage("extract_frames", "a.mp4", SCOPE, pools, progress or Progress(), Attempts(5))


@pytest.mark.parametrize("fails", [False, True])
def test_the_second_waits_and_does_only_what_the_first_could_not(catalog, fails):
    first, second, waits = Pools(catalog, "a", fails=fails), Pools(catalog, "b"), Waits()
    second.pool.go_on.set()
    with ThreadPoolExecutor(2) as threads, first.leases, second.leases:
        one = threads.submit(_stage, first)
        assert first.pool.begun.wait(60)
        two = threads.submit(_stage, second, waits)
        assert waits.waited.wait(60) and not second.pool.did
        first.pool.go_on.set()
        assert one.result(60).ok is not fails
        summary = two.result(60)
    assert len(first.pool.did) == 1 and len(second.pool.did) == int(fails)
    assert (summary.ok, summary.failed, summary.computed) == (True, 0, int(fails))
    assert catalog.table("leases").count() == 0


def test_a_run_that_ends_waits_no_more(catalog):
    first, second, waits = Pools(catalog, "a"), Pools(catalog, "b"), Waits()
    with ThreadPoolExecutor(2) as threads, first.leases, second.leases:
        one = threads.submit(_stage, first)
        assert first.pool.begun.wait(60)
        two = threads.submit(_stage, second, waits)
        assert waits.waited.wait(60)
        second.closed.set()
        with pytest.raises(PoolClosed):
            two.result(60)
        first.pool.go_on.set()
        assert one.result(60).ok
