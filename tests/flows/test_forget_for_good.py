"""`tango forget --erase`, as a person gives it."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from data_catalog import Catalog
from data_catalog.refusals import refusals, refuse
from flows.command_line.app import app
from tests.erasable import Footage, compare, render, speak

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
    assert str(tmp_path / "ann-speech.mp4") in result.output and "frames 6" in result.output
    assert " 0.0 MB" not in result.output and "MB freed" in result.output
    assert _left(made[ANN]) == []
    assert (tmp_path / "ann-speech.mp4").is_file()
    assert list(catalog.avatar_videos("ann")) == [TWO]
    assert refusals(catalog) != {}


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
