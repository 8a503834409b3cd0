"""One tree of settings, from the environment or a file."""

import re

import pytest

from flows.settings import Settings
from tasks.runtime.registry import create_stage
from tasks.views.frame_source import FRAME_CACHE_MB


def test_a_nested_setting_comes_from_the_environment(monkeypatch):
    monkeypatch.setenv("TANGO_CATALOG", "s3://bucket/tables")
    monkeypatch.setenv("TANGO_BODY", "/models/SMPLX_NEUTRAL_2020.npz")
    monkeypatch.setenv("TANGO_STAGES__RENDER_VIDEO__CRF", "16")
    settings = Settings()
    assert settings.catalog == "s3://bucket/tables"
    assert settings.stages.render_video.crf == 16
    configs = settings.stage_configs()
    assert configs["fit_smplx"]["body"] == configs["create_clips"]["body"] == "/models/SMPLX_NEUTRAL_2020.npz"


def test_a_file_gives_what_the_environment_does_not(monkeypatch, tmp_path):
    path = tmp_path / "tango.toml"
    path.write_text('catalog = "from_file"\nmax_attempts = 9\n[cluster.workers.detect_landmarks]\ncount = 3\n')
    monkeypatch.setenv("TANGO_SETTINGS", str(path))
    monkeypatch.setenv("TANGO_CATALOG", "from_environment")
    settings = Settings()
    assert (settings.catalog, settings.max_attempts) == ("from_environment", 9)
    assert settings.cluster.workers["detect_landmarks"].count == 3


def test_a_settings_file_that_is_missing_is_an_error(monkeypatch, tmp_path):
    monkeypatch.setenv("TANGO_SETTINGS", str(tmp_path / "none.toml"))
    with pytest.raises(ValueError, match="no such file"):
        Settings()


def test_a_value_out_of_range_is_refused(monkeypatch):
    monkeypatch.setenv("TANGO_MAX_FAILED_SHARE", "2")
    with pytest.raises(ValueError, match="max_failed_share"):
        Settings()


def test_settings_survive_the_way_through_a_deployments_parameters():
    settings = Settings(catalog="x")
    assert Settings(**settings.model_dump(mode="json")) == settings


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("TANGO_STAGES__RENDER_VIDO__CRF", "stages.render_video.crf"),
        ("TANGO_STAGES__RENDER_VIDEO__CFR", "stages.render_video.crf"),
        ("TANGO_CATALOGUE", "catalog"),
        ("tango_max_attemps", "max_attempts"),
        ("TANGO_STAGES__FIT_SMPLX__BODY", "body"),
        ("TANGO_STAGES__RETRIEVE_PATH__EDGES__SEPARATION", "stages.score_edges.edges.separation"),
        ("TANGO_CLUSTER__WORKERS__DETECT_LANDMARK__COUNT", "cluster.workers.detect_landmarks"),
    ],
)
def test_a_name_that_is_no_setting_is_refused_with_the_nearest(monkeypatch, name, nearest):
    monkeypatch.setenv(name, "3")
    with pytest.raises(ValueError, match=rf"is no setting; did you mean {re.escape(nearest)} \("):
        Settings()


def test_a_name_in_a_file_or_a_deployments_parameters_is_refused_too(monkeypatch, tmp_path):
    path = tmp_path / "tango.toml"
    path.write_text("[stages.interpolate_seams.placement]\nmax_halff = 3\n")
    monkeypatch.setenv("TANGO_SETTINGS", str(path))
    with pytest.raises(ValueError, match=r"did you mean stages\.interpolate_seams\.placement\.max_half"):
        Settings()
    monkeypatch.delenv("TANGO_SETTINGS")
    with pytest.raises(ValueError, match="did you mean max_failed_share"):
        Settings(max_failed_shares=0.5)


def test_what_stages_share_is_set_once(monkeypatch):
    monkeypatch.setenv("TANGO_STAGES__SCORE_EDGES__EDGES__SEPARATION", "9")
    monkeypatch.setenv("TANGO_STAGES__INTERPOLATE_SEAMS__PLACEMENT__MAX_HALF", "5")
    monkeypatch.setenv("TANGO_AUMOCLIP__BACKBONES", "/models")
    configs = Settings().stage_configs()
    assert configs["retrieve_path"]["edges"] == configs["score_edges"]["edges"]
    assert configs["retrieve_path"]["edges"]["separation"] == 9
    assert configs["render_video"]["seams"]["placement"]["max_half"] == 5
    assert configs["embed_clips"] == configs["embed_speech"] == configs["retrieve_path"]["model"]


@pytest.mark.parametrize("stage", ["fit_smplx", "create_clips", "interpolate_seams", "render_video"])
def test_a_bound_on_memory_makes_nothing_stale(monkeypatch, stage):
    name, configs = f"TANGO_STAGES__{stage.upper()}__FRAME_CACHE_MB", [Settings().stage_configs()[stage]]
    monkeypatch.setenv(name, "17")
    configs.append(Settings().stage_configs()[stage])
    assert [config["frame_cache_mb"] for config in configs] == [FRAME_CACHE_MB, 17]
    one, other = (create_stage(stage, config).config_hash for config in configs)
    assert one == other
    monkeypatch.setenv(name, "0")
    with pytest.raises(ValueError, match="frame_cache_mb"):
        Settings()


def test_names_of_the_users_own_are_no_settings(monkeypatch):
    settings = Settings(storage_options={"endpoint": "http://localhost:9000"})
    assert settings.storage_options == {"endpoint": "http://localhost:9000"}
