"""Files that travel through the catalog."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data_catalog import Catalog, handed_files
from data_catalog.handed_files import EVERYBODY, drop, drop_old, is_there, put, read
from data_catalog.leases import Leases

PIECE = 10


@pytest.fixture
def catalog(tmp_path, monkeypatch) -> Catalog:
    monkeypatch.setattr(handed_files, "_PIECE", PIECE)
    return Catalog(tmp_path / "catalog")


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(blocks=st.lists(st.binary(max_size=35), max_size=9))
def test_a_file_comes_out_as_it_went_in_whatever_the_blocks(catalog, blocks):
    put(catalog, "f", blocks, holder="r")
    pieces = list(read(catalog, "f", holder="r"))
    assert b"".join(pieces) == b"".join(blocks)
    assert all(len(piece) == PIECE for piece in pieces[:-1])
    drop(catalog, ["f"], holder="r")
    assert read(catalog, "f", holder="r") is None


def test_one_run_drops_nothing_of_another(catalog):
    for holder in ("a", "b", EVERYBODY):
        put(catalog, "f", [b"x" * 25], holder=holder)
    drop(catalog, ["f"], holder="a")
    assert [is_there(catalog, "f", holder=holder) for holder in ("a", "b", EVERYBODY)] == [False, True, True]


def test_a_file_that_was_cut_off_is_not_there(catalog):
    def broken():
        yield b"x" * 95
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        put(catalog, "f", broken(), holder="r")
    assert catalog.table("files").count() > 0 and not is_there(catalog, "f", holder="r")
    put(catalog, "f", [b"y" * 15], holder="r")
    assert b"".join(read(catalog, "f", holder="r")) == b"y" * 15


def test_what_dead_runs_left_goes_and_what_everybody_uses_stays_longer(catalog):
    put(catalog, "f", [b"x"], holder="dead")
    put(catalog, "f", [b"x"], holder=EVERYBODY)
    put(catalog, "f", [b"x"], holder="alive")
    table = catalog.table("files")
    for holder, days in (("dead", 2), (EVERYBODY, 2)):
        rows = table.read(where=f"holder = '{holder}'").to_pylist()
        then = datetime.now(UTC) - timedelta(days=days)
        table.upsert([row | {"put_at": then, "data": b"x" * (row["part"] == 0)} for row in rows])
    drop_old(catalog)
    assert [is_there(catalog, "f", holder=h) for h in ("dead", EVERYBODY, "alive")] == [False, True, True]


@pytest.mark.parametrize("days", [0, 2, 30, 3650])
def test_a_clock_that_is_ahead_takes_nothing_from_a_run_that_is_at_work(catalog, monkeypatch, days):
    ahead = timedelta(days=days)

    class Ahead(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + ahead

    put(catalog, "f", [b"x"], holder="over")
    with Leases(catalog, "at work") as run:
        run.take("fit", ["x"])
        put(catalog, "f", [b"x"], holder="at work")
        now = time.time
        monkeypatch.setattr(handed_files, "datetime", Ahead)
        monkeypatch.setattr("data_catalog.leases.time.time", lambda: now() + ahead.total_seconds())
        drop_old(catalog)
        assert is_there(catalog, "f", holder="at work")
        assert is_there(catalog, "f", holder="over") == (days == 0)


def test_what_is_dropped_leaves_the_disk(catalog, monkeypatch):
    monkeypatch.setattr(handed_files, "_PIECE", 1 << 20)
    put(catalog, "f", [bytes(1 << 20)] * 12, holder="r")
    table = catalog.table("files")
    assert table.size_on_disk() > 12e6 or _bytes(catalog) > 12e6
    drop(catalog, ["f"], holder="r")
    assert _bytes(catalog) < 1e6


def _bytes(catalog: Catalog) -> int:
    from pathlib import Path

    return sum(path.stat().st_size for path in Path(catalog.uri).rglob("*") if path.is_file())
