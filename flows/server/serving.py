"""`tango serve`: the Prefect server with its UI, the deployments of prefect.yaml, and a worker that runs them."""

import os
import socket
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from rich.console import Console

from flows.server import environment
from flows.server.child import adopt_orphans
from flows.server.deploy import POOL, PROJECT, deploy
from flows.server.home import note_server, serving_alone
from flows.server.prefect_database import check_database
from flows.server.prefect_settings import check_settings
from flows.server.supervised import Supervised, end_orphans, reap_orphans
from tango_models.errors import InputError

if TYPE_CHECKING:
    from flows.server.lost_runs import LostRuns

_PORTS = range(4200, 4300)
_START_SECONDS = 300
_END_SECONDS = 1.5
"""For each process; what is left of them and of theirs is then killed."""
_LOOK_SECONDS = 1.0
_PATIENCE = {"PREFECT_SERVER_DATABASE_TIMEOUT": "60", "PREFECT_SERVER_DATABASE_CONNECTION_TIMEOUT": "60"}
"""For a busy machine: of SQLite's one writer the others wait their turn, rather than fail."""


def serve(*, port: int | None, catalog: str, home: Path) -> None:
    """Run until interrupted; everything started here ends with it. A server or worker that dies is started again.

    Args:
        port: of the server; None takes the first free one from 4200.
        catalog: an absolute path or a URI.
        home: of Prefect's database, the logs, and the note by which the commands find the server.

    Raises:
        InputError: the port is taken, the home is served already, Prefect's database cannot be used, the server does
            not come up, or there is no prefect.yaml beside the package.
    """
    console = Console(stderr=True, highlight=False)
    check_project()
    check_settings()
    with serving_alone(home):
        port = _free_port() if port is None else _checked_port(port)
        _serve(console, port, catalog, home)


def check_project() -> None:
    """
    Raises:
        InputError: there is no prefect.yaml beside the package.
    """
    if not (PROJECT / "prefect.yaml").is_file():
        raise InputError(str(PROJECT), "holds no prefect.yaml", "install the project from a checkout (pip install -e)")


def _serve(console: Console, port: int, catalog: str, home: Path) -> None:
    os.environ["PREFECT_HOME"] = str(home)  # before Prefect is imported
    api = os.environ["PREFECT_API_URL"] = f"http://127.0.0.1:{port}/api"
    check_database()
    adopt_orphans()
    command = f"prefect server start --host 127.0.0.1 --port {port}".split()
    server = Supervised("server", command, {**_PATIENCE, **os.environ}, home / "server.log", whole=True)
    worker = worker_of(catalog, home, "tango-serve")
    try:
        server.start()
        _wait_for(api, server, port)
        deploy()
        worker.start()
        note_server(home, api)
        console.print(f"[bold]UI[/bold] http://127.0.0.1:{port}   catalog {catalog}   Ctrl-C ends it", soft_wrap=True)
        console.print(f"logs and Prefect's database are in {home}", soft_wrap=True, markup=False)
        watch(console, api, home, [server, worker])
    except KeyboardInterrupt:
        console.print("ending the worker and the server")
        raise
    finally:
        worker.end(within=_END_SECONDS)
        server.end(within=_END_SECONDS)
        end_orphans(within=_END_SECONDS)


def worker_of(catalog: str, home: Path, name: str) -> Supervised:
    """Prefect's worker for the pool of prefect.yaml, with that name; not started yet."""
    command = ["prefect", "worker", "start", "--pool", POOL, "--type", "process", "--name", name]
    return Supervised("worker", command, _worker_environment(catalog), home / "worker.log")


def watch(console: Console, api: str, home: Path, children: list[Supervised]) -> None:
    """Start again what dies, and see to runs whose process is gone, until interrupted."""
    from flows.server.api import PrefectApi
    from flows.server.lost_runs import LostRuns

    lost = LostRuns(home / "runs.json", PrefectApi(api))
    while True:
        for child in children:
            if said := child.look():
                console.print(said, soft_wrap=True, markup=False)
        for line in _look_for_lost(lost):
            console.print(line, soft_wrap=True, markup=False)
        reap_orphans(child.pid for child in children)
        time.sleep(_LOOK_SECONDS)


def _look_for_lost(lost: "LostRuns") -> list[str]:
    import httpx

    try:
        return lost.look(psutil.Process().children(recursive=True))
    except httpx.HTTPError:  # the server is down or busy; it is asked again
        return []


def _worker_environment(catalog: str) -> dict[str, str]:
    """What the worker hands to its runs."""
    found = {**os.environ, "TANGO_CATALOG": catalog, "PREFECT_WORKER_QUERY_SECONDS": "2"}
    if found.get("PREFECT_LOGGING_LEVEL") == environment.DEFAULT_LOGGING_LEVEL:
        found["PREFECT_LOGGING_LEVEL"] = "INFO"  # the UI shows what a run does
    found.pop(environment.CONSOLE_LEVEL, None)  # what goes to a terminal here goes to a file there
    # `python` in prefect.yaml is the one that runs this.
    found["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), found.get("PATH", os.defpath)])
    places = [str(PROJECT), *filter(None, found.get("PYTHONPATH", "").split(os.pathsep))]
    found["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(places))
    return found


def _free_port() -> int:
    for port in _PORTS:
        try:
            return _checked_port(port)
        except InputError:
            continue
    raise InputError("tango serve", f"finds every port from {_PORTS[0]} to {_PORTS[-1]} taken", "name one with --port")


def _checked_port(port: int) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            why = getattr(error, "strerror", None) or error
            raise InputError(f"port {port}", f"cannot be used ({why})", "choose another with --port") from None
    return port


def _wait_for(api: str, server: Supervised, port: int) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if not server.alive:
            raise InputError(f"port {port}", f"the server could not start ({server.last_line()})", f"see {server.log}")
        if environment.answers(api):
            return
        time.sleep(0.2)
    raise InputError("tango serve", f"no answer from the server in {_START_SECONDS} s", f"see {server.log}")
