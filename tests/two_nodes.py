"""A Ray cluster of two nodes on this machine, the second of which sees none of a folder and does all the work."""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

RAY = str(Path(sys.executable).parent / "ray")
_HIDE = 'mount -t tmpfs none "$1" && shift && exec "$@"'


def namespace() -> list[str]:
    """How a process gets a view of the disks of its own; the test is skipped where none is given."""
    for command in (["unshare", "-m"], ["unshare", "-rm"]):
        with contextlib.suppress(OSError):
            if not subprocess.run([*command, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True).returncode:
                return command
    pytest.skip("this machine gives no mount namespace")


@contextlib.contextmanager
def two_nodes(hidden: Path) -> Iterator[dict[str, str]]:
    """Yields the environment of a command that uses the cluster."""
    enter = namespace()
    with socket.socket() as free, tempfile.TemporaryDirectory(prefix="t-", dir="/tmp") as folder:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_API")}
        environment |= {"RAY_AUTH_MODE": "disabled", "OMP_NUM_THREADS": "1"}
        common = ["--block", "--node-ip-address=127.0.0.1", "--disable-usage-stats", "--object-store-memory=100000000"]
        head = [RAY, "start", "--head", f"--port={port}", f"--temp-dir={folder}", "--num-cpus=0"]
        second = [RAY, "start", f"--address=127.0.0.1:{port}", "--num-cpus=2"]
        with contextlib.ExitStack() as nodes:
            _start(nodes, [*head, "--include-dashboard=false", *common], environment)
            _wait(lambda: _answers(port))
            hide = [*enter, "sh", "-c", _HIDE, "sh", str(hidden)]
            blind = _start(nodes, [*hide, *second, *common], environment)
            _wait(lambda: _cpus(f"127.0.0.1:{port}", environment) == 2)
            assert os.listdir(hidden) and not os.listdir(f"/proc/{blind.pid}/root{hidden}")
            yield environment | {"TANGO_CLUSTER__ADDRESS": f"127.0.0.1:{port}"}


def _start(nodes: contextlib.ExitStack, command: list[str], environment: dict[str, str]) -> subprocess.Popen:
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    nodes.callback(process.wait, 60)
    nodes.callback(process.terminate)
    return process


def _wait(reached, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline, "the cluster did not start"
        time.sleep(0.3)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _cpus(address: str, environment: dict[str, str]) -> float:
    code = "import ray, sys; ray.init(address=sys.argv[1], log_to_driver=False, logging_level=50)\n"
    code += "print(ray.cluster_resources().get('CPU', 0))"
    found = subprocess.run([sys.executable, "-c", code, address], env=environment, capture_output=True, text=True)
    return float(found.stdout.strip() or 0) if found.returncode == 0 else 0.0
