"""Which videos an avatar has after files were added, changed, moved, and given again."""

import threading
import unicodedata
from pathlib import Path

import pytest

from data_catalog import Catalog
from data_catalog.refusals import refusals
from flows.configuration.settings import Settings
from flows.intake import entering
from flows.intake.entering import Entry
from flows.intake.footage import Footage
from flows.onboard_avatar import onboard_avatar
from flows.outcome import FlowReport
from flows.preprocess_dataset import preprocess_dataset
from flows.reenact import reenact
from tango_models.errors import InputError
from tango_models.media.probe import content_id

OLD, NEW = b"\0\0\0\x18ftypmp42" + bytes(5000), b"\0\0\0\x18ftypmp42" + bytes(9000)


@pytest.fixture
def catalog(tmp_path) -> Catalog:
    return Catalog(tmp_path / "catalog")


def _add(catalog: Catalog, *videos: Path | str, avatar: str = "ann", motion: Path | None = None) -> FlowReport:
    report = FlowReport(subject=avatar)
    given = [Footage(str(video), str(motion) if motion else None) for video in videos]
    added = Entry(catalog, report, run_id="r").add(avatar, given)
    assert len(added) == len(given) - len(report.refused) - sum("counted once" in note for note in report.notes)
    return report


def _places(catalog: Catalog, avatar: str = "ann") -> list[str]:
    return sorted(Path(row["uri"]).name for row in catalog.avatar_videos(avatar).values())


