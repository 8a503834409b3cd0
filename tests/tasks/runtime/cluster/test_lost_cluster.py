"""A raylet is killed: the run leaves that cluster, and goes on in a new one."""

import subprocess
import sys
import textwrap

import pytest

from tests.speaker import cut_speaker

pytestmark = [pytest.mark.integration, pytest.mark.soak]

_RUN = """
    import sys, threading, time
    import psutil
    from data_catalog import Catalog
    from tasks.runtime.cluster.pools import Pools
    from tasks.runtime.cluster.ray_cluster import ClusterSettings
    from tasks.runtime.run_stage import Attempts, Progress, StageIncomplete, compute_stage
    from tests.stages import configurations

    def raylets():
        processes = psutil.Process().children(recursive=True)
        return [process for process in processes if process.name() == "raylet" and process.status() != "zombie"]

    catalog = Catalog(sys.argv[1])
    scope = {"video_id": "v" * 32, "uri": sys.argv[2], "track": "v" * 32}
    with Pools(catalog, "run", configurations(), ClusterSettings()) as pools:
        pools.cpus()
        (raylet,) = raylets()
        threading.Timer(0.5, raylet.kill).start()
        try:
            compute_stage("extract_frames", "a.mp4", scope, pools, Progress(), Attempts(5))
        except StageIncomplete as error:
            print("first:", error)
        assert catalog.record("extract_frames", "v" * 32) is None, "an attempt was counted"
        try:
            compute_stage("extract_frames", "a.mp4", scope, pools, Progress(), Attempts(5))
        except StageIncomplete as error:
            print("second:", error)
        print("units:", [r.error for r in catalog.records("extract_frames").values()])
        assert len(raylets()) == 1
    time.sleep(5)
    assert not [p for p in psutil.Process().children(recursive=True) if p.name().startswith("ray::")]
"""


def test_a_run_goes_on_in_a_new_cluster_and_counts_no_attempt(tmp_path):
    video = cut_speaker(tmp_path / "a.mp4", start=3.0, seconds=2.0, side=256)
    command = [sys.executable, "-c", textwrap.dedent(_RUN), str(tmp_path / "catalog"), str(video)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=580)
    said = [line for line in done.stdout.splitlines() if line.startswith(("first", "second", "units"))]
    assert done.returncode == 0, done.stderr
    assert said[0].startswith("first:") and "no node of the Ray cluster is alive" in said[0]
    assert len(said) == 2
