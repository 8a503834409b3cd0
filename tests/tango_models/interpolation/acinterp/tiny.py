"""ACInterp at widths that a test has time for."""

from typing import Any

import torch

from tango_models.interpolation.acinterp.configuration import ACInterpConfig
from tango_models.interpolation.acinterp.modeling import ACInterp, Conditions

SIDE = 32


def tiny_config(**changes: Any) -> ACInterpConfig:
    values: dict[str, Any] = {
        "size": "tiny", "widths": (8, 16), "attention_levels": 1, "layers": 1, "heads": 2, "norm_groups": 4,
        "embedding_dim": 8, "vae_widths": (8, 8), "vae_layers": 1, "latent_scale": 1.0, "guider_widths": (4, 8),
        "encoder_width": 8, "encoder_layers": 1, "encoder_heads": 2, "encoder_patch": 8, "encoder_side": 16,
        "motion_heads": 2,
    }  # fmt: skip
    return ACInterpConfig(**values | changes)


def tiny_model(seed: int = 0, **changes: Any) -> ACInterp:
    torch.manual_seed(seed)
    return ACInterp(tiny_config(**changes)).eval()


def shake(module: torch.nn.Module, seed: int = 1) -> None:
    """Random numbers in all parameters, so that nothing is hidden behind a zero."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.2 * torch.randn(parameter.shape, generator=generator))


def random_conditions(
    model: ACInterp, *, items: int = 1, frames: int = 4, references: int = 1, context: int = 0, seed: int = 2
) -> Conditions:
    config = model.config
    generator = torch.Generator().manual_seed(seed)
    side = SIDE // config.reduction

    def latents(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, config.latent_channels, side, side, generator=generator)

    known = torch.zeros(items, frames, dtype=torch.bool)
    known[:, [0, -1]] = frames > 1
    return Conditions(
        poses=torch.rand(items, frames, 3, SIDE, SIDE, generator=generator),
        references=latents(items, references),
        embedding=torch.randn(items, 1, config.embedding_dim, generator=generator),
        seeds=latents(items, frames) * known[:, :, None, None, None],
        known=known,
        background=torch.randn(items, frames, config.latent_channels + 1, side, side, generator=generator),
        context=latents(items, 2 * context) if context else None,
        reading=[True] * items,
    )


def random_sample(model: ACInterp, given: Conditions, seed: int = 3) -> torch.Tensor:
    return torch.randn(given.seeds.shape, generator=torch.Generator().manual_seed(seed))
