"""`tango forget --erase` and `--speech`, as a person gives them."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from data_catalog import Catalog
from data_catalog.keys import equals
from data_catalog.leases import Leases
from data_catalog.refusals import refusals, refuse
from data_catalog.upkeep.erase import erase
from flows.command_line.app import app
from flows.upkeep import forget as forget_module
from tango_models.media.probe import content_id
from tests.erasable import Footage, compare, render, speak
from tests.layouts import only_part

ANN, TWO, BEA = ("a1" * 16), ("a2" * 16), ("be" * 16)


@pytest.fixture
def made(tmp_path: Path) -> dict[str, Footage]:
    catalog = Catalog(tmp_path / "catalog")
    found = {
        name: Footage(catalog, avatar, name).write() for avatar, name in (("ann", ANN), ("ann", TWO), ("bea", BEA))
    }
    compare(found[ANN], found[TWO])
    speak(found[ANN], "speech")
    render("ann", [found[ANN]], "speech", tmp_path)
    refuse(catalog, "ann", Path("/footage/bad.mp4"), "bad.mp4: is empty; give a video", run_id="r")
    return found


def _forget(catalog: Catalog, *arguments: str):
    return CliRunner().invoke(app, ["forget", *arguments, "--catalog", catalog.uri])


def _left(footage: Footage) -> list[str]:
    data = b"".join(path.read_bytes() for path in Path(footage.catalog.uri).rglob("*") if path.is_file())
    return [name for name, secret in footage.secrets.items() if secret[:64] in data]


def test_erasing_one_video_says_what_went_and_names_the_files_that_show_it(made, tmp_path):
    catalog = made[ANN].catalog
    result = _forget(catalog, "ann", made[ANN].secrets["name"].decode(), "--erase")
    assert result.exit_code == 0, result.output
    assert "Prefect" not in result.output
    assert str(tmp_path / "ann-speech.mp4") in result.output and "frames 6" in result.output
    assert " 0.0 MB" not in result.output and "MB freed" in result.output
    assert _left(made[ANN]) == []
    assert (tmp_path / "ann-speech.mp4").is_file()
    assert list(catalog.avatar_videos("ann")) == [TWO]
    assert refusals(catalog) != {}


@pytest.mark.parametrize("at", ["a unit of it", "a unit of another", "a render"])
def test_nothing_is_erased_while_a_run_is_at_work_that_could_write_it_again(made, at):
    catalog = made[ANN].catalog
    with Leases(catalog, "alive") as leases:
        if at == "a render":
            leases.keep("analyse_speech", "speech")
        else:
            leases.take("extract_frames", [ANN if at == "a unit of it" else BEA])
        result = _forget(catalog, "ann", "--erase")
        assert result.exit_code and "a run is at work on the catalog; let it end" in result.output, result.output
        assert list(catalog.avatar_videos("ann")) == [ANN, TWO] and "id" in _left(made[ANN])
    assert _forget(catalog, "ann", "--erase").exit_code == 0
    assert _left(made[ANN]) == _left(made[TWO]) == []


def test_a_run_that_begins_while_something_is_erased_is_said_with_what_to_do(made, monkeypatch):
    catalog = made[ANN].catalog
    with Leases(catalog, "alive") as leases:

        def begin(*given):
            done = erase(*given)
            leases.keep("onboarding", "ann")
            return done

        monkeypatch.setattr(forget_module, "erase", begin)
        result = _forget(catalog, "ann", "--erase")
    names = " ".join(made[video].secrets["name"].decode() for video in (ANN, TWO))
    assert result.exit_code == 1 and "a run began meanwhile" in result.stderr
    assert f"tango forget ann {names} --erase" in result.stderr, result.stderr


def test_erasing_an_avatar_takes_what_was_taken_out_of_use_before(made):
    catalog = made[ANN].catalog
    assert _forget(catalog, "ann", ANN).exit_code == 0
    assert "id" in _left(made[ANN]), "without --erase the rows stay"
    assert _forget(catalog, "ann", "--erase").exit_code == 0
    assert _left(made[ANN]) == _left(made[TWO]) == []
    assert catalog.avatars() == ["bea"]
    assert refusals(catalog) == {}
    assert set(_left(made[BEA])) == set(made[BEA].secrets)


def test_an_unknown_video_is_named_and_nothing_is_erased(made):
    catalog = made[ANN].catalog
    assert _forget(catalog, "ann", ANN, "three.mp4", "--erase").exit_code == 1
    assert _forget(catalog, "carl", "--erase").exit_code == 1
    assert len(catalog.avatar_videos("ann")) == 2
    assert catalog.table("frames").count() == 18


def test_erasing_says_that_prefects_database_keeps_pictures_where_it_does(made, tmp_path, monkeypatch):
    for name in [name for name in os.environ if name.startswith("PREFECT_")]:
        monkeypatch.delenv(name)
    file = tmp_path / "catalog.server" / "prefect.db"
    file.parent.mkdir()
    with closing(sqlite3.connect(file)) as connection:
        for table in ("artifact", "flow_run"):
            connection.execute(f"CREATE TABLE {table} (type VARCHAR)")
        connection.execute("INSERT INTO artifact VALUES ('image')")
        connection.commit()
    (line,) = [line for line in _forget(made[ANN].catalog, "ann", "--erase").output.splitlines() if "Prefect" in line]
    assert str(file) in line and "pictures of seams" in line and "delete" in line


@pytest.fixture
def spoken(made, tmp_path) -> dict[str, bytes]:
    """The secrets of what was made of a speech whose file is there; there is a render of bea to it."""
    file = tmp_path / "talk.wav"
    file.write_bytes(b"somebody speaks")
    speech = content_id(file)
    secrets = speak(made[BEA], speech)
    render("bea", [made[BEA]], speech, tmp_path)
    for stage, table in (("analyse_speech", "units"), ("", "speech")):
        where = equals(**({"stage": stage, "unit": speech} if stage else {"speech_id": speech}))
        name = "subject" if stage else "file_name"
        only_part(made[BEA].catalog, table).open().update({name: "'talk.wav'"}, where)
    return secrets | {"id": speech.encode(), "lips": made[BEA].secrets["lips of bea"]}


def _of_speech(catalog: Catalog, secrets: dict[str, bytes]) -> set[str]:
    data = b"".join(path.read_bytes() for path in Path(catalog.uri).rglob("*") if path.is_file())
    return {name for name, secret in secrets.items() if secret[:64] in data}


@pytest.mark.parametrize("named", ["talk.wav", "path", "id"])
def test_a_speech_is_erased_with_its_renders_and_nothing_else_is(made, spoken, tmp_path, named):
    catalog = made[BEA].catalog
    assert _of_speech(catalog, spoken) == set(spoken), "the search itself is at fault"
    given = {"path": str(tmp_path / "talk.wav"), "id": spoken["id"].decode()}.get(named, named)
    result = _forget(catalog, "--speech", given, "--erase")
    assert result.exit_code == 0, result.output
    assert "talk.wav: is erased" in result.output and f"bea-{content_id(tmp_path / 'talk.wav')}.mp4" in result.output
    assert _of_speech(catalog, spoken) == set()
    assert set(made[BEA].secrets) - set(_left(made[BEA])) == {"lips of bea", "poster of bea"}
    assert list(catalog.records("analyse_speech")) == ["speech"] and len(catalog.records("render_video")) == 1
    assert _forget(catalog, "--speech", given).exit_code == 1, "it is known no more"


def test_a_speech_that_is_dropped_leaves_what_tells_of_its_render(made, spoken, tmp_path):
    catalog = made[BEA].catalog
    result = _forget(catalog, "--speech", "talk.wav")
    assert result.exit_code == 0 and "what was made of it is dropped" in result.output
    assert _of_speech(catalog, spoken) == {"id"}
    assert catalog.table("renders").count() == catalog.table("paths").count() == 2
    assert catalog.table("speech").count() == catalog.table("lips").count() == 1
    assert _forget(catalog, "--speech", spoken["id"].decode(), "--erase").exit_code == 0
    assert _of_speech(catalog, spoken) == set()


def test_a_speech_that_is_unknown_of_two_or_in_use_is_named_and_nothing_goes(made, spoken, tmp_path):
    catalog = made[BEA].catalog
    rows = {name: count for name, (count, _) in catalog.verify().items()}
    (tmp_path / "other.wav").write_bytes(b"somebody else")
    for arguments, said in (
        (["--speech", "none.wav"], "none.wav: is no speech that the catalog knows"),
        (["--speech", str(tmp_path / "other.wav"), "--erase"], "talk.wav"),
        (["bea", "--speech", "talk.wav"], "both are given"),
        (["--erase"], "neither is given"),
    ):
        wrong = _forget(catalog, *arguments)
        assert wrong.exit_code == 1 and said in wrong.stderr, (arguments, wrong.output)
    with Leases(catalog, "render") as run:
        run.keep("analyse_speech", spoken["id"].decode())
        for more in ([], ["--erase"]):
            used = _forget(catalog, "--speech", "talk.wav", *more)
            assert used.exit_code == 1 and "talk.wav: a render to it is at work" in used.stderr
    assert {name: count for name, (count, _) in catalog.verify().items()} == rows
    speak(made[BEA], "talk")  # whose file was named so too
    several = _forget(catalog, "--speech", "talk.wav")
    assert several.exit_code == 2 and spoken["id"].decode() in several.stderr
