"""Tables: upserts, blobs, races."""

import multiprocessing
import os
from dataclasses import replace
from pathlib import Path

import lance
import pyarrow as pa
import pytest

from data_catalog import Catalog, Unit
from data_catalog.keys import equals
from data_catalog.tables.store import Table
from data_catalog.uris.reachable import UnusableStore
from tests.layouts import LAYOUTS, laid_out, only_part
from tests.stages import add_video

PROCESSES, KEYS, ROUNDS = 8, 60, 5


@pytest.fixture(params=LAYOUTS)
def catalog(tmp_path: Path, request) -> Catalog:
    return laid_out(Catalog(tmp_path), request.param)


def _frame(gop: int, *, video: str = "v", pixels: bytes = b"x", unit: str = "") -> dict:
    row = {"video_id": video, "gop": gop, "n_frames": 4, "pixels": pixels, "audio": b""}
    return row | {"unit": f"{video}:{unit}"}


def _write_same_keys(uri: str, worker: int, barrier) -> None:
    table = Catalog(uri).table("frames")
    barrier.wait()
    for round_ in range(ROUNDS):
        rows = [_frame(round_ * KEYS + k, pixels=bytes([worker]), unit=str(worker)) for k in range(KEYS)]
        table.upsert(rows)


@pytest.mark.integration
def test_eight_processes_racing_on_the_same_new_keys_lose_and_double_nothing(catalog: Catalog):
    spawn = multiprocessing.get_context("spawn")  # Lance is not fork-safe
    barrier = spawn.Barrier(PROCESSES)
    workers = [spawn.Process(target=_write_same_keys, args=(catalog.uri, w, barrier)) for w in range(PROCESSES)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(240)
    assert [worker.exitcode for worker in workers] == [0] * PROCESSES
    table = catalog.table("frames")
    assert table.count() == table.unique_keys() == ROUNDS * KEYS
    blobs = table.read_blobs("pixels", "gop >= 0", key="gop")
    assert sorted(blobs) == list(range(ROUNDS * KEYS))
    units = dict(zip(*(table.read(["gop", "unit"])[c].to_pylist() for c in ("gop", "unit")), strict=True))
    # A row is one writer's whole row, never a mixture of two.
    assert all(units[gop] == f"v:{blob[0]}" for gop, blob in blobs.items())


def test_an_upsert_replaces_rows_and_keeps_the_others(catalog: Catalog):
    table = catalog.table("frames")
    table.upsert([_frame(k, pixels=b"old") for k in range(4)])
    table.upsert([_frame(k, pixels=b"new") for k in range(2, 6)])
    blobs = table.read_blobs("pixels", equals(video_id="v"), key="gop")
    assert blobs == {0: b"old", 1: b"old", 2: b"new", 3: b"new", 4: b"new", 5: b"new"}


def test_blobs_survive_compaction(catalog: Catalog):
    for k in range(12):
        catalog.table("frames").upsert([_frame(k, pixels=os.urandom(70_000 if k % 2 else 10))])
    before = catalog.table("frames").read_blobs("pixels", "gop >= 0", key="gop")
    catalog.compact()
    assert len(only_part(catalog, "frames").open().get_fragments()) < 12
    assert catalog.table("frames").read_blobs("pixels", "gop >= 0", key="gop") == before


def test_the_same_key_twice_in_one_write_is_refused(catalog: Catalog):
    with pytest.raises(ValueError, match="same primary key twice"):
        catalog.table("frames").upsert([_frame(1), _frame(1)])


def test_a_name_with_quotes_is_a_value_and_not_a_query(catalog: Catalog):
    table = catalog.table("frames")
    table.upsert([_frame(0, video="it's"), _frame(0, video="x")])
    assert table.count(equals(video_id="it's")) == 1
    assert table.count(equals(video_id="' OR true --")) == 0
    assert table.count(equals(video_id=[])) == 0


def _unit(key: str, input_hash: str = "i") -> Unit:
    return Unit("detect_landmarks", key, key, "1", "c", input_hash=input_hash)


def test_pending_is_what_is_not_ok_in_the_wanted_version(tmp_path: Path):
    catalog = Catalog(tmp_path)
    done, stale, failed, new = (_unit(k) for k in ("done", "stale", "failed", "new"))
    catalog.finish(done, n_rows=1, run_id="r", seconds=0)
    catalog.finish(_unit("stale", "old input"), n_rows=1, run_id="r", seconds=0)
    for _ in range(2):
        catalog.fail(failed, "no person", run_id="r")
    assert catalog.pending([done, stale, failed, new]) == [stale, failed, new]
    assert catalog.record("detect_landmarks", "failed").attempts == 2


def test_finishing_a_unit_drops_its_rows_of_older_versions_only(catalog: Catalog):
    old, new, other = _unit("v", "1"), _unit("v", "2"), _unit("w", "1")

    def write(unit: Unit, frames: range) -> None:
        rows = [{"video_id": unit.key, "frame": f, "face_score": 1.0, **unit.provenance("r").columns()} for f in frames]
        catalog.table("landmarks").upsert(rows)
        catalog.finish(unit, n_rows=len(rows), run_id="r", seconds=0)

    write(old, range(10))
    write(other, range(3))
    write(new, range(6))  # the video became shorter
    assert catalog.table("landmarks").count(equals(video_id="v")) == 6
    assert catalog.table("landmarks").count(equals(video_id="w")) == 3
    assert set(catalog.verify()["landmarks"]) == {9}


@pytest.mark.parametrize("name", ["../x", ".", "a/b", "a\\b", "a b", "x" * 65, "-x", "a..b", "a'b", "a\n"])
def test_an_avatar_name_that_is_not_plain_is_refused(tmp_path: Path, name: str):
    with pytest.raises(ValueError, match="not allowed"):
        add_video(Catalog(tmp_path), name, "v", uri="v.mp4")


def test_a_video_may_serve_two_avatars(tmp_path: Path):
    catalog = Catalog(tmp_path)
    add_video(catalog, "alice", "v", uri="a.mp4")
    add_video(catalog, "bob", "v", uri="b.mp4")
    assert catalog.avatars() == ["alice", "bob"]


def test_a_video_is_where_it_was_last_seen_and_keeps_its_motion(tmp_path: Path):
    catalog = Catalog(tmp_path)
    add_video(catalog, "alice", "v", uri="a.mp4", motion_uri="m.npz", motion_hash="m")
    add_video(catalog, "alice", "v", uri="elsewhere.mp4")
    (row,) = catalog.avatar_videos("alice").values()
    assert (row["uri"], row["file_name"], row["motion_uri"]) == ("elsewhere.mp4", "elsewhere.mp4", "m.npz")


def test_a_table_of_an_older_release_gets_the_new_columns(tmp_path: Path):
    new = Catalog(tmp_path).table("videos")
    kept = [field for field in new.spec.schema if field.name not in ("truncated", "file_name")]
    old = Table(str(tmp_path), replace(new.spec, schema=pa.schema(kept)))
    old.upsert([{"video_id": "a", "width": 4, "unit": "a"}])
    assert new.read(["video_id", "file_name"]).to_pylist() == [{"video_id": "a", "file_name": None}]
    new.upsert([{"video_id": "a", "file_name": "h.mp4"}, {"video_id": "b", "file_name": "v.mp4"}])
    assert new.read(["video_id", "file_name"])["file_name"].to_pylist() == ["h.mp4", "v.mp4"]


def test_a_table_whose_rows_have_another_key_is_refused_with_what_to_do(tmp_path: Path):
    new = Catalog(tmp_path).table("poses")
    fields = [field.with_name("video_id") if field.name == "track_id" else field for field in new.spec.schema]
    older = replace(new.spec, schema=pa.schema(fields), primary_key=("video_id", "frame"), shards_by=())
    Table(str(tmp_path), older).upsert([{"video_id": "v", "frame": 0, "unit": "v"}])
    with pytest.raises(ValueError, match=r"poses\.lance: written by another release .*track_id.*another --catalog"):
        new.read(["track_id"])


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda table: table.append_column("mood", pa.array(["calm"])), "its column mood is not known here"),
        (lambda table: table.set_column(2, "status", pa.array([7])), "its column status is int64, not string"),
    ],
)
def test_a_table_of_a_newer_release_is_refused_and_left_as_it_is(tmp_path, change, fault):
    rows = pa.table({"stage": ["s"], "unit": ["u"], "status": ["ok"]})
    table = Catalog(tmp_path).table("units")
    uri = only_part(Catalog(tmp_path), "units").uri
    lance.write_dataset(change(rows), uri)
    for use in (lambda: table.read(["unit"]), lambda: table.upsert([{"stage": "s", "unit": "v"}]), table.count):
        with pytest.raises(ValueError, match=rf"units\.lance: written by another release of TANGO \({fault}\); name"):
            use()
    assert lance.dataset(uri).version == 1


def test_a_table_whose_newest_version_a_power_cut_emptied_is_named_with_what_to_do(tmp_path):
    table = Catalog(tmp_path).table("avatars")
    table.upsert([{"avatar": "ann", "video_id": "v"}])
    newest = min(Path(table.parts()[0].uri, "_versions").glob("*.manifest"))  # they are numbered downwards
    newest.write_bytes(b"")
    fresh = lance.Session()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("data_catalog.tables.dataset._SESSION", fresh)  # of a process that has not read it yet
        with pytest.raises(UnusableStore, match=rf"{newest.name} is empty, as after a power cut\); put the table back"):
            table.read()
