"""A Prefect server for the length of one command: no UI, and it ends with the command, however that ends.

(Prefect's own temporary server outlives a command that was killed, and goes on using a core's attention.)
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO

from flows.server import environment
from flows.server.home import running_server
from flows.server.prefect_database import check_database, check_usual_database
from flows.server.prefect_settings import check_settings
from tango_models.errors import InputError

_START_SECONDS = 180
_ANSWER_SECONDS = 5
"""For a server that somebody else started."""
_STOP_SECONDS = 3


class _Started:
    """The server of this process, while there is one."""

    process: subprocess.Popen | None = None
    said: IO[bytes] | None = None
    ready = False


@contextmanager
def server(home: Path) -> Iterator[None]:
    """Have `PREFECT_API_URL` answer inside the context: a server that is configured already, else the `tango serve` of
    this home, else one of this command's own.

    Args:
        home: of Prefect's database; see `home.home_of`.

    Enter it before Prefect is imported. The server starts while the caller goes on importing: call `ready()` before
    the first flow.

    Raises:
        InputError: a setting of Prefect's is nonsense, the server that is configured does not answer, or Prefect's
            database cannot be used.
    """
    if os.environ.get("PREFECT_API_URL"):
        check_settings()
        ready()
        yield
        return
    os.environ["PREFECT_HOME"] = str(home)
    url = running_server(home)
    if not url:
        check_usual_database()
    port = 0 if url else _free_port()
    os.environ["PREFECT_API_URL"] = url or f"http://127.0.0.1:{port}/api"
    try:
        check_settings()  # imports Prefect where somebody has set something, so it comes after what is set here
        with nullcontext() if url else _own(port):
            yield
    finally:
        if url:
            _send_logs()
        del os.environ["PREFECT_API_URL"]


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextmanager
def _own(port: int) -> Iterator[None]:
    """A server that ends with the context."""
    with tempfile.TemporaryFile() as said:
        # A session of its own: the terminal's interrupt is for the command, which then ends the server last.
        process = subprocess.Popen(  # noqa: S603  (an argument list of our own)
            [sys.executable, "-m", "flows.server.local_server", str(port), str(os.getpid())],
            stdin=subprocess.DEVNULL,
            stderr=said,
            start_new_session=True,
        )
        _Started.process, _Started.said, _Started.ready = process, said, False
        try:
            yield
        finally:
            if _Started.ready:
                _send_logs()
                process.terminate()
            else:
                process.kill()
            _Started.process = _Started.said = None
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _send_logs() -> None:
    """Let Prefect send what it has logged: at the end of the process it would find no server, and complain."""
    if "prefect" in sys.modules:
        from prefect.logging.handlers import APILogWorker

        APILogWorker.drain_all(timeout=2)


def ready() -> None:
    """Wait until the server answers.

    Raises:
        InputError: it does not: it ended, and why, or nobody is there.
    """
    url = os.environ["PREFECT_API_URL"]
    own = _Started.process
    seconds = _START_SECONDS if own else _ANSWER_SECONDS
    deadline = time.monotonic() + seconds
    while not environment.answers(url, timeout=0.3 if own else 3.0):
        if own and own.poll() is not None:
            raise _fault()
        if time.monotonic() > deadline:
            remedy = "run the command again" if own else "start it, or unset PREFECT_API_URL"
            raise InputError(url, f"no Prefect server answers in {seconds} s", remedy)
        time.sleep(0.1)
    _Started.ready = True


def _fault() -> InputError:
    """Why the server ended, by the last that it said."""
    lines: list[str] = []
    if _Started.said:
        _Started.said.seek(0)
        lines = [line for line in _Started.said.read().decode(errors="replace").splitlines() if line.strip()]
    last = lines[-1].strip() if lines else "it says nothing"
    try:
        return InputError(*json.loads(last))
    except (ValueError, TypeError):
        return InputError("Prefect's server", f"ended while it started ({last})", "set TANGO_HOME to an empty folder")


def _run(port: int, parent: int) -> None:
    def end_with_parent() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(0)

    threading.Thread(target=end_with_parent, daemon=True).start()
    try:
        check_database()
    except InputError as error:
        sys.exit(json.dumps([error.subject, error.fault, error.remedy]))
    import uvicorn
    from prefect.server.api.server import create_app

    uvicorn.run(create_app(ephemeral=True), host="127.0.0.1", port=port, log_level="error")


if __name__ == "__main__":
    _run(int(sys.argv[1]), int(sys.argv[2]))
