from dataclasses import replace

import pytest
import torch

from tango_models.errors import InputError
from tango_models.interpolation.acinterp.configuration import SamplingConfig
from tango_models.interpolation.acinterp.noise import TIMESTEPS, noised, offset_noise, scheduler, snr_weights
from tango_models.interpolation.acinterp.sampling import sample
from tests.tango_models.interpolation.acinterp.tiny import random_conditions, shake, tiny_model


def test_at_the_last_step_nothing_of_the_picture_is_left_and_its_velocity_is_the_picture():
    clean, noise = torch.randn(2, 1, 4, 3, 3), torch.randn(2, 1, 4, 3, 3)
    noisy, velocity = noised(clean, noise, torch.tensor([TIMESTEPS - 1] * 2))
    torch.testing.assert_close(noisy, noise)
    torch.testing.assert_close(velocity, -clean)
    noisy, _ = noised(clean, noise, torch.tensor([0, 0]))
    assert (noisy - clean).abs().max() < 0.2


def test_sampling_starts_at_the_last_step():
    solver = scheduler()
    solver.set_timesteps(20)
    assert int(solver.timesteps[0]) == TIMESTEPS - 1 and len(solver.timesteps) == 20


def test_weights_count_the_last_step_fully_and_clear_pictures_little():
    weights = snr_weights(torch.tensor([0, 500, TIMESTEPS - 1]))
    assert weights[-1] == 1 and weights[0] < 0.05 and (weights > 0).all()


def test_offset_noise_shifts_whole_frames_and_depends_on_the_generator_alone():
    like = torch.zeros(2, 3, 4, 64, 64)
    noise = offset_noise(like, torch.Generator().manual_seed(0), offset=0.5)
    assert torch.equal(noise, offset_noise(like, torch.Generator().manual_seed(0), offset=0.5))
    assert noise.mean((-1, -2)).std() > 0.3


@pytest.mark.parametrize("solver", ["ddim", "dpm"])
@pytest.mark.parametrize("guidance", [1.0, 3.5])
def test_known_frames_come_out_as_they_went_in_and_the_same_seed_gives_the_same(solver: str, guidance: float):
    model = tiny_model()
    shake(model)
    given = random_conditions(model, frames=4, context=1)
    config = SamplingConfig(steps=3, guidance=guidance, solver=solver)
    made = sample(model, given, config, seed=5)
    assert torch.equal(made[:, [0, -1]], given.seeds[:, [0, -1]])
    assert made.isfinite().all()
    assert torch.equal(made, sample(model, given, config, seed=5))
    assert not torch.equal(made, sample(model, given, config, seed=6))


@pytest.mark.parametrize("changes", [{"steps": 0}, {"guidance": 0.5}, {"solver": "heun"}])
def test_impossible_sampling_is_refused(changes):
    with pytest.raises(InputError):
        SamplingConfig(**changes)


@pytest.mark.parametrize("seed", range(3))
def test_seams_made_in_one_pass_are_those_made_one_by_one(seed: int):
    model = tiny_model(seed)
    shake(model, seed)
    given = random_conditions(model, items=3, frames=5, context=1, seed=seed)
    together = sample(model, given, SamplingConfig(steps=3), seed=seed)
    for item in range(3):
        alone = {name: value[item : item + 1] for name, value in vars(given).items() if isinstance(value, torch.Tensor)}
        made = sample(model, replace(given, **alone, reading=[True]), SamplingConfig(steps=3), seed=seed)
        torch.testing.assert_close(together[item : item + 1], made, atol=1e-4, rtol=1e-3)
