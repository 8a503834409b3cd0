"""Taking videos out of an avatar."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from data_catalog import Catalog
from data_catalog.refusals import refusals, refuse
from flows.command_line.app import app
from tests.stages import add_video


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    catalog = Catalog(tmp_path / "catalog")
    for name in ("one", "two"):
        add_video(catalog, "ann", f"id-{name}", uri=f"/footage/{name}.mp4")
    add_video(catalog, "bea", "id-one", uri="/footage/one.mp4")
    refuse(catalog, "ann", Path("/footage/bad.mp4"), "bad.mp4: is empty; give a video", run_id="r")
    return catalog


def _forget(catalog: Catalog, *arguments: str):
    return CliRunner().invoke(app, ["forget", *arguments, "--catalog", catalog.uri])


@pytest.mark.parametrize("name", ["one.mp4", "/footage/one.mp4", "id-one"])
def test_a_video_is_taken_out_of_one_avatar_only(catalog, name):
    result = _forget(catalog, "ann", name)
    assert result.exit_code == 0 and "one.mp4" in result.output
    assert list(catalog.avatar_videos("ann")) == ["id-two"]
    assert list(catalog.avatar_videos("bea")) == ["id-one"]


def test_a_file_that_could_not_be_read_is_no_longer_complained_of(catalog):
    assert _forget(catalog, "ann", "/elsewhere/bad.mp4").exit_code == 0
    assert refusals(catalog) == {}
    assert len(catalog.avatar_videos("ann")) == 2


def test_without_names_the_whole_avatar_goes(catalog):
    assert _forget(catalog, "ann").exit_code == 0
    assert catalog.avatars() == ["bea"]
    assert refusals(catalog) == {}


def test_an_unknown_video_is_named_and_nothing_is_forgotten(catalog):
    result = _forget(catalog, "ann", "one.mp4", "three.mp4")
    assert result.exit_code == 1
    assert len(catalog.avatar_videos("ann")) == 2


def test_an_unknown_avatar_is_an_error(catalog):
    assert _forget(catalog, "carl").exit_code == 1


def test_a_name_of_several_files_is_asked_about_and_a_path_or_an_id_says_which(catalog):
    add_video(catalog, "ann", "id-other", uri="/elsewhere/one.mp4")
    refuse(catalog, "ann", Path("/third/one.mp4"), "one.mp4: is empty", run_id="r")
    asked = _forget(catalog, "ann", "one.mp4")
    assert asked.exit_code == 2
    for known in ("/footage/one.mp4", "id-one", "/elsewhere/one.mp4", "id-other", "could not be read"):
        assert known in asked.stderr
    assert _forget(catalog, "ann", "/elsewhere/one.mp4").exit_code == 0
    assert set(catalog.avatar_videos("ann")) == {"id-one", "id-two"} and refusals(catalog)["ann"]
    assert _forget(catalog, "ann", "id-one").exit_code == 0
    assert set(catalog.avatar_videos("ann")) == {"id-two"} and refusals(catalog)["ann"]


def test_of_two_that_could_not_be_read_only_the_one_that_is_named_goes(catalog, tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "cut.mp4").write_bytes(b"")
        refuse(catalog, "ann", tmp_path / folder / "cut.mp4", "cut.mp4: is empty", run_id="r")
    asked = _forget(catalog, "ann", "cut.mp4")
    assert asked.exit_code == 2 and str(tmp_path / "a" / "cut.mp4") in asked.stderr
    assert _forget(catalog, "ann", str(tmp_path / "b" / "cut.mp4")).exit_code == 0
    left = [record for record in refusals(catalog)["ann"] if record.subject == "cut.mp4"]
    assert [record.fields["path"] for record in left] == [str(tmp_path / "a" / "cut.mp4")]
    assert _forget(catalog, "ann", left[0].unit.rpartition(":")[2]).exit_code == 0
    assert [record.subject for record in refusals(catalog)["ann"]] == ["bad.mp4"]


def test_at_a_terminal_it_asks_which(catalog, monkeypatch):
    add_video(catalog, "ann", "id-other", uri="/elsewhere/one.mp4")
    monkeypatch.setattr("flows.command_line.upkeep_commands.sys", SimpleNamespace(stdin=_Terminal, stdout=_Terminal))
    result = CliRunner().invoke(app, ["forget", "ann", "one.mp4", "--catalog", catalog.uri], input="9\n2\n")
    assert result.exit_code == 0 and "/elsewhere/one.mp4" in result.output
    assert set(catalog.avatar_videos("ann")) == {"id-one", "id-two"}


class _Terminal:
    @staticmethod
    def isatty() -> bool:
        return True


def test_where_there_is_no_catalog_it_says_so_and_makes_none(tmp_path):
    result = _forget(Catalog(tmp_path / "none"), "ann")
    assert result.exit_code == 1 and "holds no catalog" in result.stderr and not (tmp_path / "none").exists()
