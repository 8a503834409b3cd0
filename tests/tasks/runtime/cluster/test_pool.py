"""Pools of several stages and runs in a cluster of little room: every unit ends, whatever the sizes."""

import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_catalog import Catalog, Unit
from tasks.runtime.cluster import pool as pool_module
from tasks.runtime.cluster.neighbours import Neighbours
from tasks.runtime.cluster.pool import WorkerPool
from tasks.runtime.cluster.workers import WorkerResources
from tests.tasks.runtime.cluster.crowded import Cluster, Worker

STAGES = ("detect_landmarks", "create_clips", "embed_clips", "score_edges")
"""Which read no files."""


@pytest.fixture(scope="module")
def catalog(tmp_path_factory) -> Catalog:
    return Catalog(tmp_path_factory.mktemp("crowded") / "catalog")


@pytest.fixture(scope="module", autouse=True)
def impatient():
    """What takes seconds in a run takes milliseconds here."""
    times = {"_LOOK": 0.001, "_PATIENCE": 0.03, "_IDLE": 0.05, "_SPARE": 0.005, "_LAST": 0.1, "_ENDING": 0.0}
    times |= {"_TURN": 0.3, "_ASK": 0.0}
    with pytest.MonkeyPatch.context() as patch:
        for name, seconds in times.items():
            patch.setattr(pool_module, f"{name}_SECONDS", seconds)
        patch.setattr(pool_module, "cluster_lives", lambda: True)
        patch.setattr(pool_module, "has_room", lambda needed: False)
        patch.setattr(pool_module, "free_and_all", lambda: ({"GPU": 0.0}, {"GPU": 1.0}))
        yield


class Board(dict):
    """Where the runs of one cluster write."""

    put = dict.__setitem__
    all = dict.copy

    def remove(self, run):
        self.pop(run, None)


class Run:
    """The pools of a run, tended as `Pools` does it."""

    def __init__(
        self, cluster: Cluster, catalog: Catalog, name: str, stages: dict[str, tuple[WorkerResources, int]],
        board: Board | None = None,
    ):  # fmt: skip
        self.name = name
        self.neighbours = Neighbours(name, self._waiting, Board() if board is None else board)
        self.said: list[tuple[str, str]] = []
        self.pools: dict[str, WorkerPool] = {}
        for stage, (resources, size) in stages.items():
            self.pools[stage] = WorkerPool(
                stage, {}, catalog, resources, size=size, run_id=name, others_wait=partial(self._starved, stage),
                others_have_less=lambda pool: any(other.has_less_than(pool) for other in list(self.pools.values())),
                neighbours_have_less=self.neighbours.have_less,
                start=cluster.start,  # type: ignore[arg-type]
            )  # fmt: skip
        self.over = threading.Event()
        threading.Thread(target=self._tend, daemon=True).start()

    def _starved(self, but: str) -> bool:
        return any(pool.starved for stage, pool in self.pools.items() if stage != but)

    def _waiting(self):
        return [waiting for pool in self.pools.values() if (waiting := pool.waiting)]

    def _tend(self):
        while not self.over.wait(0.002):
            for pool in self.pools.values():
                pool.tend()
            self.neighbours.look()

    def units(self, stage: str, count: int, part: str = "") -> list[Unit]:
        return [Unit(stage, f"{self.name} {stage} {part}{k}", str(k), "1", "") for k in range(count)]

    def do(self, stage: str, count: int, part: str = ""):
        return self.pools[stage].run(self.units(stage, count, part), None, lambda *said: self.said.append(said))

    def close(self):
        self.over.set()
        for pool in self.pools.values():
            pool.close()


amounts = st.sampled_from([0.0, 0.1, 0.5, 1.0, 2.0])
resources = st.builds(WorkerResources, num_cpus=amounts, num_gpus=st.sampled_from([0.0, 0.0, 0.5, 1.0]))
stage_of_run = st.tuples(resources, st.integers(1, 4), st.integers(0, 5), st.booleans())
runs_of_stages = st.lists(st.lists(stage_of_run, min_size=1, max_size=4), min_size=1, max_size=3)


