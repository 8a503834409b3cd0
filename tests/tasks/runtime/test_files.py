"""Files of a stage: on this machine, in the catalog, at a URI; and what becomes of the copies."""

import os
import tempfile
import time
from pathlib import Path

import pytest

from data_catalog import Catalog, Unit, handed_files
from data_catalog.uris.places import read_blocks, upload
from tango_models.errors import InputError
from tango_models.media.probe import content_id
from tasks.extract_frames import ExtractFrames, ExtractFramesConfig
from tasks.runtime.cluster.pool import WorkerPool
from tasks.runtime.cluster.workers import StageWorker, WorkerResources
from tasks.runtime.files import Files, content_of, safe_name
from tasks.runtime.handing_over import HandOver, arrived
from tasks.runtime.scratch import scratch_folder
from tests.object_store import object_store
from tests.speaker import cut_speaker

DATA = b"a video, or so" * 1000


@pytest.fixture
def catalog(tmp_path) -> Catalog:
    return Catalog(tmp_path / "catalog")


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch) -> Path:
    """Nothing may be left in it."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert os.listdir(folder) == []


@pytest.fixture
def video(tmp_path) -> Path:
    path = tmp_path / "talk.mp4"
    path.write_bytes(DATA)
    return path


def unit_of(stage: ExtractFrames, path: Path | str) -> Unit:
    content = content_of(str(path), None)
    return stage.unit(content, subject="talk.mp4", video_id=content, uri=str(path))


def test_a_file_that_is_here_is_opened_in_its_place(video):
    with Files().open(str(video), content_id(video)) as path:
        assert path == video


def test_a_file_that_is_elsewhere_comes_out_of_the_catalog_under_its_name(catalog, video):
    stage = ExtractFrames(ExtractFramesConfig())
    unit, handing = unit_of(stage, video), HandOver(catalog, "run", shared=False)
    content = unit.inputs["video_id"]
    with handing.lent(handing.wanted(stage, unit)):
        video.unlink()
        with Files(catalog, "run", shared=False).open(str(video), content) as path:
            assert path != video and path.name == "talk.mp4" and path.read_bytes() == DATA
        with (
            pytest.raises(InputError, match=r"talk\.mp4: does not exist"),
            Files(catalog, "another run", shared=False).open(str(video), content),
        ):
            raise AssertionError
    assert catalog.table("files").count() == 0


def test_another_file_in_that_place_on_the_workers_machine_is_not_taken_for_it(catalog, video):
    handed_files.put(catalog, content_id(video), [DATA], holder="run")
    content = content_id(video)
    video.write_bytes(b"of somebody else's")
    with Files(catalog, "run").open(str(video), content) as path:
        assert path.read_bytes() == DATA


def test_a_file_that_changed_while_it_was_handed_over_is_refused(catalog, video):
    handed_files.put(catalog, "0" * 32, [DATA], holder="run")
    with (
        pytest.raises(InputError, match=r"changed since .*; again"),
        Files(catalog, "run").open("/none/talk.mp4", "0" * 32, remedy="again"),
    ):
        raise AssertionError


def test_what_is_wrong_with_a_copy_is_said_of_the_place_that_was_given(video):
    uri = "memory://files/talk.mp4"
    upload(video, uri, None)
    assert content_of(uri, None) == content_id(video)
    with (
        pytest.raises(InputError, match=r"^memory://files/talk\.mp4: is odd; mend it"),
        Files().open(uri, content_id(video)) as path,
    ):
        raise InputError(str(path), "is odd", "mend it")


def test_two_units_share_what_both_read_and_the_last_drops_it(catalog, video):
    handing, files = HandOver(catalog, "run", shared=False), {content_id(video): str(video)}
    with handing.lent(files):
        with handing.lent(files):
            pass
        assert handed_files.is_there(catalog, content_id(video), holder="run")
    assert catalog.table("files").count() == 0


def test_only_what_workers_cannot_see_is_handed_over(catalog, video):
    stage = ExtractFrames(ExtractFramesConfig())
    upload(video, "memory://files/talk.mp4", None)
    units = {place: unit_of(stage, place) for place in (str(video), "memory://files/talk.mp4")}
    units["s3://b/k.mp4"] = stage.unit("c", subject="k", video_id="c", uri="s3://b/k.mp4")
    units["/none.mp4"] = stage.unit("c", subject="k", video_id="c", uri="/none.mp4")
    for shared, expected in ((True, {"memory://files/talk.mp4"}), (False, {"memory://files/talk.mp4", str(video)})):
        handing = HandOver(catalog, "run", shared=shared)
        assert {place for place, unit in units.items() if handing.wanted(stage, unit)} == expected


def test_what_is_written_goes_where_it_was_asked_for(catalog, tmp_path):
    for shared, places in ((True, ["memory://out/a.mp4", "memory://out/a.npz"]), (False, [str(tmp_path / "a.mp4")])):
        with Files(catalog, "run", shared=shared).writing(places) as paths:
            for path, place in zip(paths, places, strict=True):
                assert not path.is_relative_to(tmp_path) or "tmp" in path.parts
                path.write_text(place)
        for place in places if shared else ():
            assert b"".join(read_blocks(place, None)).decode() == place

    class Planner:
        def outputs(self, unit):
            return [str(tmp_path / "a.mp4")]

    assert not (tmp_path / "a.mp4").exists()
    HandOver(catalog, "run", shared=False).collect(Planner(), None)  # type: ignore[arg-type]
    assert (tmp_path / "a.mp4").read_text() == str(tmp_path / "a.mp4")
    assert catalog.table("files").count() == 0


def test_nothing_arrives_of_what_was_not_finished(catalog, tmp_path):
    with pytest.raises(KeyError), Files(catalog, "run").writing(["memory://out/half.mp4"]) as (path,):
        path.write_bytes(b"half")
        raise KeyError
    with pytest.raises(FileNotFoundError):
        next(read_blocks("memory://out/half.mp4", None))


def test_settings_that_name_files_and_folders_arrive_as_copies(catalog, tmp_path, monkeypatch):
    (tmp_path / "models/speech").mkdir(parents=True)
    for name in ("config.json", "speech/weights.safetensors"):
        (tmp_path / "models" / name).write_text(name)
    (tmp_path / "m.safetensors").write_bytes(DATA)

    class Stage:
        file_settings = ("model.checkpoint", "backbones", "nothing")

    config = {"model": {"checkpoint": str(tmp_path / "m.safetensors"), "size": 3}, "nothing": None}
    config["backbones"] = str(tmp_path / "models")
    files = HandOver(catalog, "run", shared=False).settings(Stage, config)  # type: ignore[arg-type]
    rows = catalog.table("files").count()
    assert HandOver(catalog, "other", shared=False).settings(Stage, config) == files  # type: ignore[arg-type]
    assert catalog.table("files").count() == rows, "what is there is not put again"
    assert HandOver(catalog, "run", shared=True).settings(Stage, config) == {}  # type: ignore[arg-type]
    with scratch_folder() as folder:
        found = arrived(catalog, config, files, folder)
        assert Path(found["model"]["checkpoint"]).read_bytes() == DATA and found["model"]["size"] == 3
        assert Path(found["backbones"], "speech/weights.safetensors").read_text() == "speech/weights.safetensors"
        assert config["backbones"] == str(tmp_path / "models")


def test_a_file_that_cannot_be_read_fails_its_unit_alone(catalog, video, monkeypatch):
    stage = ExtractFrames(ExtractFramesConfig())
    unit = unit_of(stage, video)
    pool = WorkerPool("extract_frames", {}, catalog, WorkerResources(), size=1, run_id="run", shared=False)
    monkeypatch.setattr(pool._handing, "wanted", lambda planner, unit: {unit.key: "memory://files/gone.mp4"})
    (outcome,) = pool.run([unit])
    assert not outcome.ok and not outcome.transient and "gone.mp4: does not exist" in outcome.error
    assert not catalog.record("extract_frames", unit.key).ok


def test_a_worker_of_another_machine_does_a_unit(catalog, tmp_path):
    video = cut_speaker(tmp_path / "talk.mp4", start=0.0, seconds=0.5, side=128)
    stage = ExtractFrames(ExtractFramesConfig())
    unit, handing = unit_of(stage, video), HandOver(catalog, "run", shared=False)
    worker = StageWorker("extract_frames", {}, catalog.uri, None, "run", shared=False)
    with handing.lent(handing.wanted(stage, unit)):
        video.unlink()
        assert worker.process(unit).ok
    (row,) = catalog.table("videos").read(["file_name", "n_frames"]).to_pylist()
    assert row == {"file_name": "talk.mp4", "n_frames": 15}


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("talk.mp4", "talk.mp4"),
        ("..", "file"),
        ("", "file"),
        (".mp4", "mp4"),
        ("a\nb\\c.mp4", "abc.mp4"),
        ("张.mp4", "张.mp4"),
    ],
)
def test_names_out_of_uris_are_file_names(name, safe):
    assert safe_name(name) == safe
    long = safe_name("张" * 300 + ".mp4")
    assert long.endswith(".mp4") and len(os.fsencode(long)) <= 200


def test_what_killed_processes_left_is_removed_and_nothing_else(temporary):
    left, young, other = (temporary / f"tango-files-{name}" for name in "abc")
    for folder in (left, young, other):
        (folder / "inside").mkdir(parents=True)
    (left / ".owned").touch()
    strange = temporary / "tango-files-strange"  # somebody else's, by chance of that name
    strange.mkdir()
    old = time.time() - 1000
    for folder in (left, strange):
        os.utime(folder, (old, old))
    with scratch_folder() as mine:
        os.utime(mine, (old, old))
        with scratch_folder():
            assert mine.is_dir(), "it is held"
        assert not left.exists() and young.exists() and strange.exists()
    strange.rmdir()
    other.rename(temporary.parent / "c")
    (young / "inside").rmdir()
    young.rmdir()


@pytest.mark.integration
def test_a_worker_with_a_catalog_and_videos_in_a_store(tmp_path):
    with object_store("footage") as options:
        catalog = Catalog("s3://footage/tables", options)
        catalog.check()
        stage, local, remote = ExtractFrames(ExtractFramesConfig()), tmp_path / "a.mp4", "s3://footage/b/b 1.mp4"
        cut_speaker(local, start=0.0, seconds=0.5, side=128)
        upload(cut_speaker(tmp_path / "b.mp4", start=2.0, seconds=0.5, side=128), remote, options)
        handing = HandOver(catalog, "run", shared=False)
        worker = StageWorker("extract_frames", {}, catalog.uri, options, "run", shared=False)
        for place in (str(local), remote):
            content = content_of(place, options)
            unit = stage.unit(content, subject=place, video_id=content, uri=place)
            with handing.lent(handing.wanted(stage, unit)):
                if place == str(local):
                    local.unlink()
                assert worker.process(unit).ok
        names = catalog.table("videos").read(["file_name"])["file_name"].to_pylist()
        assert sorted(names) == ["a.mp4", "b 1.mp4"] and catalog.table("files").count() == 0
        with Files(catalog, "run").writing(["s3://footage/out/a.mp4"]) as (path,):
            path.write_bytes(DATA)
        assert b"".join(read_blocks("s3://footage/out/a.mp4", options)) == DATA
