"""A Ray cluster of two nodes: real raylets, whose workers are counted."""

import subprocess
import sys
import textwrap

import pytest

pytestmark = pytest.mark.integration

_RUN = """
    import collections, sys, time, psutil, ray
    from ray.cluster_utils import Cluster
    from data_catalog import Catalog
    from tasks.runtime.cluster import pool as pools_of_workers
    from tasks.runtime.cluster.pools import Pools
    from tasks.runtime.cluster.ray_cluster import ClusterSettings
    from tests.stages import plan

    memory = {"object_store_memory": 80 * 2**20}
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 4, "include_dashboard": False, **memory})
    cluster.add_node(num_cpus=4, **memory)
    pools_of_workers._IDLE_SECONDS = 600
    catalog = Catalog(sys.argv[1])
    missing = [plan(catalog, "extract_frames", video_id=f"v{k}", uri=f"/none/{k}.mp4")[0] for k in range(4)]
    settings = ClusterSettings(address=cluster.address, workers={"extract_frames": {"count": 4}})
    with Pools(catalog, "run", {"extract_frames": {}}, settings) as pools:
        assert pools.cpus() == 8
        pool = pools._pool("extract_frames")
        outcomes = pool.run(missing)
        assert not any(outcome.ok for outcome in outcomes)
        # Whoever has loaded first does what costs nothing; the others, that were asked for too, are waited for.
        for _ in range(600):
            processes = psutil.Process().children(recursive=True)
            workers = [process for process in processes if process.cmdline()[:1] == ["ray::extract_frames"]]
            if len(workers) == 4:
                break
            time.sleep(0.2)
        print(sorted(collections.Counter(worker.ppid() for worker in workers).values()))
    cluster.shutdown()
"""


def test_the_workers_of_a_stage_are_spread_over_the_nodes(tmp_path):
    command = [sys.executable, "-c", textwrap.dedent(_RUN), str(tmp_path / "catalog")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[2, 2]"
