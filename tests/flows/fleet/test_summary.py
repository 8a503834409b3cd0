"""How avatars stand, told from the ledger alone."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from data_catalog import Catalog
from data_catalog.leases import Leases
from data_catalog.refusals import refuse
from flows.command_line.app import app
from flows.configuration.settings import Settings
from flows.fleet.onboarding import take_out_withdrawn
from flows.fleet.standing import FleetSnapshot
from flows.fleet.summary import State, summarise
from flows.status import catalog_status
from tasks.runtime.versions import Versions
from tasks.views.embedding_model import EmbeddingModelConfig, model_id
from tasks.views.embeddings import embedding_key
from tasks.views.footage.segments import segment_key
from tests.stages import add_video, mark_done

MODEL = model_id(EmbeddingModelConfig())


@pytest.fixture
def catalog(tmp_path) -> Catalog:
    return Catalog(tmp_path / "catalog")


def _settings(catalog: Catalog, **values) -> Settings:
    return Settings(catalog=catalog.uri, **values)


def _video(catalog: Catalog, avatar: str, video: str, *, until: str = "score_edges") -> None:
    """Enter a video whose stages are done up to one of them."""
    add_video(catalog, avatar, video, uri=f"/data/{avatar}/{video}.mp4")
    segment = segment_key(video, 0)
    units = {
        "extract_frames": (video, {}),
        "detect_landmarks": (segment, {"extract_frames": [video]}),
        "fit_smplx": (video, {"extract_frames": [video], "detect_landmarks": [segment]}),
        "create_clips": (video, {"extract_frames": [video], "fit_smplx": [video], "detect_landmarks": [segment]}),
        "embed_clips": (embedding_key(video, MODEL), {"create_clips": [video]}),
        "score_edges": (f"{video}:{video}", {"create_clips": [video, video]}),
    }
    for stage, (unit, of) in units.items():
        mark_done(catalog, stage, unit, of=of)
        if stage == "extract_frames":
            catalog.table("videos").upsert([{"video_id": video, "unit": video, "n_frames": 60, "file_name": "x.mp4"}])
        if stage == until:
            return


def _failed(catalog: Catalog, stage: str, unit: str, why: str) -> None:
    versions = Versions(catalog, Settings().stage_configs())
    failed = versions.stage(stage).unit(unit, subject=f"{unit}.mp4", of={})
    catalog.fail(replace(failed, input_hash=versions.input_hash(stage, {})), why, run_id="test")


def test_the_worst_come_first_and_every_one_says_why(catalog):
    _video(catalog, "done", "a" * 32)
    _video(catalog, "half", "b" * 32, until="detect_landmarks")
    add_video(catalog, "new", "c" * 32, uri="/data/new/c.mp4")
    add_video(catalog, "broken", "d" * 32, uri="/data/broken/d.mp4")
    _failed(catalog, "extract_frames", "d" * 32, "d.mp4: is cut off; export it again\nTrace …")
    refuse(catalog, "unread", Path("/data/unread/x.mp4"), "x: empty", run_id="r")
    found = {entry.avatar: entry for entry in summarise(_settings(catalog))}
    assert [entry.state.value for entry in summarise(_settings(catalog))] == [
        "failed", "failed", "pending", "pending", "complete",
    ]  # fmt: skip
    assert (found["done"].done, found["done"].reasons) == (1, [])
    assert found["half"].pending == 1 and "fit_smplx was not done yet" in found["half"].reasons[0]
    assert "extract_frames was not done yet" in found["new"].reasons[0]
    assert "is cut off; export it again" in found["broken"].reasons[0] and "Trace" not in found["broken"].reasons[0]
    assert "x.mp4" in found["unread"].reasons[0]


def test_it_agrees_with_the_status_of_one_avatar(catalog):
    _video(catalog, "ann", "a" * 32)
    _video(catalog, "ann", "b" * 32)  # but nobody compared the two
    (entry,) = summarise(_settings(catalog))
    (status,) = catalog_status(_settings(catalog), "ann")
    pending = {stage.stage: stage.pending for stage in status.stages if stage.pending}
    assert pending == {"score_edges": 1} == {"score_edges": entry.pending} and entry.done == 2
    changed = _settings(catalog)
    changed.stages.create_clips.min_confidence = 0.31
    (entry,) = summarise(changed)
    assert entry.state is State.stale and entry.stale == 2 and "create_clips is stale" in entry.reasons[0]


def test_filters_choose_and_json_is_json(catalog):
    _video(catalog, "done", "a" * 32)
    add_video(catalog, "new", "c" * 32, uri="/data/new/c.mp4")
    _failed(catalog, "extract_frames", "d" * 32, "cut off")
    add_video(catalog, "broken", "d" * 32, uri="/data/broken/d.mp4")

    def shown(*options: str) -> list[str]:
        result = CliRunner().invoke(app, ["status", "--json", "--catalog", catalog.uri, *options])
        assert result.exit_code == 0, result.output
        return [entry["avatar"] for entry in json.loads(result.stdout)]

    assert shown() == ["broken", "new", "done"]
    assert shown("--failed") == ["broken"] and shown("--stale") == []
    assert shown("--stage", "extract_frames") == ["broken", "new"] and shown("--stage", "fit_smplx") == []
    wrong = CliRunner().invoke(app, ["status", "--stage", "fly", "--catalog", catalog.uri])
    assert wrong.exit_code == 1 and "fit_smplx" in wrong.stderr


def test_a_run_that_is_at_a_unit_shows(catalog):
    _video(catalog, "half", "b" * 32, until="detect_landmarks")
    with Leases(catalog, "run") as leases:
        leases.take("fit_smplx", ["b" * 32])
        (entry,) = summarise(_settings(catalog))
        assert entry.state is State.running and entry.running == 1
        assert entry.reasons == [f"{'b' * 32}.mp4: fit_smplx a run is at it"]
    (entry,) = summarise(_settings(catalog))
    assert entry.state is State.pending


def test_a_part_that_is_missing_is_pending_though_others_are_there(catalog):
    _video(catalog, "ann", "a" * 32)
    catalog.table("videos").upsert([{"video_id": "a" * 32, "unit": "a" * 32, "n_frames": 300, "file_name": "x.mp4"}])
    (entry,) = summarise(_settings(catalog))
    assert entry.state is State.pending and "3 more of its units" not in entry.reasons[0]
    assert "detect_landmarks was not done yet (and 2 more of its units)" in entry.reasons[0]


def test_every_unit_that_is_not_done_is_listed_with_its_reason(catalog):
    _video(catalog, "half", "b" * 32, until="detect_landmarks")
    refuse(catalog, "unread", Path("/data/unread/x.mp4"), "x.mp4: empty", run_id="r")
    result = CliRunner().invoke(app, ["status", "--units", "--json", "--catalog", catalog.uri])
    found = [(unit["avatar"], unit["stage"], unit["state"], unit["why"]) for unit in json.loads(result.stdout)]
    assert found == [
        ("half", "fit_smplx", "pending", "was not done yet"),
        ("half", "create_clips", "waiting", "waits for fit_smplx"),
        ("half", "embed_clips", "waiting", "waits for create_clips"),
        ("unread", "extract_frames", "failed", "x.mp4: empty"),
    ]


def test_a_video_with_a_motion_of_its_own_is_not_done_because_it_is_fitted_for_another(catalog):
    _video(catalog, "ann", "a" * 32)
    add_video(catalog, "bea", "a" * 32, uri="/data/a.mp4", motion_uri="/data/m.npz", motion_hash="b" * 32)
    bea, ann = summarise(_settings(catalog))
    assert (ann.state, bea.state, bea.avatar) == (State.complete, State.pending, "bea")
    assert "fit_smplx was not done yet" in bea.reasons[0]


def test_a_failure_goes_with_its_file_but_not_what_may_pass(catalog, tmp_path):
    kept = tmp_path / "kept.mp4"
    kept.write_bytes(b"x")
    videos = {"a": kept, "b": tmp_path / "gone.mp4", "c": tmp_path / "gone too.mp4", "d": tmp_path / "ours.mp4"}
    for letter, path in videos.items():
        add_video(catalog, "ann", letter * 32, uri=str(path))
    for letter in "ab":
        _failed(catalog, "extract_frames", letter * 32, "x.mp4: is cut off; export it again")
    mark_done(catalog, "extract_frames", "c" * 32, "d" * 32)
    rows = [{"video_id": v * 32, "unit": v * 32, "n_frames": 60, "file_name": "x.mp4"} for v in "cd"]
    catalog.table("videos").upsert(rows)
    for letter, why in (("c", "x.mp4: shows nobody; film it again"), ("d", "met a fault of its own\nTrace ...")):
        versions = Versions(catalog, Settings().stage_configs())
        unit = versions.stage("detect_landmarks").unit(segment_key(letter * 32, 0), subject="x.mp4", of={})
        read = versions.input_hash("detect_landmarks", {"extract_frames": [letter * 32]})
        catalog.fail(replace(unit, input_hash=read), why, run_id="r")
    notes = take_out_withdrawn(FleetSnapshot(catalog, Settings().stage_configs()), ["ann"])
    assert len(notes) == 2 and set(catalog.avatar_videos("ann")) == {"a" * 32, "d" * 32}
    (entry,) = summarise(_settings(catalog))
    assert (entry.failed, entry.videos) == (2, 2)
