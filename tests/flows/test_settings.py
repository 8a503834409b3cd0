"""One tree of settings, from the environment or a file."""

import pytest

from flows.settings import Settings


def test_a_nested_setting_comes_from_the_environment(monkeypatch):
    monkeypatch.setenv("TANGO_CATALOG", "s3://bucket/tables")
    monkeypatch.setenv("TANGO_STAGES__FIT_SMPLX__BODY", "/models/SMPLX_NEUTRAL_2020.npz")
    settings = Settings()
    assert settings.catalog == "s3://bucket/tables"
    assert settings.stages.fit_smplx.body == "/models/SMPLX_NEUTRAL_2020.npz"


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
