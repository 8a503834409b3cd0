"""What is erased is in no file of the catalog any more, and what another avatar uses is still there."""

import copy
import shutil
from pathlib import Path

import pytest

from data_catalog import Catalog, handed_files
from data_catalog.keys import equals
from data_catalog.leases import Leases
from data_catalog.tables.presence import present
from data_catalog.tables.schemas import TABLES, tables_of
from data_catalog.upkeep.erase import erase, erase_speeches, unused_videos
from data_catalog.upkeep.speeches import known_speeches
from tests.erasable import Footage, compare, everything, left_by_killed_run, render, speak
from tests.layouts import LAYOUTS, laid_out, only_part

ANN, SHARED, BEA = ("a1" * 16), ("5c" * 16), ("be" * 16)


STAGES = sorted({spec.stage for spec in TABLES.values() if spec.stage})


def on_disk(folder: str) -> bytes:
    paths = sorted(path for path in Path(folder).rglob("*") if path.is_file())
    return b"\n".join(str(path).encode() + path.read_bytes() for path in paths)


def found(footage: Footage) -> list[str]:
    """Which of a video's secrets are in some file of the catalog."""
    data = on_disk(footage.catalog.uri)
    return [name for name, secret in footage.secrets.items() if _part(secret) in data or secret.hex().encode() in data]


def _part(secret: bytes) -> bytes:
    return secret[:64]


@pytest.fixture(params=LAYOUTS)
def catalog(tmp_path: Path, request) -> Catalog:
    return laid_out(Catalog(tmp_path / "catalog"), request.param)


@pytest.fixture(scope="module", params=LAYOUTS)
def filled(tmp_path_factory, request) -> Footage:
    folder = tmp_path_factory.mktemp("filled")
    return everything(laid_out(Catalog(folder / "catalog"), request.param), "ann", ANN, folder)


@pytest.fixture
def ann(filled, tmp_path) -> Footage:
    """Footage in a catalog of its own, with rows in every table."""
    shutil.copytree(filled.catalog.uri, tmp_path / "catalog")
    found = copy.copy(filled)
    found.catalog = Catalog(tmp_path / "catalog")
    return found


def test_of_rows_in_every_table_nothing_is_left(ann):
    catalog = ann.catalog
    for name in TABLES:
        data = b"".join(on_disk(part.uri) for part in catalog.table(name).parts())
        assert any(_part(secret) in data for secret in ann.secrets.values()), f"tests/erasable.py fills no {name}"
    assert set(found(ann)) == set(ann.secrets), "the search itself is at fault"
    erase(catalog, "ann", [ANN])
    assert found(ann) == []
    assert {name: catalog.table(name).count() for name in TABLES} == dict.fromkeys(TABLES, 0)


@pytest.mark.parametrize("stage", STAGES)
def test_rows_that_a_crash_left_without_their_ledgers_go_too(ann, stage):
    catalog = ann.catalog
    catalog.table("units").delete(equals(stage=stage))
    erase(catalog, "ann", [ANN])
    assert found(ann) == []
    assert [catalog.table(name).count() for name in tables_of(stage)] == [0] * len(tables_of(stage))


@pytest.mark.parametrize("named", ["source_video", "other_video"])
def test_lips_go_that_show_a_mouth_of_what_is_erased_wherever_they_name_it(catalog, named):
    ann, bea = Footage(catalog, "ann", ANN).write(), Footage(catalog, "ann", BEA).write()
    videos = {"source_video": [BEA, BEA], "other_video": ["", ""]} | {named: ["", ANN]}
    row = {"path_id": "p", "part": 0, "shape": ann.secret("lips", 660), **videos}
    bea.unit("match_lips", "p:lips", {}, finish=False, lips=[row, row | {"part": 1, named: []}])
    bea.unit("match_lips", "q:lips", {}, finish=False, lips=[row | {"path_id": "q", named: [""], "shape": b""}])
    erase(catalog, "ann", [ANN])
    assert found(ann) == []
    assert catalog.table("lips").read(["unit"])["unit"].to_pylist() == ["q:lips"]


def test_files_of_what_is_erased_and_of_dead_runs_go_and_those_of_a_living_run_stay(catalog, tmp_path):
    ann = Footage(catalog, "ann", ANN, motion="beef" * 8).write()
    left_by_killed_run(ann, str(tmp_path / "ann.mp4"))
    handed_files.put(catalog, "body", [b"of the settings"], holder=handed_files.EVERYBODY)
    handed_files.put(catalog, BEA, [b"being read"], holder="alive")
    handed_files.put(catalog, "beef" * 8, [ann.secret("motion", 600)], holder="alive")
    with Leases(catalog, "alive") as leases:
        leases.take("extract_frames", [BEA])
        done = erase(catalog, "ann", [ANN])
    assert found(ann) == [] and done.rows["files"] == 6
    assert handed_files.is_there(catalog, "body", holder=handed_files.EVERYBODY)
    assert b"".join(handed_files.read(catalog, BEA, holder="alive")) == b"being read"


