from pathlib import Path

import numpy as np
import pytest
import torch

from tango_models.errors import InputError
from tango_models.interpolation.acinterp import checkpoints
from tango_models.interpolation.acinterp.configuration import SamplingConfig
from tango_models.interpolation.acinterp.diffuse import DiffusionInterpolator
from tango_models.interpolation.acinterp.refiner import Refiner, RefinerConfig, save_refiner
from tango_models.interpolation.flow import FlowInterpolator
from tango_models.interpolation.interpolators import create_interpolator
from tango_models.interpolation.seam import Seam
from tests.tango_models.interpolation.acinterp.speakers import seam_of, waving
from tests.tango_models.interpolation.acinterp.tiny import shake, tiny_model


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> Path:
    model = tiny_model(motion_positions=12)
    shake(model)
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    checkpoints.save(model, path, notes={"side": 32, "avatars": []})
    return path


def interpolator(weights: Path) -> DiffusionInterpolator:
    return DiffusionInterpolator(weights, sampling=SamplingConfig(steps=2))


@pytest.mark.parametrize("size", [(160, 160), (200, 120), (90, 161)])
def test_the_ends_are_true_the_arms_are_made_and_the_rest_is_flow(weights: Path, size):
    seam = seam_of(waving(30, width=size[0], height=size[1]), 0, 18, 3)
    made, flow = interpolator(weights).interpolate(seam), FlowInterpolator().interpolate(seam)
    assert (made[0] == seam.outgoing[0]).all() and (made[-1] == seam.incoming[-1]).all()
    differs = np.abs(made.astype(int) - flow).max(-1) > 2
    assert differs[1:-1].any()
    x, y, radius = seam.outgoing_heads[0]
    assert not differs[:, max(0, int(y - radius)) : int(y), int(x - 3) : int(x + 3)].any()
    assert (made == interpolator(weights).interpolate(seam)).all()


def test_without_known_hands_it_is_flow(weights: Path):
    take = waving(20)
    seam = Seam(take.read(range(4)), take.read(range(10, 14)))
    assert (interpolator(weights).interpolate(seam) == FlowInterpolator().interpolate(seam)).all()


def test_a_seam_longer_than_the_model_tells_apart_is_refused(weights: Path):
    with pytest.raises(InputError, match="longer"):
        interpolator(weights).interpolate(seam_of(waving(40), 0, 18, 7))


def test_the_name_acinterp_opens_either_kind_and_says_what_is_missing(weights: Path, tmp_path: Path):
    with pytest.raises(InputError, match=r"import-weights acinterp.*TANGO_ACINTERP"):
        create_interpolator("acinterp")
    with pytest.raises(InputError, match="no such file"):
        create_interpolator("acinterp", weights=tmp_path / "none.safetensors")
    (tmp_path / "bad.safetensors").write_bytes(b"bad")
    with pytest.raises(InputError, match="safetensors"):
        create_interpolator("acinterp", weights=tmp_path / "bad.safetensors")
    torch.manual_seed(0)
    save_refiner(Refiner(RefinerConfig(widths=(8, 8, 8))), tmp_path / "r.safetensors", notes={})
    ids = [create_interpolator("acinterp", weights=p, content=c).id
           for p, c in ((weights, "a"), (weights, "b"), (tmp_path / "r.safetensors", "a"))]  # fmt: skip
    assert len(set(ids)) == 3 and ids[0].startswith("acinterp-") and ids[2].startswith("refiner-")
