"""One unit is done by one run at a time: leases of threads, processes and the dead."""

import multiprocessing
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from data_catalog import Catalog, leases
from data_catalog.leases import Leases

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
        assert second.take("fit", UNITS[:4]) == set(UNITS[2:4])
    assert catalog.table("leases").count() == 0


def test_a_lease_that_expired_is_anybodys_and_one_that_is_renewed_is_not(catalog, monkeypatch):
    monkeypatch.setattr(leases, "SECONDS", 0.4)
    monkeypatch.setattr(leases, "_RENEW_EVERY", 0.1)
    with _other(catalog, "a") as first, _other(catalog, "b") as second:
        assert first.take("fit", UNITS[:1])
        time.sleep(1.0)
        assert not second.take("fit", UNITS[:1])  # it was renewed
        first._over.set()
        time.sleep(1.0)
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
    assert rows == keys == len(UNITS)


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
