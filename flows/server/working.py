"""`tango work`: a worker for a Prefect server that runs elsewhere, watched as that of `tango serve` is."""

import os
import socket
import time
from pathlib import Path

from rich.console import Console

from flows.server import environment
from flows.server.child import adopt_orphans
from flows.server.deploy import deploy
from flows.server.home import serving_alone
from flows.server.prefect_settings import check_settings
from flows.server.serving import check_project, watch, worker_of
from flows.server.supervised import end_orphans
from tango_models.errors import InputError

_START_SECONDS = 300
"""For a server that is started at the same time."""
_END_SECONDS = 1.5


def work(*, catalog: str, home: Path) -> None:
    """Apply prefect.yaml to the server at `PREFECT_API_URL` and do its runs, until interrupted. A worker that dies is
    started again; a run whose process is gone ends Crashed and is tried once more.

    Args:
        catalog: an absolute path or a URI.
        home: of the log and of the list of runs, by which those are known that a restart of the machine ended.

    Raises:
        InputError: no server is named, it does not answer or lets nobody in, another worker uses the home, or there is
            no prefect.yaml beside the package.
    """
    console = Console(stderr=True, highlight=False)
    check_project()
    check_settings()
    api = os.environ.get("PREFECT_API_URL", "").rstrip("/")
    if not api:
        raise InputError("PREFECT_API_URL", "is not set", "name the server's API, or start one with `tango serve`")
    with serving_alone(home):
        os.environ["PREFECT_HOME"] = str(home)  # before Prefect is imported
        adopt_orphans()
        worker = worker_of(catalog, home, f"tango-{socket.gethostname()}")
        try:
            _wait_for(api)
            _apply(api)
            worker.start()
            console.print(f"works for {api}   catalog {catalog}   Ctrl-C ends it", soft_wrap=True, markup=False)
            watch(console, api, home, [worker])
        finally:
            worker.end(within=_END_SECONDS)
            end_orphans(within=_END_SECONDS)


def _wait_for(api: str) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not environment.answers(api, timeout=3.0):
        if time.monotonic() > deadline:
            raise InputError(api, f"no Prefect server answers in {_START_SECONDS} s", "start it, or name another")
        time.sleep(1.0)


def _apply(api: str) -> None:
    from prefect.exceptions import PrefectHTTPStatusError

    try:
        deploy()
    except PrefectHTTPStatusError as error:
        if error.response.status_code in (401, 403):
            remedy = "set PREFECT_API_AUTH_STRING to its name:password"
            raise InputError(api, "lets nobody in without a password, or not with this one", remedy) from None
        raise