@settings(max_examples=30, deadline=None)
@given(runs_of_stages, st.sampled_from([2.0, 2.5, 4.0]), st.sampled_from([1.0, 1.5]))
def test_every_unit_of_every_run_is_done_once_whatever_the_room(catalog, given_runs, cpus, gpus):
    """Stages at once or one after the other, the next warmed ahead, in a cluster that has room for any one worker."""
    cluster, board = Cluster({"CPU": cpus, "GPU": gpus}), Board()
    runs, wanted = [], set()
    for number, stages in enumerate(given_runs):
        sized = {stage: (asked[0], asked[1]) for stage, asked in zip(STAGES, stages, strict=False)}
        runs.append(Run(cluster, catalog, f"run {number}", sized, board))
    with ThreadPoolExecutor(16) as threads:

        def do_all(run: Run, stages) -> None:
            at_once = []
            for stage, (_, _, count, waited_for) in zip(STAGES, stages, strict=False):
                for pool in run.pools.values():  # as `Pools.of` does for the next stages
                    pool.warm()
                doing = threads.submit(run.do, stage, count)
                doing.result(60) if waited_for else at_once.append(doing)
            for doing in at_once:
                doing.result(60)

        with ThreadPoolExecutor(len(runs)) as drivers:
            for driven in [drivers.submit(do_all, *each) for each in zip(runs, given_runs, strict=True)]:
                driven.result(90)
        for run, stages in zip(runs, given_runs, strict=True):
            wanted |= {u.key for stage, s in zip(STAGES, stages, strict=False) for u in run.units(stage, s[2])}
            run.close()
    assert cluster.done == dict.fromkeys(wanted, 1)
    assert not cluster.placed and not cluster.asked
    assert all(abs(cluster.free[kind] - room) < 1e-6 for kind, room in cluster.room.items())


def test_two_renders_with_half_a_gpu_a_worker_both_end(catalog):
    """Each has one half, and wants a second worker as well."""
    half = {"create_clips": (WorkerResources(num_gpus=0.5), 2)}
    cluster = Cluster({"CPU": 2, "GPU": 1}, seconds=0.01)
    runs = [Run(cluster, catalog, name, half) for name in ("a", "b")]
    for run in runs:
        run.pools["create_clips"].warm()
    time.sleep(0.02)
    with ThreadPoolExecutor(2) as threads:
        done = [threads.submit(run.do, "create_clips", 10) for run in runs]
        assert all(outcome.ok for doing in done for outcome in doing.result(30))
    for run in runs:
        run.close()


def test_what_waits_for_room_says_it_once_and_goes_on_when_there_is_some(catalog):
    cluster = Cluster({"CPU": 2, "GPU": 1})
    one = WorkerResources(num_gpus=1)
    run = Run(cluster, catalog, "a", {"create_clips": (one, 2)})
    holder = cluster.start("other", one)
    assert holder.is_placed()
    with ThreadPoolExecutor(1) as threads:
        doing = threads.submit(run.do, "create_clips", 4)
        time.sleep(0.3)
        assert not doing.done() and run.said == [
            ("create_clips", "waits for 1 GPUs that others hold (0 of 1 GPUs free)")
        ]
        holder.kill()
        assert all(outcome.ok for outcome in doing.result(30))
    assert len(run.said) == 1
    run.close()


@pytest.mark.parametrize(("resources", "left"), [(WorkerResources(num_cpus=0.1), 0), (WorkerResources(), 1)])
def test_workers_that_nobody_needs_end_and_those_that_cost_nothing_last_longer(catalog, resources, left, monkeypatch):
    monkeypatch.setattr(pool_module, "_LAST_SECONDS", 1.0)
    cluster = Cluster({"CPU": 8, "GPU": 0}, seconds=0.02)
    run = Run(cluster, catalog, "a", {"create_clips": (resources, 4)})
    run.do("create_clips", 12)
    assert len(cluster.placed) > 1
    time.sleep(0.5)
    assert len(cluster.placed) == left and not cluster.asked
    time.sleep(1.0)
    assert not cluster.placed
    assert all(outcome.ok for outcome in run.do("create_clips", 3, "again "))
    run.close()


def test_a_stage_with_many_workers_makes_room_for_one_that_has_none(catalog):
    cluster = Cluster({"CPU": 4, "GPU": 0}, seconds=0.02)
    many = {"detect_landmarks": (WorkerResources(num_cpus=1), 4), "embed_clips": (WorkerResources(num_cpus=1), 1)}
    run = Run(cluster, catalog, "a", many)
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(run.do, "detect_landmarks", 200)
        time.sleep(0.1)
        second = threads.submit(run.do, "embed_clips", 2)
        assert all(outcome.ok for outcome in second.result(30))
        assert not first.done(), "it waited for the end of the other"
        assert all(outcome.ok for outcome in first.result(60))
    run.close()


