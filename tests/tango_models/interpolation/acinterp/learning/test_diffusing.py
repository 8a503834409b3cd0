import numpy as np
import pytest
import torch

from tango_models.errors import InputError
from tango_models.interpolation.acinterp.learning.diffusing import (
    begin_quietly,
    choose_trained,
    diffusion_loss,
    set_latent_scale,
    vae_loss,
)
from tango_models.interpolation.acinterp.learning.refining import GAPS
from tango_models.interpolation.acinterp.learning.takes import Takes
from tango_models.interpolation.acinterp.learning.windows import WindowConfig, draw_windows
from tango_models.interpolation.acinterp.squares import cut_square, person_square, poses_in_square
from tango_models.interpolation.seam_placement import PlacementConfig
from tests.tango_models.interpolation.acinterp.speakers import waving
from tests.tango_models.interpolation.acinterp.tiny import SIDE, shake, tiny_model


def takes(config: WindowConfig) -> Takes:
    return Takes([waving(20, seed=1), waving(7, seed=2, avatar="lea")], least=max(config.length, 2))


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.mark.parametrize("config", [WindowConfig(SIDE, 1), WindowConfig(SIDE, 4, 1), WindowConfig(SIDE, 3, 0)])
def test_windows_hold_true_frames_with_their_ends_known(config: WindowConfig):
    windows = draw_windows(takes(config), config, np.random.default_rng(0), 3)
    assert windows.frames.shape == (3, config.frames, 3, SIDE, SIDE)
    assert windows.reference.shape == (3, 1, 3, SIDE, SIDE)
    assert (windows.context is None) == (config.frames == 1 or not config.context)
    if config.frames > 1:
        assert windows.known.tolist() == [[True, *[False] * (config.frames - 2), True]] * 3
        torch.testing.assert_close(windows.reference[:, 0], windows.frames[:, 0])
        assert windows.seen.mean() > 0.05  # a camera that stands shows the room
    else:
        assert not windows.known.any() and (windows.reference[:, 0] != windows.frames[:, 0]).any()
    assert windows.poses.flatten(1).amax(1).min() > 0


def test_windows_have_the_lengths_that_seams_have():
    config = WindowConfig(SIDE)
    assert config.frames == 2 * PlacementConfig().max_half and config.shortest <= min(GAPS) + 2
    given = Takes([waving(40)], least=config.length)
    lengths = {draw_windows(given, config, np.random.default_rng(seed), 2).frames.shape[1] for seed in range(60)}
    assert lengths == set(range(config.shortest, config.frames + 1))


def test_windows_of_the_same_chance_are_the_same_and_cross_no_take():
    config = WindowConfig(SIDE, 4, 1)
    one, two = (draw_windows(takes(config), config, np.random.default_rng(7), 2) for _ in range(2))
    assert torch.equal(one.frames, two.frames)
    given = takes(config)
    for _ in range(50):
        take, first = given.draw(np.random.default_rng())
        assert first + given.least <= len(take)


def test_footage_too_short_for_a_window_is_refused():
    with pytest.raises(InputError, match="longest has 7"):
        Takes([waving(7)], least=8)
    with pytest.raises(InputError, match="window"):
        WindowConfig(SIDE, frames=2)


def test_the_square_lies_in_the_picture_and_poses_move_with_it():
    rng = np.random.default_rng(0)
    for _ in range(50):
        width, height = rng.integers(40, 300, 2)
        person = np.zeros((2, 64, 64), bool)
        x, y = rng.integers(0, 60, 2)
        person[:, y : y + rng.integers(1, 60), x : x + rng.integers(1, 60)] = rng.random() < 0.9
        left, top, side = person_square(person, int(width), int(height))
        assert 0 <= left <= width - side and 0 <= top <= height - side and side > 0
    take = waving(2, width=300)
    square = (70, 20, 120)
    frame = take.read([0]).copy()
    place = take.poses.arms[0, 0, 2].round().astype(int)
    frame[0, place[1] - 2 : place[1] + 3, place[0] - 2 : place[0] + 3] = [255, 0, 255]
    x, y = poses_in_square(take.poses, square, 240).arms[0, 0, 2].round().astype(int)
    assert tuple(cut_square(frame, square, 240)[0, y, x]) == (255, 0, 255)


@pytest.mark.parametrize("stage", ["1", "2"])
def test_a_stage_trains_its_own_parameters_and_all_of_them(stage: str):
    config = WindowConfig(SIDE, 1) if stage == "1" else WindowConfig(SIDE, 4, 1)
    model = tiny_model()
    shake(model)
    choose_trained(model, stage)
    windows = draw_windows(takes(config), config, np.random.default_rng(0), 2)
    loss, figures = diffusion_loss(model, windows, generator(), dropout=0.0)
    loss.backward()
    assert figures["error"] > 0
    for name, parameter in model.named_parameters():
        assert parameter.requires_grad == (parameter.grad is not None), name
    wanted = {name for name, p in model.named_parameters() if p.requires_grad}
    assert all(".motion_modules." in name or name.startswith("seed_guider") for name in wanted) == (stage == "2")


def test_gradient_checkpointing_changes_no_gradient():
    config = WindowConfig(SIDE, 4, 1)
    windows = draw_windows(takes(config), config, np.random.default_rng(0), 1)
    gradients = []
    for checkpointing in (False, True):
        model = tiny_model()
        shake(model)
        choose_trained(model, "2", checkpointing=checkpointing)
        diffusion_loss(model, windows, generator(), dropout=0.0)[0].backward()
        gradients.append([p.grad for p in model.parameters() if p.grad is not None])
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-3)


def test_the_autoencoder_learns_alone_and_its_latents_get_unit_variance():
    model = tiny_model()
    choose_trained(model, "vae")
    config = WindowConfig(SIDE, 1)
    pictures = draw_windows(takes(config), config, np.random.default_rng(0), 2).frames[:, 0]
    loss, figures = vae_loss(model, pictures, generator())
    loss.backward()
    assert all(p.grad is not None for p in model.vae.parameters()) and figures["psnr"] > 0
    set_latent_scale(model, pictures)
    assert abs(float(model.encode(pictures).std()) - 1) < 1e-3
    with pytest.raises(InputError):
        choose_trained(model, "3")


def test_a_new_autoencoder_is_not_drowned_by_its_own_noise():
    model = tiny_model()
    config = WindowConfig(SIDE, 1)
    pictures = draw_windows(takes(config), config, np.random.default_rng(0), 2).frames[:, 0]
    with torch.no_grad():
        loud = model.vae.encode(pictures * 2 - 1).latent_dist
        begin_quietly(model)
        quiet = model.vae.encode(pictures * 2 - 1).latent_dist
    assert torch.equal(loud.mean, quiet.mean)
    assert quiet.std.max() < 0.1 < loud.std.min()
