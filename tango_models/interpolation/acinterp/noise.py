"""The noise of ACInterp: zero-terminal-SNR v-prediction, as the released configuration files say."""

from __future__ import annotations

import torch
from diffusers import DDIMScheduler, DPMSolverMultistepScheduler
from torch import Tensor

TIMESTEPS = 1000
SNR_GAMMA = 5.0
"""Of min-SNR weighting (Hang et al. 2023)."""
NOISE_OFFSET = 0.05
_BETAS = {
    "num_train_timesteps": TIMESTEPS, "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "linear",
    "prediction_type": "v_prediction", "rescale_betas_zero_snr": True, "timestep_spacing": "trailing",
}  # fmt: skip


def scheduler(solver: str = "ddim"):
    """A `diffusers` scheduler of this noise: `ddim` or `dpm`."""
    if solver == "dpm":
        return DPMSolverMultistepScheduler(**_BETAS, steps_offset=1, final_sigmas_type="zero")
    return DDIMScheduler(**_BETAS, clip_sample=False, steps_offset=1)


def noised(clean: Tensor, noise: Tensor, timesteps: Tensor) -> tuple[Tensor, Tensor]:
    """Noisy latents, and the velocity that is to be told from them; (B, …) of such and timesteps (B,)."""
    kept = scheduler()
    return kept.add_noise(clean, noise, timesteps), kept.get_velocity(clean, noise, timesteps)


def snr_weights(timesteps: Tensor, gamma: float = SNR_GAMMA) -> Tensor:
    """(B,) weights of min-SNR for v-prediction, min(SNR + 1, gamma) / (SNR + 1): the last step, where nothing of the
    picture is left, counts fully, for there its brightness is decided."""
    signal = scheduler().alphas_cumprod.to(timesteps.device)[timesteps]
    snr = signal / (1 - signal) + 1
    return snr.clamp(max=gamma) / snr


def offset_noise(like: Tensor, generator: torch.Generator, offset: float = NOISE_OFFSET) -> Tensor:
    """(B, F, C, h, w) normal noise, a little of it common to all places of a frame's channel."""
    noise = torch.randn(like.shape, generator=generator)
    common = torch.randn(*like.shape[:-2], 1, 1, generator=generator)
    return (noise + offset * common).to(like)
