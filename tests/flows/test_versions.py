"""What is done in an older version is said, redone, and never shown or mixed with what is new."""

from pathlib import Path

import numpy as np
import pytest

from data_catalog import Catalog
from flows.configuration.settings import Settings
from flows.onboard_avatar import onboard_avatar
from flows.outcome import FlowIncomplete
from flows.reenact import reenact
from flows.status import catalog_status
from tango_models.body.motion_io import Motion, load_motion, save_motion
from tango_models.media.probe import content_id
from tango_models.media.sound.audio import read_audio
from tango_models.synthetic.speaker import SPEECH
from tasks.runtime.registry import stage_class
from tasks.runtime.versions import Versions, plan_units
from tasks.views.motion import read_motion
from tests.media_samples import write_sound
from tests.speaker import cut_speaker

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def video(tmp_path_factory) -> Path:
    return cut_speaker(tmp_path_factory.mktemp("video") / "talk.mp4", start=2.0, seconds=3.0, side=256)


@pytest.fixture(scope="module")
def speech(tmp_path_factory) -> Path:
    return write_sound(tmp_path_factory.mktemp("speech") / "speech.wav", read_audio(SPEECH)[: 2 * 16000])


@pytest.fixture(scope="module")
def settings(tmp_path_factory, video, prefect_server, ray_cluster) -> Settings:
    settings = Settings(catalog=str(tmp_path_factory.mktemp("catalog")))
    onboard_avatar("ann", [str(video)], settings=settings)
    return settings


def stale(settings: Settings) -> dict[str, list[str]]:
    (status,) = catalog_status(settings, "ann")
    assert all(stage.failed == stage.pending == 0 for stage in status.stages)
    return {stage.stage: stage.reasons for stage in status.stages if stage.stale}


def test_a_changed_setting_is_said_and_a_render_brings_the_avatar_up_to_date(settings, speech, tmp_path):
    assert stale(settings) == {}
    changed = settings.model_copy(deep=True)
    changed.stages.create_clips.min_confidence = 0.3
    found = stale(changed)
    assert found["create_clips"] == ["talk.mp4: settings of create_clips"]
    assert set(found) == {"create_clips", "embed_clips", "score_edges"}, "what was made of them is old too"
    made = reenact("ann", str(speech), str(tmp_path / "out.mp4"), settings=changed)
    assert {stage.stage for stage in made.report.stages if stage.computed} >= {"create_clips", "render_video"}
    assert "ann was brought up to date first (settings of create_clips)" in made.report.notes
    assert stale(changed) == {}
    again = reenact("ann", str(speech), str(tmp_path / "again.mp4"), settings=changed)
    assert not any("up to date" in note for note in again.report.notes)
    onboard_avatar("ann", [], settings=settings)
    assert stale(settings) == {}, "onboarding without a video redoes what is old"


def test_raised_code_is_said(settings, monkeypatch):
    present = stage_class("score_edges").code_version
    monkeypatch.setattr(stage_class("score_edges"), "code_version", "next")
    assert stale(settings) == {"score_edges": [f"talk.mp4: code: score_edges {present}, now next"]}
    monkeypatch.undo()
    assert stale(settings) == {}


def test_a_render_is_refused_when_what_is_old_cannot_be_redone(settings, video, speech, tmp_path, monkeypatch):
    catalog = Catalog(settings.catalog)
    monkeypatch.setattr(stage_class("extract_frames"), "code_version", "next")
    where = video.with_name("elsewhere.mp4")
    video.rename(where)
    try:
        with pytest.raises(FlowIncomplete) as incomplete:
            reenact("ann", str(speech), str(tmp_path / "out.mp4"), settings=settings)
        text = str(incomplete.value)
        assert "talk.mp4: could not be brought up to date" in text and "tango onboard ann" in text
        assert not (tmp_path / "out.mp4").exists()
    finally:
        where.rename(video)
    monkeypatch.undo()
    catalog.table("units").delete("stage = 'extract_frames' AND status = 'failed'")
    onboard_avatar("ann", [str(video)], settings=settings)
    assert stale(settings) == {}


def test_failed_edges_are_no_edges(settings, speech, tmp_path, monkeypatch):
    catalog = Catalog(settings.catalog)
    (key,) = catalog.records("score_edges")
    (record,) = catalog.records("score_edges").values()
    versions = Versions(catalog, settings.stage_configs())
    (unit,) = plan_units(catalog, "score_edges", versions, {"tracks": catalog.avatar_tracks("ann")})
    assert unit.key == key and unit.version == record.version
    catalog.fail(unit, "a crash", run_id="test")
    made = reenact("ann", str(speech), str(tmp_path / "out.mp4"), settings=settings)
    assert {stage.stage for stage in made.report.stages if stage.computed} >= {"score_edges", "render_video"}
    assert catalog.record("score_edges", key).ok


def test_one_video_in_two_avatars_keeps_the_motion_of_each(settings, video, tmp_path):
    catalog = Catalog(settings.catalog)
    (fitted,) = catalog.avatar_tracks("ann")
    poses = read_motion(catalog, fitted)["poses"]
    own = tmp_path / "own.npz"
    still = Motion(
        np.zeros_like(poses), np.zeros((len(poses), 3), np.float32), np.zeros(10, np.float32),
        np.zeros((len(poses), 10), np.float32),
    )  # fmt: skip
    save_motion(own, still)
    report = onboard_avatar("bea", [str(video)], motion=str(own), settings=settings)
    computed = {stage.stage: stage.computed for stage in report.stages if stage.computed}
    assert computed == {"fit_smplx": 1, "create_clips": 1, "embed_clips": 1, "score_edges": 1}
    (imported,) = catalog.avatar_tracks("bea")
    assert imported != fitted and imported.endswith(content_id(own))
    assert not read_motion(catalog, imported)["poses"].any()
    np.testing.assert_array_equal(read_motion(catalog, fitted)["poses"], poses)
    assert stale(settings) == {} and onboard_avatar("ann", [str(video)], settings=settings).computed == 0
    assert load_motion(own).poses.shape == poses.shape
