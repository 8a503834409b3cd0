"""Two runs on one real Ray that has not room for the workers of both."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from data_catalog import Catalog
from tasks.runtime.cluster import neighbours, pool
from tasks.runtime.cluster.pools import Pools
from tasks.runtime.cluster.ray_cluster import ClusterSettings
from tests.stages import plan

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(("num_cpus", "count"), [(1.0, 2), (1.5, 1)])
def test_both_end(tmp_path, ray_cluster, monkeypatch, num_cpus, count):
    """Each has one of two places and wants both, or only one of them has room at all. The videos are not there: a unit
    costs nothing but its worker."""
    monkeypatch.setattr(pool, "_IDLE_SECONDS", 2.0)
    # The one that has no place waits no longer than the other's worker takes to start.
    monkeypatch.setattr(pool, "_PATIENCE_SECONDS", 2.0 if count > 1 else 0.2)
    monkeypatch.setattr(pool, "_ASK_SECONDS", 0.1)
    catalog = Catalog(tmp_path / "catalog")
    settings = ClusterSettings(workers={"extract_frames": {"num_cpus": num_cpus, "count": count}})
    units = [plan(catalog, "extract_frames", video_id=f"v{k}", uri=f"/none/{k}.mp4")[0] for k in range(12)]
    met, said = threading.Barrier(2), []

    def run(name, units):
        with Pools(catalog, name, {"extract_frames": {}}, settings) as pools:
            pools.cpus()
            workers = pools._pool("extract_frames")
            workers.warm()
            met.wait(60)
            return workers.run(units, None, lambda *what: said.append(what))

    with ThreadPoolExecutor(2) as threads:
        runs = [threads.submit(run, "a", units[:6]), threads.submit(run, "b", units[6:])]
        outcomes = [outcome for run in runs for outcome in run.result(120)]
    assert len(outcomes) == 12 and all("does not exist" in outcome.error for outcome in outcomes)
    assert {record.attempts for record in catalog.records("extract_frames").values()} == {1}
    if count == 1:
        assert set(said) == {("extract_frames", "waits for 1.5 CPUs that others hold (0.5 of 2 CPUs free)")}


@pytest.mark.parametrize("count", [1, 2])
def test_a_run_that_comes_later_does_not_wait_for_the_end_of_a_long_queue(tmp_path, ray_cluster, monkeypatch, count):
    """One or two workers take all there is. The runs know of each other only through the cluster."""
    monkeypatch.setattr(pool, "_PATIENCE_SECONDS", 1.0)
    monkeypatch.setattr(pool, "_TURN_SECONDS", 2.0)
    monkeypatch.setattr(neighbours, "_LOOK_SECONDS", 0.2)
    catalog = Catalog(tmp_path / "catalog")
    joined = ClusterSettings(
        address="joined", shared_disk=True, workers={"extract_frames": {"num_cpus": 2.0 / count, "count": count}}
    )
    units = [plan(catalog, "extract_frames", video_id=f"v{k}", uri=f"/none/{k}.mp4")[0] for k in range(304)]
    begun = threading.Event()

    def run(name, units):
        with Pools(catalog, name, {"extract_frames": {}}, joined) as pools:
            pools.cpus()
            done = 0
            for start in range(0, len(units), 4):
                done += len(pools._pool("extract_frames").run(units[start : start + 4]))
                begun.set()
            return done

    with ThreadPoolExecutor(2) as threads:
        long = threads.submit(run, "a", units[4:])
        assert begun.wait(60)
        assert threads.submit(run, "b", units[:4]).result(120) == 4
        assert not long.done(), "it waited for the end of the other"
        assert long.result(240) == 300
    assert not neighbours.ClusterBoard().all()
