"""`tango work`: a worker for a Prefect server that runs elsewhere, watched as that of `tango serve` is."""

import os
import socket
import time
from pathlib import Path

from rich.console import Console

from flows.server import environment
from flows.server.child import adopt_orphans
from flows.server.deploy import apply, check_project
from flows.server.home import serving_alone
from flows.server.prefect_settings import check_settings
from flows.server.supervised import end_orphans
from flows.server.worker import Work
from tango_models.errors import InputError
from tasks.runtime.cluster.native_libraries import check_libraries

_START_SECONDS = 300
"""For a server that is started at the same time."""
_FOREIGN = 5
"""Times, a second apart, that something answers which is no Prefect server: a proxy that has just begun may."""
_END_SECONDS = 1.5


def work(given: Work, *, home: Path) -> None:
    """Apply prefect.yaml to the server at `PREFECT_API_URL` and do its runs, until interrupted. A worker that dies is
    started again; a run whose process is gone ends Crashed and is tried once more.

    Args:
        given: what the worker does.
        home: of the log and of the list of runs, by which those are known that a restart of the machine ended.

    Raises:
        InputError: no server is named, it does not answer or lets nobody in, another worker uses the home, or the pool
            for another catalog, a library of the system's is missing, or there is no prefect.yaml beside the package.
    """
    console = Console(stderr=True, highlight=False, emoji=False)
    check_project()
    check_libraries()
    api = os.environ.get("PREFECT_API_URL", "").rstrip("/")
    if not api:
        raise InputError("PREFECT_API_URL", "is not set", "name the server's API, or start one with `tango serve`")
    with serving_alone(home):
        os.environ["PREFECT_HOME"] = str(home)  # before Prefect is imported
        check_settings()
        adopt_orphans()
        from flows.server.api import PrefectApi  # and httpx
        from flows.server.watching import Watch

        name = f"tango-{socket.gethostname()}"
        worker, others = given.worker(home, name), given.beside(home)
        try:
            _wait_for(api)
            apply(api, pool=given.pool, catalog=given.catalog, worker=name)
            for process in (worker, *others):
                process.start()
            console.print(f"works for {api}   catalog {given.catalog}   Ctrl-C ends it", soft_wrap=True, markup=False)
            Watch(console, PrefectApi(api), home, [worker, *others], worker=worker, pool=given.pool, name=name).go_on()
        finally:
            for process in (worker, *others):
                process.end(within=_END_SECONDS)
            end_orphans(within=_END_SECONDS)


def _wait_for(api: str) -> None:
    deadline = time.monotonic() + _START_SECONDS
    foreign = 0
    while not environment.answers(api, timeout=3.0):
        foreign = foreign + 1 if environment.is_another_program(api, timeout=3.0) else 0
        if foreign > _FOREIGN:
            raise InputError(api, "another program answers, no Prefect server", "name the API of one, ending in /api")
        if time.monotonic() > deadline:
            raise InputError(api, f"no Prefect server answers in {_START_SECONDS} s", "start it, or name another")
        time.sleep(1.0)
