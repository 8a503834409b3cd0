"""Which units are put back, by their state and their stage; nobody else's."""

import pytest
from typer.testing import CliRunner

from data_catalog import Catalog
from flows.command_line.app import app
from flows.settings import Settings
from flows.upkeep.rerun import Redo, choose_avatars, plan_rerun, put_back
from tasks.runtime.registry import ONBOARDING
from tasks.runtime.versions import Versions
from tasks.views.segments import segment_key
from tests.stages import add_video, mark_done

ANN, BEA = "a" * 32, "b" * 32


@pytest.fixture
def catalog(tmp_path) -> Catalog:
    """Of both avatars a landmarks unit failed, and the frames and the other one are there."""
    catalog = Catalog(tmp_path / "catalog")
    for avatar, video in (("ann", ANN), ("bea", BEA)):
        add_video(catalog, avatar, video, uri=f"/data/{avatar}.mp4")
        mark_done(catalog, "extract_frames", video)
        catalog.table("videos").upsert([{"video_id": video, "unit": video, "n_frames": 300, "file_name": "x.mp4"}])
        mark_done(catalog, "detect_landmarks", segment_key(video, 0), of={"extract_frames": [video]})
        unit = (
            Versions(catalog, Settings().stage_configs())
            .stage("detect_landmarks")
            .unit(segment_key(video, 1), subject=avatar, of={})
        )
        for _ in range(9):
            catalog.fail(unit, "broken", run_id="r")
    return catalog


def _left(catalog: Catalog) -> set[tuple[str, str]]:
    rows = catalog.table("units").read(["stage", "unit"]).to_pylist()
    return {(row["stage"], row["unit"]) for row in rows}


def _put_back(catalog: Catalog, avatars: list[str], stages: list[str], redo: Redo) -> int:
    return put_back(catalog, plan_rerun(Settings(catalog=catalog.uri), avatars, stages, redo).again)


def test_failed_units_are_put_back_however_often_they_failed(catalog):
    before = _left(catalog)
    assert _put_back(catalog, ["ann"], [], Redo.failed) == 1
    assert before - _left(catalog) == {("detect_landmarks", segment_key(ANN, 1))}


def test_force_puts_back_all_of_the_named_stages_and_no_other(catalog):
    before = _left(catalog)
    assert _put_back(catalog, ["ann"], ["detect_landmarks"], Redo.force) == 2
    assert before - _left(catalog) == {("detect_landmarks", segment_key(ANN, k)) for k in (0, 1)}
    assert _put_back(catalog, ["ann"], [], Redo.force) == 1
    assert {unit[:32] for _, unit in _left(catalog)} == {BEA}


def test_what_is_stale_needs_no_putting_back(catalog):
    before = _left(catalog)
    assert _put_back(catalog, ["ann"], list(ONBOARDING), Redo.stale) == 0 and _left(catalog) == before


def test_no_name_means_all_and_an_unknown_one_is_named(catalog):
    assert choose_avatars(["bea", "ann"], []) == ["ann", "bea"]
    assert choose_avatars(["ann", "bea"], ["bea"]) == ["bea"]
    with pytest.raises(ValueError, match=r"'eve': unknown \(known: ann, bea\)"):
        choose_avatars(["bea", "ann"], ["ann", "eve"])


def test_the_plan_is_shown_and_nothing_done_when_it_is_only_asked_for(catalog):
    before = _left(catalog)
    result = CliRunner().invoke(app, ["rerun", "--dry-run", "--catalog", catalog.uri])
    assert result.exit_code == 0, result.output
    assert "2 avatars" in result.stdout and "detect_landmarks" in result.stdout and "2 done over" in result.stdout
    assert _left(catalog) == before
    for wrong, word in (
        (["--stage", "fly"], "fit_smplx"),
        (["--failed", "--force"], "one of"),
        (["eve"], "known: ann"),
    ):
        result = CliRunner().invoke(app, ["rerun", "--dry-run", *wrong, "--catalog", catalog.uri])
        assert result.exit_code == 1 and word in result.stderr
