"""Videos, motion files, manifests and folders in an object store: what is entered, read once, refused."""

import threading
import time
from pathlib import Path

import pytest

from data_catalog import Catalog
from data_catalog.refusals import refusals
from data_catalog.uris.places import upload
from flows.intake import entering
from flows.intake.batch import read_batch
from flows.intake.entering import Entry
from flows.intake.footage import Footage
from flows.outcome import FlowReport
from tango_models.errors import InputError
from tango_models.media.probe import content_id
from tests.object_store import object_store

pytestmark = pytest.mark.integration
VIDEO = b"\0\0\0\x18ftypmp42"


@pytest.fixture(scope="module")
def store():
    with object_store("footage") as options:
        yield options


@pytest.fixture
def catalog(tmp_path, store) -> Catalog:
    return Catalog(tmp_path / "catalog", store)


def _put(tmp_path: Path, store: dict, key: str, data: bytes) -> str:
    source = tmp_path / "source"
    source.write_bytes(data)
    upload(source, f"s3://footage/{key}", store)
    return f"s3://footage/{key}"


def _add(catalog: Catalog, *footage: Footage | str, avatar: str = "ann", **how) -> tuple[list, FlowReport]:
    report = FlowReport(subject=avatar)
    entry = Entry(catalog, report, run_id="r", **how)
    entry.look_ahead(Footage(f) if isinstance(f, str) else f for f in footage)
    return entry.add(avatar, footage), report


def test_a_video_at_a_uri_is_the_same_video_as_on_a_disk(tmp_path, store, catalog):
    uri = _put(tmp_path, store, "a/talk 1.mp4", VIDEO + b"one")
    local = tmp_path / "talk.mp4"
    local.write_bytes(VIDEO + b"one")
    (added,), report = _add(catalog, uri)
    assert added["video_id"] == content_id(local) and (added["uri"], added["file_name"]) == (uri, "talk 1.mp4")
    assert report.refused == report.notes == []
    (again,), _ = _add(catalog, str(local))
    assert again["video_id"] == added["video_id"] and again["uri"] == str(local)


def test_what_did_not_change_is_not_read_again_and_what_did_takes_its_place(tmp_path, store, catalog, monkeypatch):
    uri = _put(tmp_path, store, "b/talk.mp4", VIDEO + b"one")
    (first,), _ = _add(catalog, uri)
    with monkeypatch.context() as patch:
        patch.setattr(entering, "content_of", lambda *_: pytest.fail("read again"))
        (again,), _ = _add(catalog, uri)
        (other,), _ = _add(catalog, uri, avatar="bob")
    assert again == first and other["video_id"] == first["video_id"]
    _put(tmp_path, store, "b/talk.mp4", VIDEO + b"another")
    (second,), report = _add(catalog, uri)
    assert second["video_id"] != first["video_id"] and list(catalog.avatar_videos("ann")) == [second["video_id"]]
    assert "takes the place of what it was" in report.notes[0]


def test_bad_files_are_said_by_their_row_and_the_others_go_on(tmp_path, store, catalog):
    good = _put(tmp_path, store, "c/good.mp4", VIDEO)
    bad = {
        "s3://footage/c/none.mp4": "does not exist; check the URI",
        _put(tmp_path, store, "c/empty.mp4", b""): "is empty",
        _put(tmp_path, store, "c/face.mp4", b"\xff\xd8\xff" + bytes(99)): r"is a picture (JPEG)",
        "s3://fotage/c/x.mp4": "the bucket does not exist",
    }
    rows = [Footage(uri, row=f"m.csv row {k}") for k, uri in enumerate(bad, 2)]
    other = _put(tmp_path, store, "c/other.mp4", VIDEO + b"other")
    rows.append(Footage(other, motion="s3://footage/c/none.npz", row="m.csv row 9"))
    added, report = _add(catalog, *rows, Footage(good, consent="C-1", scene="desk"))
    assert len(added) == 1 and len(report.refused) == len(bad) + 1
    for (uri, said), line in zip(bad.items(), report.refused, strict=False):
        assert line.startswith(f"m.csv row {list(bad).index(uri) + 2}: {uri}") and said in line
    assert report.refused[-1].startswith("m.csv row 9: s3://footage/c/none.npz: does not exist")
    (row,) = catalog.avatar_videos("ann").values()
    assert (row["consent"], row["scene"]) == ("C-1", "desk")
    assert {record.subject for record in refusals(catalog)["ann"]} == {
        "none.mp4", "empty.mp4", "face.mp4", "x.mp4", "other.mp4",
    }  # fmt: skip
    _put(tmp_path, store, "c/empty.mp4", VIDEO + b"whole now")
    _add(catalog, "s3://footage/c/empty.mp4", good)
    assert "empty.mp4" not in {record.subject for record in refusals(catalog)["ann"]}
    assert catalog.avatar_videos("ann")[added[0]["video_id"]]["consent"] == "C-1", "kept where nothing new is said"


