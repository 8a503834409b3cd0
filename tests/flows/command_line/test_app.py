"""The command line as a person meets it."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
import typer
from typer.testing import CliRunner

from flows.command_line import upkeep_app
from flows.command_line.app import app

TANGO = Path(sys.executable).parent / "tango"


@pytest.mark.parametrize(
    "command",
    [
        [],
        ["onboard"],
        ["reenact"],
        ["preprocess"],
        ["status"],
        ["forget"],
        ["train"],
        ["evaluate"],
        ["import-weights"],
        ["serve"],
        ["synth"],
    ],
)
def test_help_says_what_a_command_does(command):
    result = CliRunner().invoke(app, [*command, "--help"])
    assert result.exit_code == 0
    assert "Usage" in result.output


COMMANDS = [command.callback for command in (*app.registered_commands, *upkeep_app.app.registered_commands)]


def _takes_numbers(kind) -> bool:
    return kind in (int, float) or any(map(_takes_numbers, get_args(kind)))


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.__name__)
def test_every_number_that_a_command_takes_has_bounds_that_can_be_stored(command):
    for name, kind in get_type_hints(command, include_extras=True).items():
        if _takes_numbers(kind):
            (option,) = kind.__metadata__
            assert option.min is not None and option.max is not None and option.max < 2**63, name


def test_a_seed_that_cannot_be_stored_is_refused_at_once():
    result = CliRunner().invoke(app, ["reenact", "ann", "s.wav", "--out", "o.mp4", "--seed", "1" + "0" * 30])
    assert result.exit_code == 2 and "--seed" in result.output


def test_help_imports_nothing_heavy():
    heavy = ("torch", "prefect", "ray", "lance", "cv2")
    code = f"import sys, flows.command_line.app; print([m for m in {heavy} if m in sys.modules])"
    start = time.monotonic()
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]", f"after {time.monotonic() - start:.1f} s"


def test_what_commands_and_flows_import_computes_nothing():
    heavy = ("pandas", "numba", "torch", "transformers", "mediapipe", "cv2")
    code = (
        "import sys; from flows.server import environment; environment.prepare();"
        "import flows.onboard_avatar, flows.reenact, flows.preprocess_dataset, flows.command_line.commands;"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_status_of_an_empty_catalog_says_how_to_fill_it_and_makes_nothing(tmp_path):
    result = CliRunner().invoke(app, ["status", "--catalog", str(tmp_path / "new")])
    assert result.exit_code == 0
    assert "tango onboard" in result.output
    assert not (tmp_path / "new").exists()


def test_status_of_an_unknown_avatar_is_an_error_in_one_line(tmp_path):
    found = subprocess.run(
        [TANGO, "status", "nobody", "--catalog", tmp_path], capture_output=True, text=True, check=False
    )
    assert found.returncode == 1
    assert "nobody" in found.stderr and "Traceback" not in found.stderr


@pytest.mark.parametrize("name", ["../x", "a/b", ""])
def test_an_avatar_name_that_is_a_path_is_refused(tmp_path, name):
    result = CliRunner().invoke(app, ["onboard", name, "x.mp4", "--catalog", str(tmp_path / "catalog")])
    assert result.exit_code == 1
    assert not (tmp_path / "catalog").exists()


@pytest.mark.integration
def test_status_as_json_counts_every_stage(onboarded):
    result = CliRunner().invoke(app, ["status", "ann", "--json", "--catalog", onboarded.catalog])
    assert result.exit_code == 0
    (avatar,) = json.loads(result.stdout)
    assert {stage["stage"]: stage["ok"] for stage in avatar["stages"]}["fit_smplx"] == 1


def test_what_is_worth_knowing_is_said_of_a_run_of_which_something_failed_too(capsys):
    from flows.command_line import reporting
    from flows.outcome import FlowIncomplete, FlowReport

    report = FlowReport(subject="m.csv", refused=["m.csv row 3: has no video; fill it in"], notes=["row 4: [as row 2]"])
    with pytest.raises(typer.Exit), reporting.reported("preprocess"):
        raise FlowIncomplete(report)
    said = capsys.readouterr().err
    assert "row 4: [as row 2]" in said and said.index("row 4") < said.index("row 3")


@pytest.mark.parametrize("word", ["a:x:b", "[bold]", ":smile:", "\\", "https://a/:100:"])
def test_what_was_typed_is_said_as_it_was_typed(tmp_path, word):
    result = CliRunner().invoke(app, ["onboard", "ann", f"{word}.mp4", "--catalog", str(tmp_path / "catalog")])
    assert result.exit_code == 1 and result.stderr.startswith(f"error {word}.mp4: ")


def test_a_current_folder_that_is_gone_is_said(tmp_path, monkeypatch):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    for command in (["status"], ["onboard", "ann", "x.mp4"]):
        result = CliRunner().invoke(app, command)
        assert result.exit_code == 1 and "the current folder: is gone" in result.stderr
        assert len(result.stderr.strip().splitlines()) == 1
