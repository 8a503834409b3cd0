"""A Prefect server for the length of one command: no UI, and it ends with the command, however that ends.

(Prefect's own temporary server outlives a command that was killed, and goes on using a core's attention.)
"""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from flows.server import environment
from tango_models.errors import InputError

_START_SECONDS = 180
_STOP_SECONDS = 5


@contextmanager
def server() -> Iterator[None]:
    """Have `PREFECT_API_URL` answer inside the context; a server that is configured already is used as it is.

    Enter it before Prefect is imported. The server starts while the caller goes on importing: call `ready()` before
    the first flow.
    """
    if "PREFECT_API_URL" in os.environ:
        yield
        return
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(  # noqa: S603  (an argument list of our own)
        [sys.executable, "-m", "flows.server.local_server", str(port), str(os.getpid())], stdin=subprocess.DEVNULL
    )
    os.environ["PREFECT_API_URL"] = f"http://127.0.0.1:{port}/api"
    try:
        yield
    finally:
        _send_logs()
        del os.environ["PREFECT_API_URL"]
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _send_logs() -> None:
    """Let Prefect send what it has logged: at the end of the process it would find no server, and complain."""
    if "prefect" in sys.modules:
        from prefect.logging.handlers import APILogWorker

        APILogWorker.drain_all(timeout=5)


def ready() -> None:
    """Wait until the server answers.

    Raises:
        InputError: it does not.
    """
    url = os.environ["PREFECT_API_URL"]
    deadline = time.monotonic() + _START_SECONDS
    while not environment.answers(url):
        if time.monotonic() > deadline:
            raise InputError(url, f"no Prefect server answers in {_START_SECONDS} s", "start one with `tango serve`")
        time.sleep(0.1)


def _run(port: int, parent: int) -> None:
    import uvicorn
    from prefect.server.api.server import create_app

    def end_with_parent() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(0)

    threading.Thread(target=end_with_parent, daemon=True).start()
    uvicorn.run(create_app(ephemeral=True), host="127.0.0.1", port=port, log_level="error")


if __name__ == "__main__":
    _run(int(sys.argv[1]), int(sys.argv[2]))
