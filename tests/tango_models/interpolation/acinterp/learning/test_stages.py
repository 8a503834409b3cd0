from pathlib import Path

import pytest
import torch

from tango_models.errors import InputError
from tango_models.interpolation.acinterp import checkpoints
from tango_models.interpolation.acinterp.learning import stages
from tango_models.interpolation.acinterp.learning.stages import read_options, train_stage
from tango_models.interpolation.acinterp.refiner import load_refiner
from tango_models.interpolation.acinterp.weight_files import ACINTERP, REFINER, read_header
from tests.tango_models.interpolation.acinterp.speakers import waving
from tests.tango_models.interpolation.acinterp.tiny import tiny_config, tiny_model

TINY = {"steps": 2, "side": 32, "batch": 2, "warm_up": 1, "checkpoint_every": 1}


@pytest.fixture(autouse=True)
def tiny_networks(monkeypatch):
    monkeypatch.setattr(stages, "named_config", lambda size: tiny_config(size=size))


def test_the_stages_follow_each_other_and_remember_whom_they_were_trained_on(tmp_path: Path):
    last = None
    for stage, avatar in (("vae", "kim"), ("1", "lea"), ("2", "kim")):
        options = TINY | ({"frames": 4, "context": 1, "batch": 1} if stage == "2" else {})
        last = train_stage(stage, [waving(16, avatar=avatar)], tmp_path / stage, start=last, options=options)
        assert len(list((tmp_path / stage / "sheets").iterdir())) == 2
    notes = read_header(last, ACINTERP)["notes"]
    assert notes["avatars"] == ["kim", "lea"] and notes["before"] == ["vae", "1"] and notes["stage"] == "2"
    one, two = checkpoints.load(tmp_path / "1" / stages.WEIGHTS), checkpoints.load(last)
    for (name, before), after in zip(one.named_parameters(), two.parameters(), strict=True):
        trained = ".motion_modules." in name or name.startswith("seed_guider")
        assert trained or torch.equal(before, after), name


def test_image2video_is_shown_its_seeds_first_and_poses_after(tmp_path: Path, monkeypatch):
    seen, true = [], stages.diffusion_loss

    def keep(model, windows, generator, **given):
        seen.append(float(windows.poses.max()))
        return true(model, windows, generator, **given)

    monkeypatch.setattr(stages, "diffusion_loss", keep)
    start = tmp_path / "start.safetensors"
    checkpoints.save(tiny_model(), start, notes={})
    options = TINY | {"steps": 4, "frames": 4, "context": 1, "batch": 1, "seeds_first": 0.5, "checkpoint_every": 4}
    train_stage("2", [waving(16)], tmp_path / "2", start=start, options=options)
    assert [value > 0 for value in seen] == [False, False, True, True]
    assert read_options("2", "small", {}).seeds_first == 0.9
    with pytest.raises(InputError, match="seeds_first"):
        read_options("2", "small", {"seeds_first": 1.0})


def test_the_refiner_is_trained_and_goes_on_from_its_weights(tmp_path: Path):
    options = {"steps": 1, "pieces": 4, "batch": 2, "warm_up": 1}
    first = train_stage("refiner", [waving(20)], tmp_path / "a", options=options)
    assert load_refiner(first).parameter_count() > 3e6
    second = train_stage("refiner", [waving(20, avatar="lea")], tmp_path / "b", start=first, options=options)
    notes = read_header(second, REFINER)["notes"]
    assert notes["avatars"] == ["kim", "lea"]


@pytest.mark.parametrize(
    ("stage", "options"),
    [("3", {}), ("1", {"stepz": 1}), ("1", {"steps": 0}), ("1", {"lr": "much"}), ("1", {"bfloat16": 1}),
     ("1", {"steps": 1.5}), ("1", {"batch": True})],
)  # fmt: skip
def test_unknown_and_impossible_options_are_refused(stage, options):
    with pytest.raises(InputError):
        read_options(stage, "small", options)


def test_a_stage_that_lacks_its_beginning_or_its_footage_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match="--start"):
        train_stage("1", [waving(16)], tmp_path, options=TINY)
    with pytest.raises(InputError, match="no such file"):
        train_stage("1", [waving(16)], tmp_path, start=tmp_path / "none.safetensors", options=TINY)
    with pytest.raises(InputError, match="published autoencoder"):
        read_options("vae", "sd15", {})
    with pytest.raises(InputError, match="no take"):
        train_stage("vae", [waving(1)], tmp_path, options=TINY)
    with pytest.raises(InputError, match="multiple"):
        train_stage("vae", [waving(4)], tmp_path, options=TINY | {"side": 33})
    made = train_stage("vae", [waving(4)], tmp_path, options=TINY)
    with pytest.raises(InputError, match="frames"):
        train_stage("2", [waving(16)], tmp_path / "2", start=made, options=TINY | {"frames": 40})
