"""Frames out of noise."""

from __future__ import annotations

import torch
from torch import Tensor

from tango_models.interpolation.acinterp.configuration import SamplingConfig
from tango_models.interpolation.acinterp.modeling import ACInterp, Conditions
from tango_models.interpolation.acinterp.noise import scheduler


@torch.inference_mode()
def sample(model: ACInterp, given: Conditions, config: SamplingConfig, *, seed: int = 0) -> Tensor:
    """(B, F, C, h, w) latents; the known frames are what was given, exactly. The same seed gives the same frames."""
    solver = scheduler(config.solver)
    solver.set_timesteps(config.steps, device=given.seeds.device)
    generator = torch.Generator().manual_seed(seed)
    known = given.known[:, :, None, None, None]
    noise = torch.randn(given.seeds.shape, generator=generator).to(given.seeds)
    latents = torch.where(known, given.seeds, noise * solver.init_noise_sigma)
    model.look(given)
    for timestep in solver.timesteps:
        said = model.denoise(latents, timestep, given, guided=config.guidance > 1)
        if config.guidance > 1:
            without, with_look = said.chunk(2)
            said = without + config.guidance * (with_look - without)
        latents = torch.where(known, given.seeds, solver.step(said, timestep, latents).prev_sample)
    return latents
