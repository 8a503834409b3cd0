"""Training ACInterp's refiner on an avatar of the catalog, on a real Ray, and rendering with it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.command_line.app import app
from flows.command_line.model_commands import _options
from flows.models.train_acinterp import train_acinterp
from flows.models.training_jobs import catalog_tracks
from tango_models.errors import InputError
from tango_models.synthetic.speaker import SPEECH
from tasks.runtime.cluster.ray_training import FIGURES
from tasks.training.acinterp import ACInterpJob, check_acinterp_job
from tasks.views.paths.interpolation import open_interpolator


@pytest.mark.integration
def test_a_refiner_is_trained_on_an_avatar_and_opened_by_its_content(onboarded, tmp_path):
    tracks = catalog_tracks(onboarded, ["ann"])
    training = {"steps": 2, "pieces": 4, "batch": 2, "warm_up": 1, "checkpoint_every": 1}
    job = ACInterpJob(folder=str(tmp_path), catalog=onboarded.catalog, tracks=tracks, training=training)
    weights = Path(train_acinterp(job, settings=onboarded))
    assert [json.loads(line)["step"] for line in (tmp_path / FIGURES).read_text().splitlines()] == [1, 2]
    elsewhere = tmp_path / "elsewhere.safetensors"
    elsewhere.write_bytes(weights.read_bytes())
    assert open_interpolator("acinterp", str(weights)).id == open_interpolator("acinterp", str(elsewhere)).id


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"stage": "3"}, "3"),
        ({"stage": "1", "size": "huge"}, "huge"),
        ({"training": {"speed": 3}}, "speed"),
        ({"training": {"steps": 0}}, "steps"),
        ({"start": "/nowhere/x.safetensors"}, "/nowhere"),
        ({"stage": "2"}, "--start"),
        ({"workers": 3}, "multiple"),
    ],
)
def test_a_job_that_cannot_work_is_refused_before_anything_starts(tmp_path, changes, named):
    with pytest.raises(InputError, match=named):
        check_acinterp_job(ACInterpJob(folder=str(tmp_path), **changes))


def test_options_may_be_names():
    assert _options(["optimizer=fused", "steps=5", "bfloat16=true"], words=True) == {
        "optimizer": "fused", "steps": 5, "bfloat16": True,
    }  # fmt: skip
    with pytest.raises(InputError):
        _options(["optimizer=fused"])


def test_a_render_without_weights_says_what_to_import_or_train(tmp_path):
    catalog = ["--catalog", str(tmp_path / "catalog")]
    arguments = ["reenact", "ann", str(SPEECH), "--out", str(tmp_path / "a.mp4"), "--interpolator", "acinterp"]
    result = CliRunner().invoke(app, [*arguments, *catalog])
    assert result.exit_code == 1
    assert "import-weights acinterp" in result.output and "TANGO_ACINTERP" in result.output
