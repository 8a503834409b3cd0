"""The token of a Ray cluster: what is shown, and what is said when it is not the right one."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from pathlib import Path

import pytest

from tango_models.errors import InputError
from tasks.runtime.cluster import ray_cluster, ray_token
from tasks.runtime.cluster.ray_cluster import ClusterSettings, check_cluster
from tests.ray_head import ray_head


def test_a_home_where_nothing_can_be_written_gets_a_token_of_its_own(tmp_path, monkeypatch):
    for name in ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("HOME", str(tmp_path))
    ray_token.let_ray_have_one()
    assert not os.environ["RAY_AUTH_TOKEN"]
    monkeypatch.setenv("HOME", "/proc")
    ray_token.let_ray_have_one()
    first = os.environ["RAY_AUTH_TOKEN"]
    assert len(first) == 64
    ray_token.let_ray_have_one()
    assert os.environ["RAY_AUTH_TOKEN"] == first


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "holds no token"), (b" \n", "holds no token"), (b"\xff\xfe", "cannot"), (None, "No such")],
)
def test_a_file_without_a_token_is_refused_before_ray_aborts_on_it(tmp_path, monkeypatch, content, says):
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InputError, match=f"{file}: .*{says}.*TANGO_CLUSTER__TOKEN_FILE"):
        check_cluster(ClusterSettings(address="ray://far:10001", token_file=str(file)))
    monkeypatch.delenv("RAY_AUTH_TOKEN", raising=False)
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(file))
    with pytest.raises(InputError, match=says):
        check_cluster(ClusterSettings(address="ray://far:10001"))
    monkeypatch.setenv("RAY_AUTH_TOKEN", "given")
    monkeypatch.setattr(ray_cluster, "check_taken", lambda address: None)
    check_cluster(ClusterSettings(address="ray://far:10001"))


@pytest.mark.parametrize("address", ["auto", "local", "somewhere"])
def test_ray_finds_what_names_no_host(address):
    ray_token.check_taken(address)


def test_nobody_and_who_is_no_ray_are_told_within_seconds(monkeypatch):
    monkeypatch.setattr(ray_token, "_SECONDS", 1.0)
    with socket.socket() as free, socket.create_server(("127.0.0.1", 0)) as other:
        free.bind(("127.0.0.1", 0))
        threading.Thread(target=_answer, args=(other,), daemon=True).start()
        for place in (free, other):
            for kind in ("", "ray://"):
                began = time.monotonic()
                with pytest.raises(InputError, match="no Ray cluster can be joined there"):
                    ray_token.check_taken(f"{kind}127.0.0.1:{place.getsockname()[1]}")
                assert time.monotonic() - began < 30


def _answer(server: socket.socket) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        with connection:
            connection.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")


# Runs that join a cluster, one after the other in one process: what each was told.
JOIN = textwrap.dedent(
    """
    import json, sys
    import ray
    from tango_models.errors import InputError
    from tasks.runtime.cluster.pools import Pools
    from tasks.runtime.cluster.ray_cluster import ClusterSettings, check_cluster
    from tasks.runtime.cluster.workers import WorkerResources

    def join(ask=False, **how):
        try:
            if ask:
                check_cluster(ClusterSettings(**how))
                return ray.is_initialized()
            with Pools(None, "run", {}, ClusterSettings(**how)) as pools:
                return pools.cpus()
        except InputError as error:
            return str(error)

    told = [join(**json.loads(how)) for how in sys.argv[1:]]
    print(json.dumps(told))
    """
)


@pytest.mark.integration
def test_a_cluster_that_asks_for_a_token_is_joined_with_it_alone_and_what_it_lacks_is_said(tmp_path):
    token, wrong = tmp_path / "token", tmp_path / "wrong"
    token.write_text("a" * 40 + "\n")
    wrong.write_text("b" * 40)
    gpu = {"workers": {"embed_clips": {"num_gpus": 1}}}
    custom = {"workers": {"embed_clips": {"resources": {"big": 2}}}}
    place = tempfile.TemporaryDirectory(prefix="far-", dir="/tmp", ignore_cleanup_errors=True)
    with place as folder, ray_head(Path(folder), token) as (port, clients):
        address = f"127.0.0.1:{port}"
        tries = [
            {"address": address},
            {"address": address, "token_file": str(wrong)},
            {"address": f"ray://127.0.0.1:{clients}", "token_file": str(wrong)},
            {"address": f"ray://127.0.0.1:{port}", "token_file": str(token)},
            {"address": address, "token_file": str(token)},
            {"address": address, "token_file": str(token), **gpu},
            {"address": address, "token_file": str(token), **custom},
        ]
        # What is asked before anything is done says the same.
        tries += [{"ask": True, **how} for how in tries[1:]]
        tries += [{"ask": True, "address": f"ray://127.0.0.1:{clients}", "token_file": str(token), **gpu}]
        environment = {name: text for name, text in os.environ.items() if not name.startswith("RAY_AUTH")}
        ran = subprocess.run(
            [sys.executable, "-c", JOIN, *map(json.dumps, tries)],
            capture_output=True, text=True, check=False, env=environment, timeout=300,
        )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    *told, client_no_gpu = json.loads(ran.stdout.splitlines()[-1])
    nothing, other, other_client, port_of_another_kind, right, no_gpu, no_big = told[:7]
    assert told[7:] == [False if said is right else said for said in told[1:7]]
    assert client_no_gpu == no_gpu
    assert f"{address}: asks for a token; " in nothing
    assert all(
        "does not take the token" in said and "TANGO_CLUSTER__TOKEN_FILE" in said for said in (other, other_client)
    )
    assert "is no port of Ray's for clients" in port_of_another_kind
    assert right == 3.0
    assert "asks for 1 GPUs a worker, and there is no GPU that can be used" in no_gpu
    assert "asks for 2 of big a worker, and there is no big that can be used" in no_big
    assert "InvalidAuthToken" not in ran.stderr
