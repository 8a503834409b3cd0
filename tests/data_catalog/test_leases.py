"""One unit is done by one run at a time: leases of threads, processes and the dead."""

import multiprocessing
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_catalog import Catalog, leases
from data_catalog.leases import Leases
from data_catalog.tables.store import Table

UNITS = [f"unit {k}" for k in range(8)]


@pytest.fixture
def catalog(tmp_path) -> Catalog:
    return Catalog(tmp_path / "catalog")


def _other(catalog: Catalog, run: str, monkeypatch=None) -> Leases:
    """As if of another process: one that lives on another machine."""
    found = Leases(catalog, run)
    found._holder = found._holder.replace("|", "|elsewhere ", 1)
    return found


def test_a_unit_is_had_by_one_at_a_time_and_by_the_next_when_it_is_given_back(catalog):
    with Leases(catalog, "a") as first, _other(catalog, "b") as second:
        assert first.take("fit", UNITS[:4]) == set(UNITS[:4])
        assert second.take("fit", UNITS[2:6]) == set(UNITS[4:6])
        assert second.take("clips", UNITS[:1]) == set(UNITS[:1])  # of another stage
        assert first.take("fit", UNITS[:4]) == set(UNITS[:4])  # its own
        first.give_back("fit", UNITS[2:4])
        deadline = time.monotonic() + 20
        while not (taken := second.take("fit", UNITS[:4])):
            assert time.monotonic() < deadline
        assert taken == set(UNITS[2:4])
    assert catalog.table("leases").count() == 0


def test_a_lease_that_expired_is_anybodys_and_one_that_is_renewed_is_not(catalog, monkeypatch):
    monkeypatch.setattr(leases, "SECONDS", 1.2)
    monkeypatch.setattr(leases, "_RENEW_EVERY", 0.1)
    monkeypatch.setattr(leases, "_GIVE_BACK_EVERY", 0.1)
    with _other(catalog, "a") as first, _other(catalog, "b") as second:
        assert first.take("fit", UNITS[:1])
        time.sleep(2.0)
        assert not second.take("fit", UNITS[:1])  # it was renewed
        first._over.set()
        time.sleep(2.0)
        assert second.take("fit", UNITS[:1])


