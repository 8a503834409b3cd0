"""Where Prefect's database of a catalog lies, and whether a server of ours runs on it: nobody else's is joined."""

import fcntl
import hashlib
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import metadata
from pathlib import Path

from pydantic import BaseModel, ValidationError

from flows.configuration.state_folder import state_folder
from flows.server import environment
from tango_models.errors import InputError

_NOTE = "server.json"
_LOCK = "serve.lock"


class ServerNote(BaseModel):
    """What `tango serve` writes down for the commands that use its catalog.

    Attributes:
        url: of the API; host: the machine on which that address is meant.
        prefect: the release of the server; others speak another protocol. It is not asked, which may take a password.
    """

    url: str
    host: str
    prefect: str


def home_of(catalog: str, given: str | None = None) -> Path:
    """The folder of Prefect's database and of what `tango serve` notes down.

    Args:
        catalog: absolute path or URI of the catalog.
        given: the setting `home`. Without it, `PREFECT_HOME` where that is set, else a folder beside the catalog, or
            of the user's when that is in an object store.
    """
    if told := given or os.environ.get("PREFECT_HOME"):
        return Path(told).expanduser().absolute()
    if "://" not in catalog:
        return Path(f"{catalog}.server")
    return state_folder() / hashlib.sha256(catalog.encode()).hexdigest()[:16]


def running_server(home: Path) -> str | None:
    """The address of the API of the `tango serve` that runs on this machine with this home, if one does."""
    with suppress(OSError, ValidationError, ValueError):
        note = ServerNote.model_validate_json((home / _NOTE).read_text())
        ours = note.host == socket.gethostname() and environment.is_our_release(note.prefect)
        if ours and _is_locked(home) and environment.answers(note.url):
            return note.url
    return None


@contextmanager
def serving_alone(home: Path) -> Iterator[None]:
    """Be the only `tango serve` of a home. The system gives the lock back when the process dies.

    Raises:
        InputError: another one runs, or the folder cannot be written to.
    """
    try:
        home.mkdir(parents=True, exist_ok=True)
        lock = (home / _LOCK).open("a")
    except OSError as error:
        why = f"cannot be written to ({error.strerror})"
        raise InputError(str(home), why, "name another folder with --home (TANGO_HOME)") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            where = running_server(home) or "elsewhere"
            fault = f"is served already ({where.removesuffix('/api')})"
            raise InputError(str(home), fault, "use that one, or end it first") from None
        try:
            yield
        finally:
            (home / _NOTE).unlink(missing_ok=True)


def note_server(home: Path, url: str) -> None:
    """Let the commands find a server."""
    part = home / f"{_NOTE}.part"
    note = ServerNote(url=url, host=socket.gethostname(), prefect=metadata.version("prefect"))
    part.write_text(note.model_dump_json())
    part.replace(home / _NOTE)


def _is_locked(home: Path) -> bool:
    with (home / _LOCK).open("r") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
    return False
