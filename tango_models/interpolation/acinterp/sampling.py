"""Frames out of noise."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from tango_models.errors import InputError
from tango_models.interpolation.acinterp.modeling import ACInterp, Conditions
from tango_models.interpolation.acinterp.noise import scheduler


@dataclass(frozen=True)
class SamplingConfig:
    """steps: of the solver, trailing. guidance: how far from what would be made of anybody (1: none); TANGO's
    configuration says 3.5. solver: `ddim` or `dpm`."""

    steps: int = 20
    guidance: float = 3.5
    solver: str = "ddim"

    def __post_init__(self) -> None:
        if not 1 <= self.steps <= 1000 or self.guidance < 1:
            fault = f"is impossible (steps {self.steps}, guidance {self.guidance})"
            raise InputError("sampling configuration", fault, "steps 1 to 1000, guidance 1 or more")
        scheduler(self.solver)


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
