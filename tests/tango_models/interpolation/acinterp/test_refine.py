from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tango_models.errors import InputError
from tango_models.interpolation.acinterp.refine import RefinerInterpolator
from tango_models.interpolation.acinterp.refiner import (
    CHANNELS,
    LAYERS,
    Refiner,
    RefinerConfig,
    compose,
    load_refiner,
    save_refiner,
)
from tango_models.interpolation.acinterp.refiner_input import flow_frames, hand_boxes, sights
from tango_models.interpolation.seam import Seam
from tango_models.interpolation.warping import flow
from tango_models.interpolation.warping.flow import FlowInterpolator
from tango_models.interpolation.warping.layers import warp_layer
from tests.tango_models.interpolation.acinterp.speakers import seam_of, waving

TINY = RefinerConfig(widths=(8, 8, 8))


def saved(folder: Path, model: Refiner) -> Path:
    save_refiner(model, folder / "refiner.safetensors", notes={"avatars": ["kim"]})
    return folder / "refiner.safetensors"


def shaken(seed: int = 0, config: RefinerConfig = TINY) -> Refiner:
    torch.manual_seed(seed)
    model = Refiner(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return model.eval()


def test_the_default_has_three_to_eight_million_parameters():
    assert 3e6 <= Refiner(RefinerConfig()).parameter_count() <= 8e6


def test_a_network_that_learned_nothing_shows_nearly_what_flow_made(tmp_path):
    seam = seam_of(waving(40), 0, 22, 4)
    torch.manual_seed(0)
    made = RefinerInterpolator(saved(tmp_path, Refiner(TINY))).interpolate(seam)
    flow = flow_frames(seam)
    assert np.abs(made.astype(int) - flow).mean() < 2


def test_the_ends_are_true_and_what_is_away_from_hands_is_as_flow_made_it(tmp_path):
    seam = seam_of(waving(40), 0, 22, 4)
    interpolator = RefinerInterpolator(saved(tmp_path, shaken()))
    made, flow = interpolator.interpolate(seam), flow_frames(seam)
    assert (made[0] == seam.outgoing[0]).all() and (made[-1] == seam.incoming[-1]).all()
    changed = (made != flow).any(-1)
    assert changed[1:-1].any()
    seen = sights(seam, flow)
    assert seen
    for sight in seen:
        outside = np.ones(changed.shape[1:], bool)
        for left, top, right, bottom in sight.boxes:
            outside[top:bottom, left:right] = False
        assert not changed[sight.index][outside].any()
    assert (made == interpolator.interpolate(seam)).all()


@pytest.mark.parametrize("seed", range(3))
def test_the_warps_that_it_sees_are_those_of_flow(monkeypatch, seed):
    """Also where landmarks jitter and the torso moves: whatever steadies flow steadies these."""
    rng = np.random.default_rng(seed)
    take = waving(40, seed=seed)
    take.poses.arms[:] += rng.normal(0, 2, take.poses.arms.shape).astype(np.float32)
    seam = seam_of(take, 0, 22, 4)
    seam = replace(seam, incoming_points=seam.incoming_points + np.float32([9, 4]))
    person = np.ones((8, 32, 32), bool)
    person[:, :, :10] = False
    seam = replace(seam, outgoing_person=person, incoming_person=person)
    layers = []

    def keep(*given):
        layers.append(warp_layer(*given))
        return layers[-1]

    monkeypatch.setattr(flow, "warp_layer", keep)
    FlowInterpolator(hands=False).interpolate(seam)
    wanted = [replace(layer, fade=np.zeros_like(layer.fade)) for layer in layers]
    seen = list(sights(seam, seam.outgoing))
    assert [sight.index for sight in seen] == list(range(1, 7))
    for sight, layer in zip(seen, wanted, strict=True):
        runs = seam.outgoing[sight.index], seam.incoming[sight.index]
        for picture, shown in zip(sight.pictures[:2], (False, True), strict=True):
            assert (picture == flow.compose(*runs, layer, sight.alpha, shown)).all()


def test_without_known_hands_it_is_flow(tmp_path):
    take = waving(40)
    take.poses.arms[:] = np.nan
    seam = seam_of(take, 0, 22, 4)
    made = RefinerInterpolator(saved(tmp_path, shaken())).interpolate(seam)
    assert (made == flow_frames(seam)).all()
    bare = Seam(seam.outgoing, seam.incoming)
    assert (RefinerInterpolator(saved(tmp_path, shaken())).interpolate(bare) == flow_frames(bare)).all()


@pytest.mark.parametrize("size", [(161, 95), (64, 200), (480, 480)])
def test_any_size_of_picture_works(tmp_path, size):
    seam = seam_of(waving(20, width=size[0], height=size[1]), 0, 9, 2)
    assert RefinerInterpolator(saved(tmp_path, shaken())).interpolate(seam).shape == seam.outgoing.shape


def test_what_is_shown_is_chosen_from_the_pictures_and_a_hidden_plate_never():
    model = shaken()
    given = torch.rand(2, CHANNELS, 32, 48)
    given[:, 3 * LAYERS] = 0
    shares, added = model(given)
    torch.testing.assert_close(shares.sum(1), torch.ones(2, 32, 48))
    assert shares[:, LAYERS - 1].max() < 1e-6
    only = torch.zeros_like(shares)
    only[:, 1] = 1
    torch.testing.assert_close(compose(given, only, torch.zeros_like(added)), given[:, 3:6])


def test_flow_matching_depends_on_its_generator_alone():
    model = shaken(config=replace(TINY, flow_steps=3))
    given = torch.rand(1, CHANNELS, 32, 32)
    one, again, other = (model(given, torch.Generator().manual_seed(seed))[1] for seed in (0, 0, 1))
    assert torch.equal(one, again) and not torch.equal(one, other)


def test_boxes_lie_in_the_picture_and_those_that_overlap_are_one():
    take = waving(10)
    far = replace(take.poses, arms=take.poses.arms + np.array([5000, 0], np.float32))
    assert hand_boxes([far], 0, 160, 160) == []
    boxes = hand_boxes([take.poses], 3, 160, 160)
    assert boxes
    for left, top, right, bottom in boxes:
        assert 0 <= left < right <= 160 and 0 <= top < bottom <= 160
    together = take.poses.arms.copy()
    together[:, 1] = together[:, 0] + 2
    assert len(hand_boxes([replace(take.poses, arms=together)], 0, 160, 160)) == 1


def test_a_file_that_is_no_refiner_is_refused(tmp_path):
    path = tmp_path / "refiner.safetensors"
    with pytest.raises(InputError, match="no such file"):
        RefinerInterpolator(path)
    path.write_bytes(b"something else")
    with pytest.raises(InputError, match="safetensors"):
        RefinerInterpolator(path)
    model = shaken()
    assert torch.equal(load_refiner(saved(tmp_path, model)).conv_in.weight, model.conv_in.weight)
