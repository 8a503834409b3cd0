"""Values of settings that are nonsense: one line that names the variable or the file, and what to write."""

import pytest
from hypothesis import given
from hypothesis import settings as testing
from hypothesis import strategies as st

from flows.command_line.reporting import prefect_home, read_settings
from flows.configuration.setting_names import variable
from flows.configuration.settings import Settings
from flows.deployed.given import given_settings
from tango_models.errors import InputError

GROUPS = ["storage_options", "cluster", "cluster.workers", "stages", "stages.render_video", "aumoclip"]
NUMBERS = ["max_failed_share", "max_attempts", "transitions_mb", "stages.render_video.crf", "cluster.num_gpus"]
NUMBERS += ["stages.analyse_speech.max_seconds", "stages.interpolate_seams.placement.face"]


def _refused(**given) -> str:
    with pytest.raises(InputError) as refused:
        read_settings(**{"catalog": None} | given)
    (line,) = str(refused.value).splitlines()
    assert refused.value.subject and refused.value.fault and refused.value.remedy
    return line


@pytest.mark.parametrize("name", GROUPS)
@pytest.mark.parametrize("text", ["nonsense", "", "{", "key=value", "[[" * 9000, "\\x1b[2J", "{'a': 1}"])
def test_a_group_that_is_no_json_is_named(monkeypatch, name, text):
    monkeypatch.setenv(variable(name), text)
    line = _refused()
    assert variable(name) in line and "JSON" in line and len(line) < 400


@pytest.mark.parametrize("name", GROUPS)
@pytest.mark.parametrize("text", ["5", "[]", '"x"', "true"])
def test_a_group_that_is_something_else_is_named(monkeypatch, name, text):
    monkeypatch.setenv(variable(name), text)
    line = _refused()
    assert variable(name) in line


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("text", ["x", "", "nan", "inf", "-inf", "1e999", "-1e9", "[]", "x\ny"])
def test_a_number_that_is_none_is_named_with_its_variable(monkeypatch, name, text):
    if name == "stages.interpolate_seams.placement.face" and text == "-1e9":
        pytest.skip("any number will do")
    monkeypatch.setenv(variable(name), text)
    line = _refused()
    assert name in line and f"{variable(name)} sets it" in line


@pytest.mark.parametrize("name", ["max_attempts", "transitions_mb", "task_retries", "cluster.num_cpus"])
@pytest.mark.parametrize("text", ["9223372036854775808", "1" + "0" * 30, "1" + "0" * 400])
def test_a_whole_number_that_prefect_cannot_give_out_again_is_named_with_its_variable(monkeypatch, name, text):
    monkeypatch.setenv(variable(name), text)
    line = _refused()
    assert name in line and f"{variable(name)} sets it" in line and len(line) < 200


@pytest.mark.parametrize("text", ['{"aws_secret_access_key": ["s3cr3t"]}', '["s3cr3t"]', '{"key": "s3cr3t"', "s3cr3t"])
def test_keys_are_not_shown_whatever_is_wrong_with_them(monkeypatch, text):
    monkeypatch.setenv("TANGO_STORAGE_OPTIONS", text)
    assert "s3cr3t" not in _refused()


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"catalog = nonsense", "is no TOML (Invalid value (at line 1, column 11))"),
        (b"catalog", "is no TOML ("),
        (b"{}", "is no TOML ("),
        (b"[a\n", "is no TOML ("),
        (b"a = 1\na = 2\n", "is no TOML ("),
        (b"catalog = '\xff'", "is no TOML (not UTF-8, at byte 11)"),
        ('catalog = "x"'.encode("utf-16"), "is no TOML (not UTF-8, at byte 0)"),
        (b"a = " + b"[" * 20000, "is no TOML (too deep)"),
        (bytes(range(256)), "is no TOML ("),
    ],
)
def test_a_broken_file_is_named_wherever_it_is_given(monkeypatch, tmp_path, content, fault):
    path = tmp_path / "tango.toml"
    path.write_bytes(content)
    with pytest.raises(InputError) as refused:
        given_settings(str(path), [])
    assert f"{path}: {fault}" in str(refused.value) and len(str(refused.value).splitlines()) == 1
    monkeypatch.setenv("TANGO_SETTINGS", str(path))
    assert f"TANGO_SETTINGS={path}: {fault}" in _refused()


@pytest.mark.parametrize("place", ["none.toml", ".", "x" * 5000, "~no_such_user/none.toml"])
def test_a_file_that_is_none_is_named(monkeypatch, tmp_path, place):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TANGO_SETTINGS", place)
    assert f"TANGO_SETTINGS={place}: " in _refused()


def test_a_value_of_a_file_is_said_to_come_from_it(monkeypatch, tmp_path):
    path = tmp_path / "tango.toml"
    path.write_text("max_attempts = 'x'\ntask_retries = -1\n")
    monkeypatch.setenv("TANGO_SETTINGS", str(path))
    line = _refused()
    assert line.count(f"{path} (TANGO_SETTINGS), sets it") == 2
    monkeypatch.setenv("TANGO_MAX_ATTEMPTS", "y")
    assert "max_attempts = 'y'" in _refused() and "TANGO_MAX_ATTEMPTS sets it" in _refused()


@given(st.binary(max_size=60))
@testing(max_examples=40, deadline=None)
def test_whatever_a_file_holds_is_settings_or_one_line(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("toml") / "tango.toml"
    path.write_bytes(content)
    try:
        given_settings(str(path), [])
    except ValueError as refused:
        assert len(str(refused).splitlines()) == 1


@pytest.mark.parametrize("home", ["s3://bucket/home", "http://host/home", "a\nb"])
def test_a_home_that_is_no_folder_of_this_machine(home):
    with pytest.raises(InputError, match=r"home = .*--home or TANGO_HOME"):
        prefect_home(Settings(home=home))
