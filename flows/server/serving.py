"""`tango serve`: the Prefect server with its UI, the deployments of prefect.yaml, and a worker that runs them."""

import os
import socket
import time
from pathlib import Path

from rich.console import Console

from flows.server import environment
from flows.server.child import adopt_orphans
from flows.server.deploy import apply, check_project
from flows.server.home import note_server, serving_alone
from flows.server.prefect_database import check_database
from flows.server.prefect_settings import check_settings
from flows.server.supervised import Supervised, end_orphans
from flows.server.worker import Work
from tango_models.errors import InputError
from tasks.runtime.cluster.native_libraries import check_libraries

_PORTS = range(4200, 4300)
_START_SECONDS = 300
_END_SECONDS = 1.5
"""For each process; what is left of them and of theirs is then killed."""
_NAME = "tango-serve"
"""Of the worker."""
_SERVER = {
    # On a busy machine, of SQLite's one writer the others wait their turn, rather than fail.
    "PREFECT_SERVER_DATABASE_TIMEOUT": "60",
    "PREFECT_SERVER_DATABASE_CONNECTION_TIMEOUT": "60",
    # A run that waits for its turn is not late: its worker is here, and is started again when it dies.
    "PREFECT_SERVER_SERVICES_LATE_RUNS_ENABLED": "false",
}
"""Settings of Prefect's server where the user has made none."""


def serve(*, port: int | None, work: Work, home: Path) -> None:
    """Run until interrupted; everything started here ends with it. A server or worker that dies is started again.

    Args:
        port: of the server; None takes the first free one from 4200.
        work: what the worker does.
        home: of Prefect's database, the logs, and the note by which the commands find the server.

    Raises:
        InputError: the port is taken, the home is served already, Prefect's database cannot be used, the server does
            not come up, a library of the system's is missing, or there is no prefect.yaml beside the package.
    """
    console = Console(stderr=True, highlight=False, emoji=False)
    check_project()
    check_libraries()
    with serving_alone(home):
        port = _free_port() if port is None else _checked_port(port)
        _serve(console, port, work, home)


def _serve(console: Console, port: int, work: Work, home: Path) -> None:
    os.environ["PREFECT_HOME"] = str(home)  # before Prefect is imported
    api = os.environ["PREFECT_API_URL"] = f"http://127.0.0.1:{port}/api"
    check_settings()
    check_database()
    adopt_orphans()
    from flows.server.api import PrefectApi  # and httpx
    from flows.server.watching import Watch

    command = f"flows.server.patient_server prefect server start --host 127.0.0.1 --port {port}".split()
    server = Supervised("server", command, {**_SERVER, **os.environ}, home / "server.log", whole=True)
    worker, others = work.worker(home, _NAME), work.beside(home)
    try:
        server.start()
        _wait_for(api, server, port)
        apply(api, pool=work.pool, catalog=work.catalog, worker=_NAME)
        for process in (worker, *others):
            process.start()
        note_server(home, api)
        console.print(
            f"[bold]UI[/bold] http://127.0.0.1:{port}   catalog {work.catalog}   Ctrl-C ends it", soft_wrap=True
        )
        if work.metrics:
            console.print(f"metrics at http://{work.metrics[0]}:{work.metrics[1]}/metrics", soft_wrap=True)
        console.print(f"logs and Prefect's database are in {home}", soft_wrap=True, markup=False)
        children = [server, worker, *others]
        Watch(console, PrefectApi(api), home, children, worker=worker, pool=work.pool, name=_NAME).go_on()
    except KeyboardInterrupt:
        console.print("ending the worker and the server")
        raise
    finally:
        for process in (worker, *others):
            process.end(within=_END_SECONDS)
        server.end(within=_END_SECONDS)
        end_orphans(within=_END_SECONDS)


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
