"""Whose Ray cluster a run uses, and what is left of it."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

import psutil
import pytest

from tango_models.errors import InputError
from tasks.runtime import scratch
from tasks.runtime.cluster import ray_cluster
from tasks.runtime.cluster.pool import PoolClosed
from tasks.runtime.cluster.pools import Pools, interrupt
from tasks.runtime.cluster.ray_cluster import ClusterSettings, check_cluster


def test_sockets_have_room_whatever_the_folder_for_temporary_files_is_called(tmp_path, monkeypatch):
    long = tmp_path / ("t" * 100)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    monkeypatch.delenv("RAY_TMPDIR", raising=False)
    assert ray_cluster.socket_folder() == "/tmp"
    check_cluster(ClusterSettings())
    monkeypatch.setattr(os, "access", lambda path, mode: path != "/tmp")
    with pytest.raises(InputError, match=rf"TMPDIR={long}.*shorter name"):
        check_cluster(ClusterSettings())
    monkeypatch.setattr(tempfile, "tempdir", "/var/tmp")
    assert ray_cluster.socket_folder() == "/var/tmp"


def test_folders_of_processes_that_were_killed_are_removed_and_no_others(tmp_path, monkeypatch):
    monkeypatch.setattr(scratch, "_YOUNG_SECONDS", 0.0)
    monkeypatch.setattr(ray_cluster, "socket_folder", lambda: str(tmp_path))
    code = (
        f"import tasks.runtime.cluster.ray_cluster as r; r.socket_folder = lambda: {str(tmp_path)!r}\n"
        "with r._temporary_folder(): print('in', flush=True); input()"
    )
    owner = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert owner.stdout.readline() == b"in\n"
    (held,) = tmp_path.iterdir()
    strange = tmp_path / "tango-strange"
    strange.mkdir()
    (tmp_path / "tango-link").symlink_to(held)
    with ray_cluster._temporary_folder():
        assert held.is_dir()
    owner.kill()
    owner.wait()
    with ray_cluster._temporary_folder() as own:
        assert {path.name for path in tmp_path.iterdir()} == {strange.name, "tango-link", Path(own).name}


def test_nothing_starts_in_a_run_that_was_interrupted():
    with Pools(None, "run", {}, ClusterSettings()) as pools:
        interrupt()
        with pytest.raises(PoolClosed):
            pools.of("extract_frames")


def test_a_start_that_a_busy_machine_makes_too_slow_is_tried_again(monkeypatch):
    import ray

    started, survivors = [], []

    def init(**options):
        started.append(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", "/ray/raylet"]))
        if len(started) < 3:
            raise Exception("The current node timed out during startup. This could happen because ...")

    cmdline, looked_at = psutil.Process.cmdline, set()

    def empty_at_first(process):
        """As the kernel gives it in the middle of an exec."""
        first = process.pid not in looked_at
        looked_at.add(process.pid)
        return [] if first else cmdline(process)

    monkeypatch.setattr(psutil.Process, "cmdline", empty_at_first)
    monkeypatch.setattr(ray, "init", init)
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        ray_cluster._start_own({})
        assert [process.wait(20) for process in started[:2]] == [-9, -9]
        assert started[2].poll() is None and other.poll() is None
        survivors.append(started.pop())
        started.clear()
        monkeypatch.setattr(ray_cluster, "_TRIES", 2)
        with pytest.raises(
            InputError, match=r"this machine: is so busy .*2 times it timed out.*; give the command again"
        ):
            ray_cluster._start_own({})
    finally:
        for process in (*started, *survivors, other):
            process.kill()


def test_a_head_that_is_slow_to_serve_a_client_is_asked_again_and_another_fault_is_said_at_once(monkeypatch):
    import ray

    faults = [
        ConnectionError("Initialization failure from server:\nTraceback"),
        ConnectionError("ray client connection timeout"),
    ]
    monkeypatch.setattr(ray, "init", lambda **options: None if not faults else _raise(faults.pop()))
    ray_cluster._join("ray://head:10001", {})
    assert not faults
    faults = [ConnectionError("not tried"), ConnectionError("version mismatch\nand more")]
    with pytest.raises(InputError, match=r"ray://head:10001: .*joined there \(version mismatch\)"):
        ray_cluster._join("ray://head:10001", {})
    assert len(faults) == 1


def _raise(error: Exception) -> None:
    raise error


def test_what_no_machine_has_is_refused_without_starting_anything(monkeypatch):
    monkeypatch.setattr(ray_cluster, "check_taken", lambda address: None)
    with pytest.raises(InputError, match=r"asks for 100000 CPUs, and the most that a node has is \d+"):
        check_cluster(ClusterSettings(num_cpus=100000))
    check_cluster(ClusterSettings(address="ray://elsewhere:10001", num_cpus=100000))


@pytest.mark.parametrize("address", ["far:6379", "ray://far:10001"])
def test_what_a_cluster_elsewhere_lacks_is_refused_before_anything_is_done(monkeypatch, address):
    joined = []

    @contextlib.contextmanager
    def running(cluster):
        joined.append(cluster.address)
        yield [{"CPU": 4.0}]

    monkeypatch.setattr(ray_cluster, "check_taken", lambda address: None)
    monkeypatch.setattr(ray_cluster, "nodes_at", lambda address: [{"CPU": 4.0}])
    monkeypatch.setattr(ray_cluster, "ray_running", running)
    check_cluster(ClusterSettings(address=address))
    assert not joined
    check_cluster(ClusterSettings(address=address, workers={"embed_clips": {"num_cpus": 4}}))
    with pytest.raises(InputError, match=r"embed_clips\.num_gpus: asks for 0.5 GPUs a worker, and there is no GPU"):
        check_cluster(ClusterSettings(address=address, workers={"embed_clips": {"num_gpus": 0.5}}))
    monkeypatch.setattr(ray_cluster, "check_taken", lambda address: _raise(InputError(address, "asks", "give")))
    with pytest.raises(InputError, match=r"far:.*asks"):
        check_cluster(ClusterSettings(address=address))


# What a run does while another cluster is on the machine, by the environment and by Ray's own note of it.
RUN = textwrap.dedent(
    """
    import json, os, sys
    from tasks.runtime.cluster.ray_cluster import ClusterSettings, ray_running

    with ray_running(ClusterSettings()) as nodes:
        import ray
        own = ray.get_runtime_context().gcs_address
        folder = ray._private.worker._global_node.get_session_dir_path()
    try:  # as a thread that is late does after Ctrl-C
        late = ray.get(ray.remote(lambda: 1).remote())
    except Exception as error:
        late = type(error).__name__
    print(json.dumps({"own": own, "late": late, "nodes": nodes, "left": os.path.exists(folder)}))
    """
)


@pytest.mark.integration
def test_a_foreign_cluster_is_neither_joined_nor_disturbed():
    """With a real one, which a person started, named by `RAY_ADDRESS` and by the file that `auto` looks into."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="far-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        start = [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block", f"--port={port}"]
        start += [
            f"--temp-dir={folder}",
            "--num-cpus=1",
            "--node-ip-address=127.0.0.1",
            "--include-dashboard=false",
            "--disable-usage-stats",
        ]
        note = Path(folder, "ray_current_cluster")
        environment = {**os.environ, "RAY_AUTH_MODE": "disabled", "RAY_TMPDIR": "/tmp"}
        head = subprocess.Popen(start, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
        try:
            for _ in range(600):
                if note.exists() or head.poll() is not None:
                    break
                time.sleep(0.2)
            before = note.read_text()
            environment["RAY_ADDRESS"] = before.strip()
            ran = subprocess.run(
                [sys.executable, "-c", RUN], capture_output=True, text=True, check=False, env=environment
            )
            assert ran.returncode == 0, ran.stderr
            found = json.loads(ran.stdout.splitlines()[-1])
            jobs = _jobs(before.strip())
            assert note.read_text() == before
        finally:
            head.terminate()
            head.wait(60)
    assert found["own"] != before.strip()
    assert len(found["nodes"]) == 1 and not found["left"]
    assert found["late"] != 1, "a call after the end of the run's own cluster went to another"
    assert jobs == 0


def _jobs(address: str) -> int:
    """How many drivers a cluster has ever had, asked without being one."""
    from ray._raylet import GcsClient

    return len(GcsClient(address=address).get_all_job_info())