@pytest.mark.parametrize("size", [4, 6])
def test_two_stages_with_long_queues_share_the_room(catalog, size):
    """Whichever came first, and though both would fill all of it."""
    cluster = Cluster({"CPU": 4, "GPU": 0}, seconds=0.01)
    started, start = [], cluster.start
    cluster.start = lambda stage, *rest, **more: started.append(stage) or start(stage, *rest, **more)  # type: ignore
    sizes = {"detect_landmarks": (WorkerResources(num_cpus=1), size)}
    run = Run(cluster, catalog, "a", sizes | {"embed_clips": (WorkerResources(num_cpus=1), size)})
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(run.do, "detect_landmarks", 500)
        time.sleep(0.1)
        second = threads.submit(run.do, "embed_clips", 500)
        seen = []
        while not (first.done() or second.done()):
            time.sleep(0.01)
            seen.append((run.pools["detect_landmarks"]._at_work(), run.pools["embed_clips"]._at_work()))
        assert all(outcome.ok for doing in (first, second) for outcome in doing.result(60))
    shared = [min(pair) >= 2 for pair in seen[len(seen) // 2 :]]
    assert sum(shared) > 0.3 * len(shared), seen
    assert len(started) < 40, "workers come and go"
    run.close()


def test_a_worker_that_only_starts_slowly_waits_for_nobodys_room(catalog, monkeypatch):
    """There is room, and the machine is busy: nobody is said to hold anything, and no other stage gives a worker up."""
    cluster = Cluster({"CPU": 100}, seconds=0.005)
    monkeypatch.setattr(pool_module, "has_room", lambda needed: cluster.free["CPU"] >= needed["CPU"])
    sizes = {"detect_landmarks": (WorkerResources(num_cpus=1), 4), "embed_clips": (WorkerResources(num_cpus=1), 4)}
    run, started = Run(cluster, catalog, "a", sizes), []
    quick = run.pools["detect_landmarks"]
    quick._new = lambda *given, **more: started.append(given) or cluster.start(*given, **more)  # type: ignore

    class Slow(Worker):
        came = time.monotonic() + 0.5  # well beyond the patience of the pools

        def is_placed(self):
            return time.monotonic() > self.came and super().is_placed()

    run.pools["embed_clips"]._new = lambda stage, resources, *_, **__: Slow(cluster, resources)  # type: ignore
    place, cluster.place = cluster.place, lambda: None  # type: ignore[method-assign]
    with ThreadPoolExecutor(2) as threads:
        slow = threads.submit(run.do, "embed_clips", 4)
        time.sleep(0.1)
        cluster.place = place  # type: ignore[method-assign]
        assert all(outcome.ok for outcome in run.do("detect_landmarks", 200))
        assert len(started) <= 4, "its workers came and went"
        assert all(outcome.ok for outcome in slow.result(30))
    assert not run.said
    run.close()


@pytest.mark.parametrize("size", [4, 6])
@pytest.mark.parametrize("kind", ["CPU", "GPU", "camera"])
def test_two_runs_with_long_queues_share_the_room(catalog, kind, size):
    """The one that comes when the other has taken all of it gets its part, of whatever it is that is short."""
    cluster, board = Cluster({"CPU": 100, kind: 4}, seconds=0.01), Board()
    one = {"CPU": {"num_cpus": 1}, "GPU": {"num_gpus": 1}, "camera": {"resources": {"camera": 1}}}[kind]
    runs = [Run(cluster, catalog, name, {"create_clips": (WorkerResources(**one), size)}, board) for name in "ab"]
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(runs[0].do, "create_clips", 2000)
        until = time.monotonic() + 60
        while runs[0].pools["create_clips"]._at_work() < 4:
            assert time.monotonic() < until
            time.sleep(0.01)
        second = threads.submit(runs[1].do, "create_clips", 500)
        seen = []
        while not second.done():
            time.sleep(0.01)
            seen.append(tuple(run.pools["create_clips"]._at_work() for run in runs))
        assert all(outcome.ok for doing in (first, second) for outcome in doing.result(60))
    shared = [min(pair) >= 2 for pair in seen[len(seen) // 2 :]]
    assert sum(shared) > 0.3 * len(shared), seen
    assert not board
    for run in runs:
        run.close()


def test_a_run_takes_its_turn_at_the_only_gpu(catalog):
    """It does not wait for the end of a queue of another that came first."""
    cluster, board = Cluster({"CPU": 4, "GPU": 1}, seconds=0.01), Board()
    gpu = {"create_clips": (WorkerResources(num_gpus=1), 1)}
    runs = [Run(cluster, catalog, name, gpu, board) for name in "ab"]
    with ThreadPoolExecutor(2) as threads:
        long = threads.submit(runs[0].do, "create_clips", 300)
        time.sleep(0.1)
        short = threads.submit(runs[1].do, "create_clips", 3)
        assert all(outcome.ok for outcome in short.result(30))
        assert not long.done(), "it waited for the end of the other"
        assert all(outcome.ok for outcome in long.result(60))
    for run in runs:
        run.close()


def test_nobody_makes_room_that_is_of_no_use_to_who_waits(catalog, monkeypatch):
    """A run that waits for a GPU takes none of the CPUs of another."""
    monkeypatch.setattr(pool_module, "_IDLE_SECONDS", 60.0)  # on a busy machine, any may have nothing to do for a while
    cluster, board = Cluster({"CPU": 4, "GPU": 1}, seconds=0.01), Board()
    blocker = cluster.start("other", WorkerResources(num_gpus=1))
    assert blocker.is_placed()
    runs = [
        Run(cluster, catalog, "a", {"create_clips": (WorkerResources(num_cpus=1), 4)}, board),
        Run(cluster, catalog, "b", {"create_clips": (WorkerResources(num_gpus=1), 1)}, board),
    ]
    with ThreadPoolExecutor(2) as threads:
        waits = threads.submit(runs[1].do, "create_clips", 1)
        while not board:
            time.sleep(0.01)
        started, start = [], cluster.start
        cluster.start = lambda *given, **more: started.append(given) or start(*given, **more)  # type: ignore
        runs[0].pools["create_clips"]._new = cluster.start
        try:
            assert all(outcome.ok for outcome in runs[0].do("create_clips", 200))
            assert len(started) <= 4
        finally:  # else the other would wait for ever
            blocker.kill()
        assert waits.result(30)[0].ok
    for run in runs:
        run.close()


def test_a_worker_that_dies_costs_its_unit_and_another_takes_its_place(catalog):
    cluster = Cluster({"CPU": 4, "GPU": 0})
    cluster.dies = itertools.chain([True], itertools.repeat(False))
    run = Run(cluster, catalog, "a", {"create_clips": (WorkerResources(num_cpus=1), 1)})
    outcomes = run.do("create_clips", 5, "dying ")
    assert [outcome.ok for outcome in outcomes].count(False) == 1
    (bad,) = [outcome for outcome in outcomes if not outcome.ok]
    assert bad.transient and "worker process died: it died" in bad.error
    run.close()


def test_a_worker_whose_unit_has_not_ended_takes_no_other(catalog):
    """Whoever is told of progress fails: the unit is given up, and so is its worker, which is still at it."""
    cluster = Cluster({"CPU": 4, "GPU": 0}, seconds=0.01)
    run = Run(cluster, catalog, "a", {"create_clips": (WorkerResources(num_cpus=1), 1)})
    pool, seen = run.pools["create_clips"], []

    class Slow(Worker):
        def ended(self, seconds):
            seen.append(self)
            return False

        def progress(self):
            return 1, 2

    pool._new = lambda stage, resources, *_, **__: Slow(cluster, resources)  # type: ignore[assignment,return-value]

    def fails(*_):
        raise ConnectionError("no server")

    with pytest.raises(ConnectionError):
        pool.run(run.units("create_clips", 1), fails)
    assert seen[0].killed and not pool.busy and not pool._idle
    run.close()


def test_all_who_wait_go_when_the_run_ends(catalog):
    cluster = Cluster({"CPU": 1, "GPU": 0})
    blocker = cluster.start("other", WorkerResources(num_cpus=1))
    assert blocker.is_placed()
    run = Run(cluster, catalog, "a", {"create_clips": (WorkerResources(num_cpus=1), 3)})
    with ThreadPoolExecutor(1) as threads:
        doing = threads.submit(run.do, "create_clips", 5)
        time.sleep(0.05)
        run.close()
        outcomes = doing.result(10)
    assert not any(outcome.ok or outcome.transient for outcome in outcomes)
    assert not cluster.asked