def test_nothing_of_an_erased_avatar_is_in_the_files_and_the_other_avatar_is_whole(catalog, tmp_path):
    ann, bea = Footage(catalog, "ann", ANN).write(), Footage(catalog, "bea", BEA).write()
    for pair in ((ann, ann), (bea, bea)):
        compare(*pair)
    speak(ann, "speech")
    made, other = render("ann", [ann], "speech", tmp_path), render("bea", [bea], "speech", tmp_path)
    # What was replaced, and what a crash left without a row of the ledger.
    ann.unit("extract_frames", ANN, {}, frames=[{"video_id": ANN, "gop": 0, "pixels": ann.secret("new gop", 70_000)}])
    lost = {
        "src": f"{ANN}:000003",
        "dst": f"{ANN}:000000",
        "interpolator_id": "x",
        "pixels": ann.secret("lost", 70_000),
    }
    ann.unit("interpolate_seams", "lost unit", {}, finish=False, transitions=[lost])
    assert set(found(ann)) == set(ann.secrets), "the search itself is at fault"
    before = found(bea)

    done = erase(catalog, "ann", [ANN])

    assert found(ann) == []
    assert found(bea) == before == list(bea.secrets)
    assert done.files == [str(made)] and made.is_file() and other.is_file()
    assert done.bytes > 500_000
    for table in ("videos", "frames", "landmarks", "poses", "fits", "clips", "edges", "embeddings", "paths"):
        assert done.rows[table] and catalog.table(table).count(), table
    assert catalog.avatars() == ["bea"]
    assert list(catalog.records("analyse_speech")) == ["speech"]
    assert all(rows == keys for rows, keys in catalog.verify().values())


def test_a_video_that_another_avatar_shows_stays_and_what_shows_both_goes(catalog, tmp_path):
    own, mine = Footage(catalog, "ann", ANN).write(), Footage(catalog, "ann", SHARED)
    hers = Footage(catalog, "bea", SHARED).write()
    compare(own, hers)
    compare(hers, hers)
    speak(own, "speech")
    render("ann", [own, hers], "speech", tmp_path)
    render("bea", [hers], "speech", tmp_path)

    erase(catalog, "ann", [ANN, SHARED])

    assert found(own) == []
    assert set(found(hers)) == set(hers.secrets)
    assert set(catalog.records("score_edges")) == {f"{SHARED}:{SHARED}"}
    assert catalog.table("renders").read(["avatar"])["avatar"].to_pylist() == ["bea"]
    assert len(catalog.records("retrieve_path")) == len(catalog.records("render_video")) == 1
    assert mine.avatar not in catalog.avatars()


def test_of_a_video_shown_with_another_motion_the_pictures_stay_and_the_motion_goes(catalog):
    fitted = Footage(catalog, "ann", SHARED).write()
    imported = Footage(catalog, "bea", SHARED, motion="beef" * 8).write()
    compare(fitted, fitted)
    compare(imported, imported)
    erase(catalog, "ann", [SHARED])
    for stage in ("fit_smplx", "create_clips"):
        assert set(catalog.records(stage)) == {imported.track}
    assert set(catalog.records("score_edges")) == {f"{imported.track}:{imported.track}"}
    assert set(catalog.table("clips").read(["track_id"])["track_id"].to_pylist()) == {imported.track}
    assert set(found(imported)) == set(imported.secrets)
    assert [name for name in found(fitted) if "face" in name or name == "fit picture"] == []
    assert set(catalog.records("interpolate_seams")) == {f"{SHARED}:00000:between-1"}


def test_one_video_of_an_avatar_goes_and_its_others_stay(catalog, tmp_path):
    first, second = Footage(catalog, "ann", ANN).write(), Footage(catalog, "ann", BEA).write()
    compare(first, second)
    compare(second, second)
    speak(first, "speech")
    render("ann", [second], "speech", tmp_path)
    erase(catalog, "ann", [ANN])
    assert found(first) == []
    assert set(found(second)) == set(second.secrets)
    assert list(catalog.avatar_videos("ann")) == [BEA]


def test_a_video_that_served_as_speech_goes_with_the_renders_to_it(catalog, tmp_path):
    ann, bea = Footage(catalog, "ann", ANN).write(), Footage(catalog, "bea", BEA).write()
    speak(ann, ANN)
    target = render("bea", [bea], ANN, tmp_path)
    done = erase(catalog, "ann", [ANN])
    assert found(ann) == [] and catalog.table("speech").count() == 0
    assert done.files == [str(target)] and catalog.table("renders").count() == 0
    assert catalog.table("clips").count(equals(track_id=BEA)) == 6


def test_footage_that_was_only_taken_out_of_use_can_be_erased_later(catalog, tmp_path):
    ann = Footage(catalog, "ann", ANN).write()
    Footage(catalog, "bea", BEA).write()
    speak(ann, "speech")
    render("ann", [ann], "speech", tmp_path)
    catalog.table("avatars").delete(equals(avatar="ann"))
    assert list(unused_videos(catalog)) == list(unused_videos(catalog, shown_by="ann")) == [ANN]
    assert not unused_videos(catalog, shown_by="bea")
    erase(catalog, "ann", [ANN])
    assert found(ann) == []


def test_erasing_beside_a_run_says_so_and_is_done_by_giving_it_again(catalog):
    ann = Footage(catalog, "ann", ANN).write()
    with present(only_part(catalog, "frames").uri), pytest.raises(TimeoutError, match="other runs"):
        erase(catalog, "ann", [ANN], wait=0.05)
    assert catalog.avatars() == ["ann"]
    erase(catalog, "ann", [ANN])
    assert found(ann) == []


@pytest.mark.parametrize("table", ["lips", "speech", "units"])
def test_erasing_a_speech_beside_a_run_says_so_and_is_done_by_giving_it_again(ann, table):
    catalog = ann.catalog
    said = {name: ann.secrets[name] for name in ("said", "heard low", "heard high", "lips of ann", "poster of ann")}
    with present(only_part(catalog, table).uri), pytest.raises(TimeoutError, match="other runs"):
        erase_speeches(catalog, [ANN], wait=0.05)
    if table != "units":
        assert known_speeches(catalog) == {ANN: f"{ANN}.wav"}
    erase_speeches(catalog, [ANN])
    assert not set(said) & set(found(ann)) and known_speeches(catalog) == {}
    assert catalog.table("frames").count() and catalog.table("transitions").count()
