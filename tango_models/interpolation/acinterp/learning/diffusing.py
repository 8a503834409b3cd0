"""Losses of ACInterp's stages, and what each of them trains."""

from __future__ import annotations

import torch
from torch import Tensor

from tango_models.errors import InputError
from tango_models.interpolation.acinterp.modeling import ACInterp
from tango_models.interpolation.acinterp.noise import TIMESTEPS, noised, offset_noise, snr_weights
from tango_models.interpolation.acinterp.reference import behind_the_last
from tango_models.interpolation.acinterp.windows import Windows, conditions

STAGES = ("vae", "1", "2")
"""The autoencoder (of the `small` size; the published one is used as it is), Pose2Image, Image2Video."""
_KL = 1e-6
_QUIET = -6.0  # log variance of a latent, whose own is about 0.01 before anything is learnt


def choose_trained(model: ACInterp, stage: str, *, checkpointing: bool = False) -> None:
    """Let a stage's parameters, and no others, want gradients.

    `vae`: the autoencoder. `1`: reference, denoising network without motion, pose guider, and of the `small` size the
    image encoder (the published one stays as it is). `2`: motion modules and the guider of seeds and background.

    Args:
        checkpointing: recompute features on the way back instead of keeping them.

    Raises:
        InputError: there is no such stage.
    """
    if stage not in STAGES:
        raise InputError(f"stage {stage!r}", "is not known", f"choose one of {', '.join(STAGES)} or refiner")
    for name, parameter in model.named_parameters():
        motion = ".motion_modules." in name or name.startswith("seed_guider.")
        part = name.split(".")[0]
        unread = part == "reference" and behind_the_last(model.config, name.removeprefix("reference."))
        wanted = {
            "vae": part == "vae",
            "1": not motion and not unread and part in ("reference", "denoising", "pose_guider", *_encoder(model)),
            "2": motion,
        }[stage]
        parameter.requires_grad_(wanted)
    model.eval()
    if checkpointing:
        model.denoising.enable_gradient_checkpointing()
        model.reference.enable_gradient_checkpointing()
        (model.vae if stage == "vae" else model.denoising).train()


def _encoder(model: ACInterp) -> tuple[str, ...]:
    return () if model.config.size == "sd15" else ("image_encoder",)


def vae_loss(model: ACInterp, pictures: Tensor, generator: torch.Generator) -> tuple[Tensor, dict[str, float]]:
    """Of pictures (B, 3, S, S): mean absolute error of them and of their gradients, and a little of the prior."""
    latent = model.vae.encode(pictures * 2 - 1).latent_dist
    noise = torch.randn(latent.mean.shape, generator=generator).to(latent.mean)
    made = model.vae.decode(latent.mean + latent.std * noise).sample / 2 + 0.5
    error = (made - pictures).abs().mean()
    slopes = sum((made.diff(dim=axis) - pictures.diff(dim=axis)).abs().mean() for axis in (-1, -2))
    loss = error + slopes + _KL * latent.kl().mean()
    return loss, {"psnr": psnr(made.detach(), pictures)}


@torch.no_grad()
def begin_quietly(model: ACInterp) -> None:
    """Let a new autoencoder add little noise to its latents. It would begin with a deviation of 1, ten times what it
    tells of a picture, and first have to learn to be heard. (16 frames at 64 px, 60 steps of 8: 21.4 dB, and 20.8
    without.)"""
    model.vae.quant_conv.bias[model.config.latent_channels :] = _QUIET


@torch.no_grad()
def set_latent_scale(model: ACInterp, pictures: Tensor) -> None:
    """Bring the latents of such pictures (B, 3, S, S) to unit variance, once the autoencoder is trained."""
    model.latent_scale.fill_(1.0)
    model.latent_scale.fill_(1 / max(float(model.encode(pictures).std()), 1e-6))


def diffusion_loss(
    model: ACInterp, windows: Windows, generator: torch.Generator, *, dropout: float = 0.1
) -> tuple[Tensor, dict[str, float]]:
    """Of the frames that are not known; the known ones are given without noise, as when frames are made.

    Args:
        dropout: share of the items that learn to do without the speaker's look, for guidance.
    """
    count = len(windows.frames)
    dropped = torch.rand(count, generator=generator) < dropout
    given = conditions(model, windows, dropped=dropped)
    with torch.no_grad():
        clean = model.encode(windows.frames)
        timesteps = torch.randint(TIMESTEPS, (count,), generator=generator).to(clean.device)
        noisy, velocity = noised(clean, offset_noise(clean, generator), timesteps)
        known = given.known[:, :, None, None, None]
        noisy = torch.where(known, clean, noisy)
    said = model(noisy, timesteps, given)
    open_ = (~known).expand_as(said).float()
    error = ((said - velocity).square() * open_).flatten(1).sum(1) / open_.flatten(1).sum(1)
    loss = (error * snr_weights(timesteps)).mean()
    return loss, {"error": float(error.detach().mean())}


def psnr(made: Tensor, true: Tensor) -> float:
    """dB, of pictures 0..1."""
    return float(-10 * torch.log10((made - true).square().mean().clamp_min(1e-10)))
