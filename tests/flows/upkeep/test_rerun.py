"""Which units are done over, by their state and their stage; nobody else's, and to nobody's harm if it comes to
nothing."""

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from typer.testing import CliRunner

from data_catalog import Catalog
from data_catalog.doing_over import doing_over
from flows.command_line.app import app
from flows.configuration.settings import Settings
from flows.upkeep.rerun import Redo, choose_avatars, plan_rerun, put_back, rerun
from tango_models.errors import InputError
from tasks.runtime.registry import ONBOARDING
from tasks.runtime.versions import Versions
from tasks.views.footage.segments import segment_key
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


def _seen(catalog: Catalog) -> set[tuple[str, str]]:
    """What counts as done or failed in this process, by both ways to read the ledger."""
    ledger = catalog.ledger()
    found = {(stage, unit) for stage in ONBOARDING for unit in ledger.units(stage)}
    assert found == {(stage, unit) for stage in ONBOARDING for unit in catalog.records(stage)}
    return found


def _put_back(catalog: Catalog, avatars: list[str], stages: list[str], redo: Redo) -> set[tuple[str, str]]:
    """The units that are done over. No unit that is done leaves the ledger for that."""
    before, done = (
        _seen(catalog),
        {(stage, u) for stage in ONBOARDING for u, r in catalog.records(stage).items() if r.ok},
    )
    again = plan_rerun(Settings(catalog=catalog.uri), avatars, stages, redo).again
    put_back(catalog, again)
    with doing_over(catalog.uri, again, "this run"):
        found = before - _seen(catalog)
    assert done <= _left(catalog) == _seen(catalog)
    return found


def test_failed_units_are_put_back_however_often_they_failed(catalog):
    before = _left(catalog)
    assert _put_back(catalog, ["ann"], [], Redo.failed) == {("detect_landmarks", segment_key(ANN, 1))}
    assert before - _left(catalog) == {("detect_landmarks", segment_key(ANN, 1))}


def test_force_does_over_all_of_the_named_stages_and_no_other(catalog):
    marks = {("detect_landmarks", segment_key(ANN, k)) for k in (0, 1)}
    assert _put_back(catalog, ["ann"], ["detect_landmarks"], Redo.force) == marks
    frames = {("extract_frames", ANN)}
    assert _put_back(catalog, ["ann"], [], Redo.force) == frames | {("detect_landmarks", segment_key(ANN, 0))}


@given(st.lists(st.booleans(), min_size=4, max_size=4), st.sampled_from([["ann"], ["bea"], []]))
@examples(max_examples=8)
def test_a_second_try_goes_on_with_what_the_first_has_not_done(tmp_path_factory, done_over, avatars):
    catalog = Catalog(tmp_path_factory.mktemp("catalog"))
    units = {}
    for avatar, video in (("ann", ANN), ("bea", BEA)):
        add_video(catalog, avatar, video, uri=f"/data/{avatar}.mp4")
        for stage, unit, of in (
            ("extract_frames", video, {}),
            ("detect_landmarks", segment_key(video, 0), {"extract_frames": [video]}),
        ):
            mark_done(catalog, stage, unit, of=of)
            units[stage, unit] = avatar
    for (stage, unit), again in zip(units, done_over, strict=True):
        if again:  # in the first try, which was killed then
            table = catalog.table("units")
            row = table.read(where=f"stage = '{stage}' AND unit = '{unit}'").to_pylist()[0]
            table.upsert([row | {"run_id": "this run"}])
    left = {key for key, again in zip(units, done_over, strict=True) if not again}
    wanted = {key for key in left if not avatars or units[key] in avatars}
    plan = plan_rerun(Settings(catalog=catalog.uri), avatars, [], Redo.force)
    with doing_over(catalog.uri, plan.again, "this run"):
        assert set(units) - _seen(catalog) == wanted
    assert _seen(catalog) == set(units)


def test_a_run_that_cannot_begin_takes_nothing_away(catalog, tmp_path, monkeypatch):
    before = catalog.table("units").read().to_pylist()
    wrong = {"address": "ray://nobody:1", "token_file": str(tmp_path / "none")}
    monkeypatch.setenv("TANGO_BODY", "")
    with pytest.raises(InputError, match="none"):
        rerun(Settings(catalog=catalog.uri, cluster=wrong), [], [], Redo.force)
    assert catalog.table("units").read().to_pylist() == before


def test_failures_are_put_back_only_when_the_cluster_has_answered(catalog, monkeypatch):
    from tasks.runtime.cluster import ray_token
    from tests.flows.server.served import free_port

    monkeypatch.setattr(ray_token, "_SECONDS", 0.5)
    address = f"127.0.0.1:{free_port()}"
    before = catalog.table("units").read().to_pylist()
    assert "failed" in {row["status"] for row in before}
    for where in (address, f"ray://{address}"):
        with pytest.raises(InputError, match="no Ray cluster can be joined there"):
            rerun(Settings(catalog=catalog.uri, cluster={"address": where}), [], [], Redo.failed)
    assert catalog.table("units").read().to_pylist() == before


def test_a_run_whose_cluster_is_not_there_leaves_what_is_done(catalog, monkeypatch):
    from flows.fleet import onboarding

    def unreachable(*_):
        raise InputError("ray://nobody:1", "nobody answers", "start it")

    monkeypatch.setattr(onboarding, "onboard_all", unreachable)
    done = {(stage, unit) for stage in ONBOARDING for unit, record in catalog.records(stage).items() if record.ok}
    with pytest.raises(InputError, match="nobody answers"):
        rerun(Settings(catalog=catalog.uri), [], [], Redo.force)
    assert _left(catalog) == _seen(catalog) == done


def test_what_is_stale_needs_no_putting_back(catalog):
    before = _left(catalog)
    assert _put_back(catalog, ["ann"], list(ONBOARDING), Redo.stale) == set() and _left(catalog) == before


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
