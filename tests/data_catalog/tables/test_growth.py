"""What keeps a catalog small and quick however long it is used."""

import errno
import multiprocessing
import os
import random
import time
from pathlib import Path

import pytest

from data_catalog import Catalog, Unit
from data_catalog.keys import equals
from data_catalog.tables.compaction import _Size, chosen_fragments
from data_catalog.tables.presence import alone, is_lockable, present
from data_catalog.upkeep.eviction import evict
from tests.layouts import only_part

PROCESSES, ROUNDS, SHARED = 6, 40, 7


def files(folder: str) -> list[Path]:
    return [path for path in Path(folder).rglob("*") if path.is_file()]


def _unit(stage: str, key: str, upstream: dict | None = None) -> Unit:
    return Unit(stage, key, key, "1", "c", upstream or {}, input_hash="i")


def _seam(catalog: Catalog, key: str, pixels: bytes) -> None:
    unit = _unit("interpolate_seams", key)
    row = {"src": f"{key}:000001", "dst": f"{key}:000009", "interpolator_id": "flow", "n_frames": 4, "pixels": pixels}
    catalog.table("transitions").upsert([row | unit.provenance("r").columns()])
    catalog.finish(unit, n_rows=1, run_id="r", seconds=0)


def test_many_writes_leave_few_files_and_every_row(tmp_path: Path):
    catalog = Catalog(tmp_path)
    for k in range(150):
        catalog.finish(_unit("fit_smplx", f"v{k}"), n_rows=1, run_id="r", seconds=0)
    table = catalog.table("units")
    assert table.count() == table.unique_keys() == 150
    part = only_part(catalog, "units")
    assert len(part.open().get_fragments()) < 20
    assert len(files(part.uri)) < 3 * 70  # fragment, version and transaction of each write since versions were deleted


def _write_and_tidy(uri: str, worker: int, barrier) -> None:
    catalog = Catalog(uri)
    barrier.wait()
    for k in range(ROUNDS):
        catalog.finish(_unit("fit_smplx", f"own {worker} {k}"), n_rows=worker, run_id="r", seconds=0)
        catalog.finish(_unit("fit_smplx", f"shared {k % SHARED}"), n_rows=worker, run_id="r", seconds=0)
        if k % 3 == worker % 3:
            catalog.table("units").delete(equals(unit=f"own {worker} {k}"))
        if random.random() < 0.3:
            catalog.compact(["units"])


