"""What is no longer needed goes, what it says beforehand is what goes, and nothing else does."""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from data_catalog import Catalog, Unit
from data_catalog.tables.presence import present
from data_catalog.upkeep.erase import size_on_disk
from data_catalog.upkeep.tags import make_tag
from flows.command_line.app import app
from flows.configuration.settings import Settings
from flows.upkeep import gc, leftovers
from flows.upkeep.gc import collect
from tests.layouts import only_part
from tests.stages import add_video

VIDEO = "a" * 32
OLD = datetime.now(UTC) - timedelta(days=3)


@pytest.fixture
def catalog(tmp_path, monkeypatch) -> Catalog:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(leftovers, "socket_folder", lambda: str(tmp_path / "tmp"))  # never this machine's own
    catalog = Catalog(tmp_path / "catalog")
    add_video(catalog, "ann", VIDEO, uri="/data/talk.mp4")
    for k in range(3):
        _extract(catalog, str(k))
    return catalog


def _settings(catalog: Catalog, **values) -> Settings:
    return Settings(catalog=catalog.uri, **values)


def _extract(catalog: Catalog, version: str) -> None:
    unit = Unit("extract_frames", VIDEO, "talk.mp4", version, "c", input_hash="i")
    rows = [
        {"video_id": VIDEO, "gop": k, "n_frames": 4, "pixels": os.urandom(3000), **unit.provenance("r").columns()}
        for k in range(4)
    ]
    catalog.table("frames").upsert(rows)
    catalog.finish(unit, n_rows=4, run_id="r", seconds=0)


def _seam(catalog: Catalog, key: str, made: datetime, size: int = 1000) -> None:
    unit = Unit("interpolate_seams", key, key, "1", "c", input_hash="i")
    row = {"src": f"{key}:000001", "dst": f"{key}:000009", "interpolator_id": "flow", "n_frames": 4}
    row |= {"pixels": os.urandom(size), **unit.provenance("r").columns(), "produced_at": made}
    catalog.table("transitions").upsert([row])
    catalog.finish(unit, n_rows=1, run_id="r", seconds=0)


def test_what_it_says_beforehand_is_what_goes(catalog):
    rows = {name: count for name, (count, _) in catalog.verify().items()}
    before = size_on_disk(catalog)
    said = collect(_settings(catalog), dry_run=True)
    assert said.version_bytes["frames"] > 20_000 and size_on_disk(catalog) == before
    done = collect(_settings(catalog))
    freed = before - size_on_disk(catalog)
    assert 0.8 * freed <= said.bytes <= 1.2 * freed and 0.8 * freed <= done.bytes <= 1.2 * freed
    assert {name: count for name, (count, _) in catalog.verify().items()} == rows
    assert collect(_settings(catalog), dry_run=True).bytes == 0


def test_versions_that_are_young_tagged_or_in_use_stay(catalog):
    make_tag(catalog, "kept")
    _extract(catalog, "later")
    assert collect(_settings(catalog), keep_hours=1.0).version_bytes == {}
    with present(only_part(catalog, "frames").uri):
        held = collect(_settings(catalog))
    assert "frames" not in held.version_bytes and "units" in held.version_bytes
    collect(_settings(catalog))
    assert len(only_part(catalog, "frames").open().versions()) == 2
    then = Catalog(catalog.uri, tag="kept")
    assert then.record("extract_frames", VIDEO).code_version == "2" and then.table("frames").count() == 4


def test_seams_go_when_no_render_shows_them_and_they_are_old(catalog):
    for key, made in (("shown", OLD), ("old", OLD), ("new", datetime.now(UTC))):
        _seam(catalog, key, made)
    render = Unit("render_video", "r", "r.mp4", "1", "c", {"interpolate_seams": ["shown"]}, input_hash="i")
    catalog.finish(render, n_rows=1, run_id="r", seconds=0)
    said = collect(_settings(catalog), dry_run=True)
    assert (said.seams, said.seam_bytes) == (1, 1000) and catalog.table("transitions").count() == 3
    assert collect(_settings(catalog)).seams == 1
    assert set(catalog.records("interpolate_seams")) == {"shown", "new"}
    assert set(catalog.table("transitions").read(["unit"])["unit"].to_pylist()) == {"shown", "new"}
    assert collect(_settings(catalog, transitions_mb=0)).seams == 2


def test_speeches_go_when_no_render_has_them_and_they_are_old_or_when_they_take_too_much(catalog, monkeypatch):
    for key in ("rendered", "only analysed"):
        unit = Unit("analyse_speech", key, f"{key}.wav", "1", "c", input_hash="i")
        row = {"speech_id": key, "n_frames": 30, "audio": os.urandom(32_000)}
        catalog.table("speech").upsert([row | unit.provenance("r").columns()])
        catalog.finish(unit, n_rows=1, run_id="r", seconds=0)
    render = Unit("render_video", "r", "r.mp4", "1", "c", {"analyse_speech": ["rendered"]}, input_hash="i")
    catalog.finish(render, n_rows=1, run_id="r", seconds=0)
    assert collect(_settings(catalog)).speeches == 0, "they are young"
    monkeypatch.setattr(gc, "_UNUSED_FOR", timedelta(0))
    said = collect(_settings(catalog), dry_run=True)
    assert (said.speeches, said.speech_bytes) == (1, 32_000) and catalog.table("speech").count() == 2
    assert collect(_settings(catalog)).speeches == 1
    assert set(catalog.records("analyse_speech")) == {"rendered"}
    assert collect(_settings(catalog, speech_mb=0)).speeches == 1 and catalog.table("speech").count() == 0


def test_what_killed_processes_left_goes_and_nothing_else(catalog, tmp_path):
    out = tmp_path / "out"
    names = {
        "tmp/tango-abcd1234/session_1/logs/x.log": True,
        "tmp/tango-abcd9999/session_1/logs/x.log": False,  # young
        "tmp/tango-abcd5678/other/x": False,  # not Ray's
        "tmp/other-abcd1234/session_1/x": False,
        "out/.talk-0123abcd.mp4.part": True,
        "out/.else-0123abcd.mp4.part": False,  # of no render of this catalog
        "out/talk.mp4": False,
        "catalog/.links-abcd1234/1": True,
    }
    for name in names:
        place = tmp_path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(b"x" * 100)
        for part in (place, *place.parents) if "9999" not in name else ():
            if tmp_path in part.parents:
                os.utime(part, (time.time() - 7200,) * 2)
    catalog.table("renders").upsert([{"render_id": "r", "uri": str(out / "talk.mp4")}])
    found = collect(_settings(catalog), dry_run=True)
    assert found.leftover_bytes == 300 and all((tmp_path / name).exists() for name in names)
    assert set(collect(_settings(catalog)).leftovers) == set(found.leftovers)
    assert {name: not (tmp_path / name).exists() for name in names} == names


def test_the_command_says_how_many_bytes(catalog):
    result = CliRunner().invoke(app, ["gc", "--dry-run", "--catalog", catalog.uri])
    assert result.exit_code == 0 and "frames: old versions" in result.stdout and "would be freed" in result.stdout
    wrong = CliRunner().invoke(app, ["gc", "--catalog", str(Path(catalog.uri) / "not")])
    assert wrong.exit_code == 1 and "holds no catalog" in wrong.stderr
    assert not (Path(catalog.uri) / "not").exists()