def _put(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def test_a_file_that_was_half_copied_is_one_video_and_said(tmp_path, catalog):
    talk = _put(tmp_path / "talk.mp4", NEW[:7000])
    assert _add(catalog, talk).notes == []
    (half,) = catalog.avatar_videos("ann")
    (note,) = _add(catalog, _put(talk, NEW)).notes
    assert note.startswith("talk.mp4: changed since it was added") and "\n" not in note
    (whole,) = catalog.avatar_videos("ann")
    assert whole != half
    assert _add(catalog, talk).notes == []


def test_a_video_is_new_to_an_avatar_once_whoever_else_it_shows(tmp_path, catalog):
    talk, more = _put(tmp_path / "talk.mp4", NEW), _put(tmp_path / "more.mp4", OLD)
    ids = {path: content_id(path) for path in (talk, more)}
    for avatar, given, new in (
        ("ann", [talk], [talk]),
        ("ann", [talk], []),
        ("bea", [talk], [talk]),
        ("ann", [talk, more], [more]),
    ):
        entry = Entry(catalog, FlowReport(subject=avatar), run_id="r")
        entry.add(avatar, [str(path) for path in given])
        assert entry.entered == {(avatar, ids[path]) for path in new}


@pytest.mark.parametrize("other", [{"consent": "C-2"}, {"scene": "garden"}, {"motion": "b.npz"}, {"motion": None}])
def test_the_same_bytes_in_two_places_of_which_different_things_are_said_are_refused_once(tmp_path, catalog, other):
    for name in ("a.npz", "b.npz"):
        _put(tmp_path / name, name.encode())
    said = {"motion": "a.npz", "consent": "C-1", "scene": "desk"}

    def given(name: str, row: int, **said) -> Footage:
        motion = str(tmp_path / said["motion"]) if said["motion"] else None
        return Footage(str(_put(tmp_path / name, OLD)), motion, said["consent"], said["scene"], f"m.csv row {row}")

    rows = [given("1.mp4", 2, **said), given("2.mp4", 3, **said), given("3.mp4", 4, **said | other)]
    report = FlowReport(subject="ann")
    assert len(Entry(catalog, report, run_id="r").add("ann", rows)) == 1
    assert report.notes == ["m.csv row 3: 2.mp4: the same video as 1.mp4, counted once"]
    (line,) = report.refused
    what = "motion file" if "motion" in other else next(iter(other))
    assert line == f"m.csv row 4: 3.mp4: the same video as 1.mp4, of which another {what} is said; leave one"
    (row,) = catalog.avatar_videos("ann").values()
    assert (row["consent"], row["scene"], Path(row["motion_uri"]).name) == ("C-1", "desk", "a.npz")


@pytest.mark.parametrize("comes_again", [False, True])
def test_many_files_are_looked_at_side_by_side_and_each_is_what_it_is(tmp_path, catalog, monkeypatch, comes_again):
    """No file waits for the one before: two at least are read at a time, and stamps are asked so too."""
    monkeypatch.setattr(entering, "_LOOK_AGAIN_SECONDS", 0.0)
    together, lock, most = {"read": 0, "stamp": 0}, threading.Lock(), {"read": 0, "stamp": 0}
    met = {"read": threading.Event(), "stamp": threading.Event()}

    def side_by_side(kind, real):
        def asked(*given):
            with lock:
                together[kind] += 1
                most[kind] = max(most[kind], together[kind])
                if together[kind] > 1:
                    met[kind].set()
            met[kind].wait(10)  # the first waits for a second, however busy the machine is
            met[kind].set()
            with lock:
                together[kind] -= 1
            return real(*given)

        return asked

    monkeypatch.setattr(entering, "content_of", side_by_side("read", entering.content_of))
    monkeypatch.setattr(Entry, "_stamp", side_by_side("stamp", Entry._stamp))
    files = [_put(tmp_path / f"{k}.mp4", OLD + bytes([k])) for k in range(12)]
    footage = [Footage(str(file)) for file in files] + [Footage(str(tmp_path / "none.mp4"))]
    report = FlowReport(subject="ann")
    entry = Entry(catalog, report, run_id="r", comes_again=comes_again)
    entry.look_ahead(footage)
    added = entry.add("ann", footage)
    assert most["read"] > 1 and most["stamp"] > 1
    assert [(row["file_name"], row["video_id"]) for row in added] == [(file.name, content_id(file)) for file in files]
    (refused,) = report.refused
    assert "none.mp4: does not exist" in refused


def test_another_avatar_keeps_what_it_has(tmp_path, catalog):
    talk = _put(tmp_path / "talk.mp4", OLD)
    _add(catalog, talk, avatar="bob")
    _add(catalog, talk)
    before = set(catalog.avatar_videos("bob"))
    _add(catalog, _put(talk, NEW))
    assert set(catalog.avatar_videos("bob")) == before
    assert not before & set(catalog.avatar_videos("ann"))


def test_a_video_that_moved_is_not_replaced_by_what_lies_in_its_old_place(tmp_path, catalog):
    talk = _put(tmp_path / "talk.mp4", OLD)
    _add(catalog, talk)
    moved = talk.rename(tmp_path / "monday.mp4")
    _put(talk, NEW)
    assert _add(catalog, talk, moved).notes == []
    assert _places(catalog) == ["monday.mp4", "talk.mp4"]


def test_the_same_in_two_commands(tmp_path, catalog):
    talk = _put(tmp_path / "talk.mp4", OLD)
    _add(catalog, talk)
    _add(catalog, talk.rename(tmp_path / "monday.mp4"))
    _add(catalog, _put(talk, NEW))
    assert _places(catalog) == ["monday.mp4", "talk.mp4"]


def test_a_link_to_the_place_is_the_place(tmp_path, catalog):
    talk = _put(tmp_path / "talk.mp4", OLD)
    _add(catalog, talk)
    (tmp_path / "link").symlink_to(".")
    assert len(_add(catalog, tmp_path / "link" / "talk.mp4").notes) == 0
    _put(talk, NEW)
    assert len(_add(catalog, tmp_path / "link" / "talk.mp4").notes) == 1
    assert len(catalog.avatar_videos("ann")) == 1


def test_different_files_are_different_videos_and_none_is_dropped(tmp_path, catalog):
    _add(catalog, _put(tmp_path / "a.mp4", OLD))
    _add(catalog, _put(tmp_path / "b.mp4", NEW))
    (tmp_path / "a.mp4").unlink()
    _add(catalog, tmp_path / "b.mp4")
    assert _places(catalog) == ["a.mp4", "b.mp4"]


def test_what_cannot_be_used_is_refused_as_typed_and_the_rest_goes_on(tmp_path, catalog):
    good = _put(tmp_path / "good.mp4", NEW)
    picture = _put(tmp_path / "face.mp4", b"\xff\xd8\xff\xe0" + bytes(100))
    report = _add(catalog, "https://host/v.mp4", good, picture, "caf\udce9.mp4", tmp_path / "none.mp4")
    assert len(report.refused) == 4 and _places(catalog) == ["good.mp4"]
    assert report.refused[0].startswith("https://host/v.mp4: is a URL")
    assert report.refused[2].startswith("caf\\xe9.mp4: ")
    assert len(refusals(catalog)["ann"]) == 4


def test_one_name_in_two_forms_is_one_avatar(tmp_path, catalog):
    _add(catalog, _put(tmp_path / "a.mp4", OLD), avatar=unicodedata.normalize("NFD", "Jürgen"))
    _add(catalog, _put(tmp_path / "b.mp4", NEW), avatar="Jürgen")
    assert catalog.avatars() == ["Jürgen"] and len(catalog.avatar_videos("Jürgen")) == 2


def test_a_deployment_refuses_what_is_relative_to_a_folder_that_nobody_knows(tmp_path, monkeypatch):
    monkeypatch.setenv("PREFECT__RUNTIME__DEPLOYMENT__ID", "d")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data" / "ann").mkdir(parents=True)
    video, speech = _put(tmp_path / "talk.mp4", OLD), _put(tmp_path / "speech.wav", NEW)
    whole = Settings(catalog=str(tmp_path / "catalog"))
    attempts = {
        "catalog = tango_catalog": lambda: onboard_avatar.fn("ann", [str(video)], settings=Settings()),
        "m.npz": lambda: onboard_avatar.fn("ann", [str(video)], motion="m.npz", settings=whole),
        "data": lambda: preprocess_dataset.fn("data", settings=whole),
        "speech.wav": lambda: reenact.fn("ann", "speech.wav", str(tmp_path / "o.mp4"), settings=whole),
        "o.mp4": lambda: reenact.fn("ann", str(speech), "o.mp4", settings=whole),
    }
    for name, attempt in attempts.items():
        with pytest.raises(InputError, match=f"{name}: is a relative path"):
            attempt()
    assert not (tmp_path / "tango_catalog").exists() and not (tmp_path / "o.mp4").exists()
    report = FlowReport(subject="ann")
    Entry(Catalog(whole.catalog), report, run_id="r", deployed=True).add("ann", ["talk.mp4"])
    assert "relative path" in report.refused[0]
