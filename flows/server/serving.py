"""`tango serve`: the Prefect server with its UI, the deployments of prefect.yaml, and a worker that runs them."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console

from flows.server import environment
from flows.server.prefect_database import check_database
from tango_models.errors import InputError

POOL = "tango"
_START_SECONDS = 180
_END_SECONDS = 1.5
"""For each process; what is left of them and of theirs is then killed by whoever interrupts."""
_PROJECT = Path(__file__).resolve().parents[2]


def serve(*, port: int, catalog: str) -> None:
    """Run until interrupted; everything started here ends with it.

    Args:
        catalog: an absolute path or a URI.

    Raises:
        InputError: the port is taken, Prefect's database cannot be used, the server does not come up, or there is no
            prefect.yaml beside the package.
    """
    console = Console(stderr=True, highlight=False)
    if not (_PROJECT / "prefect.yaml").is_file():
        raise InputError(str(_PROJECT), "holds no prefect.yaml", "run `tango serve` from a checkout of the project")
    _check_port(port)
    check_database()
    api = f"http://127.0.0.1:{port}/api"
    env = {**os.environ, "PREFECT_API_URL": api, "TANGO_CATALOG": catalog}
    processes: list[subprocess.Popen] = []

    def start(*arguments: str) -> subprocess.Popen:
        # A session of its own, so that the interrupt reaches it once, from here, and in the right order.
        process = subprocess.Popen(  # noqa: S603  (an argument list; nothing of it comes from outside)
            [sys.executable, "-m", *arguments], env=env, cwd=_PROJECT, start_new_session=True
        )
        processes.append(process)
        return process

    try:
        server = start("prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port))
        _wait_for(api, server, port)
        for command in (
            ("prefect", "work-pool", "create", POOL, "--type", "process", "--overwrite"),
            ("flows.server.deploy",),
        ):
            if start(*command).wait():
                raise InputError("prefect.yaml", f"`python -m {' '.join(command)}` failed", "see its message above")
        worker = start("prefect", "worker", "start", "--pool", POOL, "--type", "process", "--name", "tango-serve")
        console.print(f"[bold]UI[/bold] http://127.0.0.1:{port}   catalog {env['TANGO_CATALOG']}   Ctrl-C ends it")
        while server.poll() is None and worker.poll() is None:
            time.sleep(0.5)
        raise InputError("tango serve", "the server or the worker ended", "see its last message above")
    except KeyboardInterrupt:
        console.print("ending the worker and the server")
        raise
    finally:
        for process in reversed(processes):
            _end(process)


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            fault = f"is taken ({error.strerror})"
            raise InputError(f"port {port}", fault, "end what is there, or choose another with --port") from None


def _wait_for(api: str, server: subprocess.Popen, port: int) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise InputError(f"port {port}", "the server could not start", "choose another with --port")
        if environment.answers(api):
            return
        time.sleep(0.5)
    raise InputError("tango serve", f"no answer from the server in {_START_SECONDS} s", "see its message above")


def _end(process: subprocess.Popen) -> None:
    if process.poll() is not None:
        return
    os.killpg(process.pid, signal.SIGINT)
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
