"""Frames out of noise."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from tango_models.interpolation.acinterp.configuration import SamplingConfig
from tango_models.interpolation.acinterp.modeling import ACInterp, Conditions
from tango_models.interpolation.acinterp.noise import scheduler


@torch.inference_mode()
def sample(
    model: ACInterp, given: Conditions, config: SamplingConfig, *, seed: int = 0, together: bool = True
) -> Tensor:
    """(B, F, C, h, w) latents; the known frames are what was given, exactly. The same seed gives an item its frames,
    whatever is made beside it.

    On CUDA the networks run in bfloat16, the latents stay in float32.

    Args:
        together: both halves of guidance in one pass; False: one after the other, in half the memory.
    """
    solver = scheduler(config.solver)
    device = given.seeds.device
    solver.set_timesteps(config.steps, device=device)
    known = given.known[:, :, None, None, None]
    noise = torch.randn(given.seeds.shape[1:], generator=torch.Generator().manual_seed(seed)).to(given.seeds)
    latents = torch.where(known, given.seeds, noise * solver.init_noise_sigma)
    with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
        model.look(given)
        for timestep in solver.timesteps:
            said = _said(model, latents, timestep, given, config.guidance, together).to(latents)
            latents = torch.where(known, given.seeds, solver.step(said, timestep, latents).prev_sample)
    return latents


def _said(
    model: ACInterp, latents: Tensor, timestep: Tensor, given: Conditions, guidance: float, together: bool
) -> Tensor:
    if guidance <= 1:
        return model.denoise(latents, timestep, given)
    if together:
        without, with_look = model.denoise(latents, timestep, given, guided=True).chunk(2)
    else:
        without = model.denoise(latents, timestep, replace(given, reading=[False] * len(latents)))
        with_look = model.denoise(latents, timestep, given)
    return without + guidance * (with_look - without)


def sample_in_halves(model: ACInterp, given: Conditions, config: SamplingConfig, *, seed: int = 0) -> Tensor:
    """As `sample`, from half as many frames at a time: every second one first; of these the middle is kept, and what
    lies on either side of it is made by itself, its neighbours as the frames beyond.

    Raises:
        ValueError: fewer than 5 frames; they have no halves.
    """
    coarse, place = _halves(given.seeds.shape[1])
    rough = sample(model, frames_of(given, coarse), config, seed=seed, together=False)
    middle, seeds, known = coarse[place], given.seeds.clone(), given.known.clone()
    seeds[:, middle], known[:, middle] = rough[:, place], True
    given = replace(given, seeds=seeds, known=known)
    count = 0 if given.context is None else given.context.shape[1] // 2
    parts = []
    for number, frames in enumerate((range(middle + 1), range(middle, len(known[0])))):
        part = frames_of(given, list(frames))
        if given.context is not None:
            before, after = given.context.chunk(2, dim=1)
            beyond = place + (1 + torch.arange(count) if number == 0 else torch.arange(-count, 0))
            near = rough[:, beyond.clamp(0, len(coarse) - 1).to(rough.device)]
            part = replace(part, context=torch.cat([before, near] if number == 0 else [near, after], 1))
        parts.append(sample(model, part, config, seed=seed, together=False))
    return torch.cat([parts[0], parts[1][:, 1:]], 1)


def longest_pass(frames: int) -> int:
    """The most frames that `sample_in_halves` looks at together."""
    coarse, place = _halves(frames)
    return max(len(coarse), coarse[place] + 1, frames - coarse[place])


def _halves(frames: int) -> tuple[list[int], int]:
    """Every second frame and the last, and which of them is the middle."""
    if frames < 5:
        raise ValueError(f"{frames} frames have no halves")
    coarse = [*range(0, frames - 1, 2), frames - 1]
    return coarse, (len(coarse) - 1) // 2


def frames_of(given: Conditions, frames: list[int]) -> Conditions:
    """Conditions of some frames; what is around them stays."""
    return replace(
        given, **{name: getattr(given, name)[:, frames] for name in ("poses", "seeds", "known", "background")}
    )
