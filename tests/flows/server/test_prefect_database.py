"""Prefect's database that cannot be used, before a server is started on it."""

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from flows.server.prefect_database import check_file, check_usual_database, kept_by_prefect, known_revisions
from tango_models.errors import InputError

TANGO = Path(sys.executable).parent / "tango"


@pytest.fixture
def known() -> set[str]:
    found = known_revisions()
    assert len(found) > 20
    return found


def _database(path: Path, *statements: str) -> Path:
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()
    return path


def _of_revision(path: Path, revision: str) -> Path:
    table = "CREATE TABLE alembic_version (version_num VARCHAR(32))"
    return _database(path, table, f"INSERT INTO alembic_version VALUES ('{revision}')")


def test_no_database_an_empty_one_and_an_older_schema_can_be_used(tmp_path, known):
    check_file(tmp_path / "new" / "prefect.db", known)
    (tmp_path / "empty.db").touch()
    check_file(tmp_path / "empty.db", known)
    check_file(_of_revision(tmp_path / "old.db", min(known)), known)
    assert os.listdir(tmp_path / "new") == []


def test_another_version_another_program_and_a_damaged_file_are_named(tmp_path, known):
    with pytest.raises(InputError, match=r"newer\.db: was written by another version of Prefect.*PREFECT_HOME"):
        check_file(_of_revision(tmp_path / "newer.db", "f" * 12), known)
    with pytest.raises(InputError, match=r"other\.db: is no database of Prefect's"):
        check_file(_database(tmp_path / "other.db", "CREATE TABLE notes (text)"), known)
    (tmp_path / "damaged.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(InputError, match=r"damaged\.db.*not a database"):
        check_file(tmp_path / "damaged.db", known)


def test_a_disk_without_room_is_named_before_a_server_fails_on_it(tmp_path, known, monkeypatch):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=2_000_000))
    with pytest.raises(InputError, match=r"new: the disk is full \(2 MB are free, .*needs 16\); free some space"):
        check_file(tmp_path / "new" / "prefect.db", known)


def test_a_locked_database_is_named(tmp_path, known, monkeypatch):
    monkeypatch.setattr("flows.server.prefect_database._LOCK_SECONDS", 0.1)
    path = _of_revision(tmp_path / "locked.db", min(known))
    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(InputError, match="locked"):
            check_file(path, known)


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path, known):
    (tmp_path / "file").touch()
    for folder in (Path("/proc/prefect"), tmp_path / "file"):
        with pytest.raises(InputError, match="cannot write to its folder") as fault:
            check_file(folder / "prefect.db", known)
        assert fault.value.subject == str(folder)


def test_only_the_usual_file_is_looked_at_without_prefect(tmp_path, monkeypatch):
    for name in [name for name in os.environ if name.startswith("PREFECT_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path))
    (tmp_path / "prefect.db").write_bytes(b"damaged" * 1000)
    with pytest.raises(InputError, match=r"prefect\.db"):
        check_usual_database()
    monkeypatch.setenv("PREFECT_SERVER_DATABASE_CONNECTION_URL", "postgresql+asyncpg://host/prefect")
    check_usual_database()
    monkeypatch.delenv("PREFECT_SERVER_DATABASE_CONNECTION_URL")
    (tmp_path / "profiles.toml").write_text('[profiles.a]\nPREFECT_API_DATABASE_CONNECTION_URL = "sqlite:///x"\n')
    check_usual_database()


@pytest.mark.integration
@pytest.mark.parametrize("told", ["PREFECT_HOME", "PREFECT_SERVER_DATABASE_CONNECTION_URL"])
def test_a_command_names_the_file_in_one_line(tmp_path, told):
    from tango_models.synthetic.speaker import SPEAKER_VIDEO

    (tmp_path / "prefect.db").write_bytes(b"damaged" * 1000)
    value = str(tmp_path) if told == "PREFECT_HOME" else f"sqlite+aiosqlite:///{tmp_path}/prefect.db"
    kept = {name: text for name, text in os.environ.items() if not name.startswith("PREFECT_")}
    found = subprocess.run(
        [TANGO, "onboard", "ann", SPEAKER_VIDEO, "--catalog", tmp_path / "catalog"],
        capture_output=True,
        text=True,
        check=False,
        env={"PREFECT_HOME": str(tmp_path / "home"), **kept, told: value},
    )
    assert found.returncode == 1, found.stderr
    (line,) = found.stderr.splitlines()
    assert str(tmp_path / "prefect.db") in line and "PREFECT_HOME" in line


def _prefects(home: Path) -> Path:
    """A database with those of Prefect's tables that are looked at, and nothing in them."""
    from prefect.server.database.orm_models import Artifact, FlowRun
    from sqlalchemy.dialects import sqlite
    from sqlalchemy.schema import CreateTable

    tables = [str(CreateTable(model.__table__).compile(dialect=sqlite.dialect())) for model in (Artifact, FlowRun)]
    return _database(home / "prefect.db", *tables)


def test_what_prefect_keeps_is_said_with_the_remedy_where_it_keeps_anything(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("PREFECT_")]:
        monkeypatch.delenv(name)
    assert kept_by_prefect(tmp_path) == ""
    file = _prefects(tmp_path)
    assert kept_by_prefect(tmp_path) == ""
    now = "'2026-01-01', '2026-01-01'"
    _database(file, f"INSERT INTO artifact (id, key, type, created, updated) VALUES ('1', 'seams', 'image', {now})")
    said = kept_by_prefect(tmp_path)
    assert f"{file}, Prefect's, keeps pictures" in said and f"delete {file}*" in said and "\n" not in said
    file.write_bytes(b"damaged" * 1000)
    assert "may keep" in kept_by_prefect(tmp_path)
    monkeypatch.setenv("PREFECT_SERVER_DATABASE_CONNECTION_URL", "postgresql://elsewhere")
    assert str(file) not in kept_by_prefect(tmp_path)
    monkeypatch.setenv("PREFECT_API_URL", "http://elsewhere/api")
    assert "http://elsewhere/api may keep" in kept_by_prefect(tmp_path)
