"""Training the embedding on an avatar of the catalog, on a real Ray, and judging it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.command_line.app import app
from flows.models.train_aumoclip import train_aumoclip
from flows.models.training_jobs import catalog_tracks
from tango_models.errors import InputError
from tasks.training.embedding import FIGURES, TrainingJob, check_job

TRAINING = {"batch": 2, "per_recording": 2, "warm_up": 1, "checkpoint_every": 2}


@pytest.mark.integration
@pytest.mark.soak
def test_a_run_goes_on_where_it_stopped_and_its_model_is_judged_beside_chance(onboarded, tmp_path):
    tracks = catalog_tracks(onboarded, ["ann"])
    job = TrainingJob(folder=str(tmp_path), catalog=onboarded.catalog, tracks=tracks)
    first = train_aumoclip(job.model_copy(update={"training": {**TRAINING, "steps": 4}}), settings=onboarded)
    assert Path(first.checkpoint).is_file()
    steps = [json.loads(line)["step"] for line in (tmp_path / FIGURES).read_text().splitlines()]
    assert steps == [1, 2, 3, 4]
    again = train_aumoclip(job.model_copy(update={"training": {**TRAINING, "steps": 4}}), settings=onboarded)
    assert len((tmp_path / FIGURES).read_text().splitlines()) == 4, "nothing was left to train"
    assert again.report == first.report
    chances = {figure.name: figure.chance for figure in first.report.figures}
    assert chances["recall@1"] == pytest.approx(1 / first.report.gallery)
    result = CliRunner().invoke(
        app,
        ["evaluate", "aumoclip", "--checkpoint", first.checkpoint, "--avatar", "ann", "--catalog", onboarded.catalog],
    )
    assert result.exit_code == 0, result.output
    assert "recall@1" in result.output and "prosody" in result.output


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"size": "huge"}, "huge"),
        ({"training": {"speed": 3}}, "speed"),
        ({"training": {"steps": 0}}, "steps"),
        ({"pairs": "/nowhere"}, "/nowhere"),
        ({"start": "/nowhere/x.safetensors"}, "/nowhere"),
    ],
)
def test_a_job_that_cannot_work_is_refused_before_anything_starts(tmp_path, changes, named):
    with pytest.raises(InputError, match=named):
        check_job(TrainingJob(folder=str(tmp_path), **changes))


@pytest.mark.parametrize("arguments", [["--set", "steps"], ["--set", "steps=many"], ["--size", "huge"]])
def test_the_command_names_what_is_wrong(tmp_path, arguments):
    result = CliRunner().invoke(app, ["train", "aumoclip", "--folder", str(tmp_path), *arguments])
    assert result.exit_code == 1


def test_importing_what_is_no_checkpoint_is_an_error_in_one_line(tmp_path):
    bad = tmp_path / "bad.pth"
    bad.write_bytes(b"no checkpoint")
    result = CliRunner().invoke(app, ["import-weights", "aumoclip", str(bad), "--out", str(tmp_path / "x.safetensors")])
    assert result.exit_code == 1 and not (tmp_path / "x.safetensors").exists()


def test_importing_a_folder_without_the_public_weights_names_what_is_missing(tmp_path):
    arguments = ["import-weights", "acinterp", str(tmp_path), "--out"]
    result = CliRunner().invoke(app, [*arguments, str(tmp_path / "x.safetensors")])
    assert result.exit_code == 1 and not (tmp_path / "x.safetensors").exists()
    assert CliRunner().invoke(app, [*arguments, str(tmp_path / "x.pth")]).exit_code == 1
