"""What a worker is started with, from the settings."""

import pytest

from flows.command_line.reporting import read_settings
from flows.command_line.serving_commands import work_and_home


@pytest.mark.parametrize(
    ("settings", "at_a_time", "pool"),
    [
        ({}, "2", "tango"),
        ({"TANGO_CLUSTER__ADDRESS": "ray://head:10001"}, "16", "tango"),
        ({"TANGO_CLUSTER__ADDRESS": "ray://head:10001", "TANGO_RUNS_AT_A_TIME": "3"}, "3", "tango"),
        ({"TANGO_RUNS_AT_A_TIME": "5", "TANGO_POOL": "second.catalog"}, "5", "second.catalog"),
    ],
)
def test_a_worker_takes_so_many_runs_at_a_time_from_its_pool(tmp_path, monkeypatch, settings, at_a_time, pool):
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    work, home = work_and_home(read_settings(str(tmp_path / "catalog")))
    arguments = list(work.worker(home, "w")._arguments)
    assert arguments[arguments.index("--limit") + 1] == at_a_time
    assert arguments[arguments.index("--pool") + 1] == pool


def test_a_worker_whose_settings_are_relative_paths_hands_on_whole_ones(tmp_path, monkeypatch):
    monkeypatch.delenv("TANGO_FOOTAGE", raising=False)  # where the tests' real footage is
    (tmp_path / "set.toml").write_text('acinterp = "weights.safetensors"\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TANGO_SETTINGS", "set.toml")
    monkeypatch.setenv("TANGO_BODY", "body.npz")
    monkeypatch.setenv("TANGO_DATASET", "s3://bucket/dataset")
    work, home = work_and_home(read_settings("catalog"))
    given = work.worker(home, "w")._environment
    assert {name: given[name] for name in given if name.startswith("TANGO_") and "FOCAL" not in name} == {
        "TANGO_CATALOG": str(tmp_path / "catalog"),
        "TANGO_SETTINGS": str(tmp_path / "set.toml"),
        "TANGO_BODY": str(tmp_path / "body.npz"),
        "TANGO_ACINTERP": str(tmp_path / "weights.safetensors"),
        "TANGO_DATASET": "s3://bucket/dataset",
    }
