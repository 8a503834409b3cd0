"""What is erased is in no file of the catalog any more, and what another avatar uses is still there."""

from pathlib import Path

import pytest

from data_catalog import Catalog
from data_catalog.erase import erase, unused_videos
from data_catalog.keys import equals
from data_catalog.presence import present
from tests.erasable import Footage, compare, render, speak

ANN, SHARED, BEA = ("a1" * 16), ("5c" * 16), ("be" * 16)


def on_disk(catalog: Catalog) -> bytes:
    paths = sorted(path for path in Path(catalog.uri).rglob("*") if path.is_file())
    return b"\n".join(str(path).encode() + path.read_bytes() for path in paths)


def found(footage: Footage) -> list[str]:
    """Which of a video's secrets are in some file of the catalog."""
    data = on_disk(footage.catalog)
    return [name for name, secret in footage.secrets.items() if _part(secret) in data or secret.hex().encode() in data]


def _part(secret: bytes) -> bytes:
    return secret[:64]


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog(tmp_path / "catalog")


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
    with present(catalog.table("frames").uri), pytest.raises(TimeoutError, match="other runs"):
        erase(catalog, "ann", [ANN], wait=0.05)
    assert catalog.avatars() == ["ann"]
    erase(catalog, "ann", [ANN])
    assert found(ann) == []