def test_a_manifest_and_a_folder_in_a_store(tmp_path, store):
    for key in ("d/ann/1.mp4", "d/ann/._1.mp4", "d/ann/notes.txt", "d/bob/x/2.mp4", "d/two words/3.mp4", "d/4.mp4"):
        _put(tmp_path, store, key, VIDEO)
    found = read_batch("s3://footage/d", store)
    assert {avatar: [f.place for f in videos] for avatar, videos in found.footage.items()} == {
        "ann": ["s3://footage/d/ann/1.mp4"]
    }
    assert len(found.refused) == 1 and "two words" in found.refused[0]
    said = "\n".join(found.notes)
    assert all(name in said for name in ("notes.txt", "x/2.mp4", "4.mp4")) and "._" not in said
    rows = b"avatar,video,motion\nann,ann/1.mp4,\nbob,../d/4.mp4,m.npz\ncarl,../../../x.mp4,\n"
    found = read_batch(_put(tmp_path, store, "d/talks.csv", rows), store)
    assert found.footage["bob"][0].place == "s3://footage/d/4.mp4"
    assert found.footage["bob"][0].motion == "s3://footage/d/m.npz"
    assert found.refused == ["talks.csv row 4: ../../../x.mp4: leads out of the bucket; give its whole URI"]
    with pytest.raises(InputError, match="there is nothing there"):
        read_batch("s3://footage/nothing", store)
    with pytest.raises(InputError, match=r"none\.csv: does not exist"):
        read_batch("s3://footage/d/none.csv", store)


def test_a_file_on_its_way_waits_for_the_next_run(tmp_path, catalog, monkeypatch):
    monkeypatch.setattr(entering, "_LOOK_AGAIN_SECONDS", 0.5)
    slow, whole = tmp_path / "slow.mp4", tmp_path / "whole.mp4"
    whole.write_bytes(VIDEO)
    slow.write_bytes(VIDEO)
    done = threading.Event()

    def copy():
        while not done.wait(0.02):
            with slow.open("ab") as file:
                file.write(b"more")

    copying = threading.Thread(target=copy)
    copying.start()
    try:
        added, report = _add(catalog, Footage(str(slow), row="m.csv row 2"), str(whole), comes_again=True)
    finally:
        done.set()
        copying.join()
    assert [video["file_name"] for video in added] == ["whole.mp4"] and report.refused == []
    assert report.notes == [
        f"m.csv row 2: {slow}: is still being written; wait until it is whole; the next run takes it"
    ]
    assert refusals(catalog) == {}
    added, report = _add(catalog, str(slow), str(whole), comes_again=True)
    assert len(added) == 2 and report.notes == []


def test_files_that_lie_there_for_long_are_not_waited_for(tmp_path, catalog, monkeypatch):
    monkeypatch.setattr(time, "sleep", lambda _: pytest.fail("waited"))
    old = tmp_path / "old.mp4"
    old.write_bytes(VIDEO)
    monkeypatch.setattr(entering, "_FRESH_SECONDS", -1.0)
    added, _ = _add(catalog, str(old), comes_again=True)
    assert len(added) == 1