@pytest.mark.integration
def test_writers_that_race_with_compaction_and_the_deletion_of_versions_lose_and_double_nothing(tmp_path: Path):
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(PROCESSES)
    workers = [spawn.Process(target=_write_and_tidy, args=(str(tmp_path), w, barrier)) for w in range(PROCESSES)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(280)
    assert [worker.exitcode for worker in workers] == [0] * PROCESSES
    table = Catalog(tmp_path).table("units")
    expected = {f"own {w} {k}" for w in range(PROCESSES) for k in range(ROUNDS) if k % 3 != w % 3}
    expected |= {f"shared {k}" for k in range(SHARED)}
    found = table.read(["stage", "unit"])["unit"].to_pylist()
    assert len(found) == len(set(found))
    assert set(found) == expected


def test_versions_stay_while_somebody_is_at_the_table_and_go_afterwards(tmp_path: Path):
    table, part = Catalog(tmp_path).table("units"), only_part(Catalog(tmp_path), "units")
    assert is_lockable(part.uri), "this test wants a local disk"
    for k in range(5):
        table.upsert([{"stage": "s", "unit": str(k)}])
    before = len(part.open().versions())
    with present(part.uri):
        table.forget_versions()
        assert len(part.open().versions()) == before
        with pytest.raises(TimeoutError, match="in use"):
            table.rewrite(wait=0.05, certain=True)
    table.forget_versions()
    assert len(part.open().versions()) == 1
    assert table.count() == 5


def test_in_an_object_store_nobody_is_known_to_be_alone():
    with alone("s3://bucket/units.lance") as nobody_else:
        assert not nobody_else


def test_nobody_is_waited_for_where_one_may_not_delete(tmp_path: Path, monkeypatch):
    Catalog(tmp_path).table("units").upsert([{"stage": "s", "unit": "a"}])
    as_always = os.open

    def read_only(path, flags, *mode):
        if flags & os.O_RDWR:
            raise PermissionError(errno.EROFS, "Read-only file system")
        return as_always(path, flags, *mode)

    monkeypatch.setattr(os, "open", read_only)
    before = time.monotonic()
    with alone(only_part(Catalog(tmp_path), "units").uri, wait=30.0) as nobody_else:
        assert not nobody_else and time.monotonic() - before < 10


def test_what_a_writer_that_died_left_goes_too(tmp_path: Path):
    table = Catalog(tmp_path).table("frames")
    table.upsert([{"video_id": "v", "gop": 0, "pixels": b"x"}])
    uri = only_part(Catalog(tmp_path), "frames").uri
    left = Path(uri) / "data" / "left.lance"
    left.write_bytes(b"of a killed process")
    lock = next(Path(uri).glob("*.lock")).stat().st_ino
    table.compact()
    assert not left.exists()
    assert table.count() == 1
    assert next(Path(uri).glob("*.lock")).stat().st_ino == lock


def test_a_large_fragment_is_copied_only_when_the_small_ones_have_grown_as_large():
    large, small = _Size(0, 10_000, 0), [_Size(k, 5, 0) for k in range(1, 9)]
    assert chosen_fragments([large, *small], small=50) == {size.fragment for size in small}
    assert 0 in chosen_fragments([large, _Size(1, 6_000, 0), _Size(2, 5_000, 0)], small=50)
    assert 0 in chosen_fragments([_Size(0, 10_000, 2_000), *small], small=50)


def test_rows_of_a_crash_in_an_older_version_go_when_the_unit_is_finished(tmp_path: Path):
    catalog = Catalog(tmp_path)
    old, new = _unit("detect_landmarks", "v"), Unit("detect_landmarks", "v", "v", "2", "c", input_hash="i")
    for unit, frames in ((old, range(10)), (new, range(6))):  # the old one was never finished
        rows = [{"video_id": "v", "frame": k, **unit.provenance("r").columns()} for k in frames]
        catalog.table("landmarks").upsert(rows)
    catalog.finish(new, n_rows=6, run_id="r", seconds=0)
    assert catalog.table("landmarks").count() == 6


def test_seams_longest_out_of_use_are_dropped_from_table_ledger_and_disk(tmp_path: Path):
    catalog = Catalog(tmp_path)
    pixels = {key: os.urandom(100_000) for key in "abcdef"}
    for key in pixels:
        _seam(catalog, key, pixels[key])
    render = _unit("render_video", "r1", {"interpolate_seams": ["a"]})
    catalog.finish(render, n_rows=1, run_id="r", seconds=0)  # the oldest one was used last
    done = evict(catalog, "transitions", limit=450_000, keep=["b"])
    assert (done.units, done.bytes, done.left) == (2, 200_000, 400_000)
    assert set(catalog.records("interpolate_seams")) == {"a", "b", "e", "f"}
    assert catalog.pending([_unit("interpolate_seams", key) for key in "abcdef"]) == [
        _unit("interpolate_seams", key) for key in "cd"
    ]
    kept = catalog.table("transitions").read_blobs("pixels", "true", key="src")
    assert kept == {f"{key}:000001": pixels[key] for key in "abef"}
    on_disk = b"".join(path.read_bytes() for path in files(catalog.uri))
    assert [key for key in pixels if pixels[key][:64] in on_disk] == ["a", "b", "e", "f"]


def test_nothing_is_dropped_below_the_limit_nor_what_is_in_use(tmp_path: Path):
    catalog = Catalog(tmp_path)
    assert evict(catalog, "transitions", limit=0).left == 0
    for key in "ab":
        _seam(catalog, key, os.urandom(100_000))
    assert evict(catalog, "transitions", limit=200_000).units == 0
    assert evict(catalog, "transitions", limit=1000, keep="ab").left == 200_000
    assert catalog.table("transitions").count() == 2
