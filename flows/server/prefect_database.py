"""Whether Prefect's own database can be used, asked before a server is started on it: what the server says after a
while is a stack trace."""

import os
import re
import shutil
import sqlite3
import tempfile
from contextlib import closing
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from tango_models.errors import InputError

_ELSEWHERE = "set TANGO_HOME (or PREFECT_HOME, where that is set) to another folder"
_FILE = "prefect.db"
_URL_VARIABLE, _KNOWN = "PREFECT_SERVER_DATABASE_CONNECTION_URL", ("sqlite", "postgresql")
_WRITTEN = "write sqlite+aiosqlite:///PATH or postgresql+asyncpg://NAME:PASSWORD@HOST/DATABASE, or unset it"
_LOCK_SECONDS = 5.0
_ROOM = 16_000_000
"""Bytes: a new database and its journal take 8 million."""
_PROJECT_FILES = ("prefect.toml", "pyproject.toml", ".env")
"""Of the current folder, from which Prefect reads settings."""


def check_database() -> None:
    """Refuse a SQLite file that Prefect could not use; another database's server answers for itself.

    Raises:
        InputError: its URL is none, its folder cannot be written to, its disk is full, or the file is damaged,
            read-only, locked, of another program, or of another version of Prefect. Names the variable, the folder or
            the file.
    """
    from prefect.settings import get_current_settings

    secret = get_current_settings().server.database.connection_url
    if secret and (file := file_of(secret.get_secret_value())):
        check_file(file.absolute(), known_revisions())


def file_of(url: str) -> Path | None:
    """The SQLite file of a database's URL; None where it is another database, or in memory.

    Raises:
        InputError: it is no URL of a database that Prefect can use. What is in it is not shown: it may be a password.
    """
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        found = make_url(url)
        known = found.get_backend_name() in _KNOWN
    except ArgumentError:
        known = False
    if not known:
        raise InputError(_URL_VARIABLE, "is no URL of a database that Prefect can use", _WRITTEN)
    in_file = found.get_backend_name() == "sqlite" and found.database and not found.database.startswith(":")
    return Path(found.database or "") if in_file else None


def check_usual_database() -> None:
    """`check_database` for the file that Prefect takes unless told otherwise, without the seconds that importing it
    takes. Where something else is said, nothing is checked here."""
    home = Path(os.path.expanduser(os.environ.get("PREFECT_HOME") or "~/.prefect")).absolute()
    if not _is_told(home):
        check_file(home / _FILE, known_revisions())


def _is_told(home: Path) -> bool:
    """Whether something is said of which database Prefect uses."""
    places = [Path(os.environ.get("PREFECT_PROFILES_PATH") or home / "profiles.toml"), *map(Path, _PROJECT_FILES)]
    told = "".join(place.read_text(errors="replace") for place in places if place.is_file())
    told += "".join(name for name in os.environ if name.startswith("PREFECT_"))
    return "DATABASE" in told.upper()


def kept_by_prefect(home: Path) -> str:
    """In a line, what Prefect keeps of what was taken out of the catalog, and how that is removed; "" where it keeps
    nothing: no run was noted down yet.

    Args:
        home: of the database; see `home.home_of`.
    """
    what = "pictures of seams and of videos that failed, and the names of runs and files"
    server = os.environ.get("PREFECT_API_URL")
    if server or _is_told(home):
        where = f"the Prefect server {server}" if server else "the database that Prefect was told to use"
        return f"{where} may keep {what}: delete its runs and artifacts there"
    file = home / _FILE
    if not file.is_file():
        return ""
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=_LOCK_SECONDS)) as connection:
            used = "SELECT EXISTS (SELECT 1 FROM artifact) OR EXISTS (SELECT 1 FROM flow_run)"
            keeps = "keeps" if connection.execute(used).fetchone()[0] else ""
    except sqlite3.Error:
        keeps = "may keep"
    remedy = f"end `tango serve` and delete {file}*, and the UI's history and schedules with it, to remove them"
    return f"{file}, Prefect's, {keeps} {what}: {remedy}" if keeps else ""


def check_file(database: Path, known: set[str]) -> None:
    """See `check_database`.

    Args:
        known: the revisions of the schema that can be used or brought up to date; none: all.
    """
    try:
        database.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=database.parent):
            pass
    except OSError as error:
        why = error.strerror or error
        raise InputError(str(database.parent), f"Prefect cannot write to its folder ({why})", _ELSEWHERE) from None
    if (free := shutil.disk_usage(database.parent).free) < _ROOM:
        fault = f"the disk is full ({free / 1e6:.0f} MB are free, and Prefect needs {_ROOM / 1e6:.0f})"
        raise InputError(str(database.parent), fault, f"free some space, or {_ELSEWHERE}")
    if not database.exists() or not database.stat().st_size:
        return
    try:
        address = f"{database.as_uri()}?mode=rw"
        with closing(sqlite3.connect(address, uri=True, timeout=_LOCK_SECONDS, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            found = set()
            if "alembic_version" in tables:
                found = {name for (name,) in connection.execute("SELECT version_num FROM alembic_version")}
    except sqlite3.Error as error:
        raise InputError(str(database), f"Prefect cannot use its database ({error})", _ELSEWHERE) from None
    if tables and "alembic_version" not in tables:
        raise InputError(str(database), "is no database of Prefect's", _ELSEWHERE)
    if known and (other := sorted(found - known)):
        fault = f"was written by another version of Prefect than {metadata.version('prefect')} (schema {other[0]})"
        raise InputError(str(database), fault, _ELSEWHERE)


def known_revisions() -> set[str]:
    """The revisions of the SQLite schema that the installed Prefect knows; none where it keeps them elsewhere."""
    package = find_spec("prefect")
    if package is None or not package.submodule_search_locations:
        return set()
    folder = Path(package.submodule_search_locations[0], "server/database/_migrations/versions/sqlite")
    lines = re.compile(r"""^revision\s*(?::\s*str\s*)?=\s*["'](\w+)["']""", re.MULTILINE)
    return {found for file in folder.glob("*.py") for found in lines.findall(file.read_text(encoding="utf-8"))}