def test_what_a_killed_process_of_this_machine_held_is_free_at_once(catalog):
    code = (
        "import sys, os, signal; from data_catalog import Catalog; from data_catalog.leases import Leases;"
        "Leases(Catalog(sys.argv[1]), 'a').take('fit', ['x']); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code, catalog.uri], check=False)
    assert catalog.table("leases").count() == 1
    with Leases(catalog, "b") as mine:
        assert mine.take("fit", ["x"]) == {"x"}


def test_what_killed_runs_left_goes_with_the_next_run_and_what_others_hold_stays(catalog):
    code = (
        "import sys, os, signal; from data_catalog import Catalog; from data_catalog.leases import Leases;"
        "Leases(Catalog(sys.argv[1]), 'a').take('fit', ['x']); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code, catalog.uri], check=False)
    late = {"lease": "long ago", "holder": "run|elsewhere|1|0.0", "expires_at": time.time() - 2 * leases.SECONDS}
    catalog.table("leases").upsert([late])
    with _other(catalog, "c") as other:
        assert other.take("clips", ["z"]) == {"z"}
        with Leases(catalog, "b") as mine:
            assert mine.take("fit", ["y"]) == {"y"}
        assert catalog.table("leases").count() == 1  # the other's


def test_threads_that_race_for_new_units_get_each_once(catalog):
    with ThreadPoolExecutor(8) as threads:
        runs = [_other(catalog, f"run {k}") for k in range(8)]
        taken = list(threads.map(lambda run: run.take("fit", UNITS), runs))
    assert sorted(unit for units in taken for unit in units) == UNITS
    rows, keys = catalog.table("leases").count(), catalog.table("leases").unique_keys()
    for run in runs:  # else their threads go on in the tests that follow
        run.__exit__()
    assert rows == keys == len(UNITS)


def test_threads_of_a_run_ask_and_give_back_in_few_writes_and_each_gets_its_own(catalog, monkeypatch):
    """They ask while one write is going on: all that asked meanwhile is in the next."""
    asked, gave, going_on, upsert, delete = [], [], threading.Event(), Table.upsert, Table.delete

    def slow(self, rows, *, where=None):
        asked.append(len(rows))
        if threading.current_thread().name == "first":
            going_on.set()
            deadline = time.monotonic() + 60
            while len(mine._asked) < 7 and time.monotonic() < deadline:
                time.sleep(0.01)
        return upsert(self, rows, where=where)

    def counted(self, condition):
        gave.append(condition)
        return delete(self, condition)

    monkeypatch.setattr(Table, "upsert", slow)
    with Leases(catalog, "a") as mine, _other(catalog, "b") as other:
        assert other.take("fit", UNITS[7:]) == set(UNITS[7:])
        del asked[:]
        monkeypatch.setattr(Table, "delete", counted)
        taken = {}
        first = threading.Thread(target=lambda: taken.update({0: mine.take("fit", UNITS[:1])}), name="first")
        first.start()
        assert going_on.wait(60)
        with ThreadPoolExecutor(7) as threads:
            for k in range(1, 8):
                threads.submit(lambda k=k: taken.update({k: mine.take("fit", [UNITS[k]])}))
        first.join()
        assert taken == {k: {UNITS[k]} for k in range(7)} | {7: set()}
        assert asked == [1, 7]
        for unit in UNITS[:7]:
            mine.give_back("fit", [unit])
        mine.take("fit", UNITS[:1])  # while it is being given back
        while len(leases.held(catalog)) > 2:
            time.sleep(0.05)
        assert leases.lease_of("fit", UNITS[0]) in leases.held(catalog)
        assert len(gave) <= 2  # some may have been given back before the others were
    assert catalog.table("leases").count() == 0


def test_who_asks_while_a_write_fails_asks_for_himself(catalog, monkeypatch):
    upsert = Table.upsert

    def failing(self, rows, *, where=None):
        if threading.current_thread().name == "first":
            deadline = time.monotonic() + 60
            while not mine._asked and time.monotonic() < deadline:
                time.sleep(0.01)
            mine._asked.append(leases._Asked({"of a thread that is gone"}))
            raise OSError("hiccup")
        return upsert(self, rows, where=where)

    monkeypatch.setattr(Table, "upsert", failing)
    faults = []

    def ask():
        try:
            mine.take("fit", UNITS[:1])
        except OSError as error:
            faults.append(error)

    with Leases(catalog, "a") as mine:
        first = threading.Thread(target=ask, name="first")
        first.start()
        assert mine.take("fit", UNITS[1:2]) == {UNITS[1]}
        first.join()
        assert len(faults) == 1
        assert mine.take("fit", UNITS[:1]) == {UNITS[0]}


def _race(uri: str, gate, results) -> None:
    run = Leases(Catalog(uri), "run")
    gate.wait()
    results.put(sorted(run.take("fit", UNITS)))
    gate.wait()  # nobody dies before all have asked


def test_processes_that_race_for_new_units_get_each_once(catalog):
    spawn = multiprocessing.get_context("spawn")
    gate, results = spawn.Barrier(3), spawn.Queue()
    processes = [spawn.Process(target=_race, args=(catalog.uri, gate, results)) for _ in range(3)]
    for process in processes:
        process.start()
    taken = [results.get(timeout=120) for _ in processes]
    for process in processes:
        process.join()
    assert sorted(unit for units in taken for unit in units) == UNITS


def test_what_several_runs_keep_is_kept_until_the_last_ends_and_is_no_work(catalog):
    with Leases(catalog, "a") as first:
        with _other(catalog, "b") as second:
            for run in (first, second):
                run.keep("analyse_speech", "x")
            assert leases.kept(catalog, "analyse_speech", ["x", "y"]) == {"x"}
            assert leases.kept(catalog, "embed_speech", ["x"]) == set()
            assert leases.held(catalog) == set()
            assert second.take("analyse_speech", ["x"]) == {"x"}, "it keeps nobody from the unit"
            assert leases.runs_at_work(catalog) == {"a", "b"}
        assert leases.kept(catalog, "analyse_speech", ["x"]) == {"x"}
    assert catalog.table("leases").count() == 0


def test_what_a_killed_process_kept_is_kept_no_longer(catalog):
    code = (
        "import sys, os, signal; from data_catalog import Catalog; from data_catalog.leases import Leases;"
        "Leases(Catalog(sys.argv[1]), 'a').keep('fit', 'x'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code, catalog.uri], check=False)
    assert catalog.table("leases").count() == 1
    assert leases.kept(catalog, "fit", ["x"]) == leases.runs_at_work(catalog) == set()


@given(st.lists(st.booleans(), min_size=4, max_size=12))
@settings(max_examples=6)
def test_the_renewing_goes_on_whatever_the_store_does_and_says_so_once(tmp_path_factory, fails):
    """Renewed by hand at each tick of a clock of the test: no two failures in a row let a lease expire."""
    catalog, told = Catalog(tmp_path_factory.mktemp("catalog")), []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(leases, "_RENEW_EVERY", 0.001)
        patch.setattr(leases, "_GIVE_BACK_EVERY", 0.001)
        patch.setattr(leases._LOG, "warning", lambda *_: told.append(True))
        upsert, left, renewed = Table.upsert, list(fails), []

        def hiccup(self, rows, *, where=None):
            if threading.current_thread().name != "leases" or not left:
                return upsert(self, rows, where=where)
            renewed.append(left.pop(0))
            if renewed[-1]:
                raise (OSError, RuntimeError, ValueError)[len(renewed) % 3]("hiccup")
            return upsert(self, rows, where=where)

        patch.setattr(Table, "upsert", hiccup)
        with Leases(catalog, "a") as mine:
            assert mine.take("fit", ["x"])
            deadline = time.monotonic() + 120
            while left:
                assert time.monotonic() < deadline and mine._thread.is_alive(), "the thread ended"
                time.sleep(0.005)
    streaks = sum(now and not before for before, now in zip([False, *fails], fails, strict=False))
    assert renewed == fails and len(told) == streaks


@given(st.floats(-4 * 365 * 86400, 4 * 365 * 86400))
@settings(max_examples=12)
def test_a_lease_of_any_time_holds_nobody_up_longer_than_a_lease_does(tmp_path_factory, seconds):
    catalog, now = Catalog(tmp_path_factory.mktemp("catalog")), time.time()
    stray = {"lease": leases.lease_of("fit", "x"), "holder": "run|elsewhere|1|0.0", "expires_at": now + seconds}
    catalog.table("leases").upsert([stray])
    holds = -1 <= seconds <= 2 * leases.SECONDS + 1
    near = abs(seconds) < 120 or abs(seconds - 2 * leases.SECONDS) < 120  # while this test runs
    assert near or leases.held(catalog) == leases.runs_at_work(catalog) == set()
    with Leases(catalog, "b") as mine:
        assert near or (mine.take("fit", ["x"]) == {"x"}) != holds
        assert mine.take("fit", ["y"]) == {"y"}
    assert near or catalog.table("leases").count() == 0, "the next run sweeps it up"


def test_a_lease_years_ahead_is_anybodys_and_keeps_no_tag_from_being_made(catalog):
    ahead = time.time() + 3 * 365 * 86400
    catalog.table("leases").upsert(
        [{"lease": leases.lease_of("fit", "x"), "holder": "run|elsewhere|1|0.0", "expires_at": ahead}]
    )
    assert leases.held(catalog) == set()
    with Leases(catalog, "b") as mine, _other(catalog, "c") as other:
        assert mine.take("fit", ["x"]) == {"x"}
        assert other.take("fit", ["x"]) == set(), "it is taken for as long as any"
    assert catalog.table("leases").count() == 0
