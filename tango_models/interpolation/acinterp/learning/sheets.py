"""Sample sheets: what a network in training makes, beside what is true."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from tango_models.interpolation.acinterp.learning.diffusing import conditions
from tango_models.interpolation.acinterp.learning.windows import Windows
from tango_models.interpolation.acinterp.modeling import ACInterp
from tango_models.interpolation.acinterp.refiner import CHANNELS, Refiner, compose
from tango_models.interpolation.acinterp.sampling import SamplingConfig, sample

_STEPS = 10


@torch.no_grad()
def vae_sheet(model: ACInterp, windows: Windows) -> np.ndarray:
    """(H, W, 3) uint8: true pictures above, through the autoencoder below."""
    pictures = windows.frames[:, 0]
    return grid([pictures, model.decode(model.encode(pictures))])


@torch.no_grad()
def diffusion_sheet(model: ACInterp, windows: Windows, *, steps: int = _STEPS) -> np.ndarray:
    """(H, W, 3) uint8: poses, true frames, and frames made from noise, of the first window."""
    first = Windows(**{k: None if v is None else v[:1] for k, v in vars(windows).items()})
    made = model.decode(sample(model, conditions(model, first), SamplingConfig(steps=steps, guidance=1.0)))
    return grid([first.poses[0], first.frames[0], made[0]])


@torch.no_grad()
def refiner_sheet(model: Refiner, batch: Tensor) -> np.ndarray:
    """(H, W, 3) uint8: what `flow` made, what the refiner makes of it, and the truth."""
    given, true, _ = batch.split([CHANNELS, 3, 1], 1)
    made = compose(given, *model(given, torch.Generator().manual_seed(0)))
    return grid([given[:, 6:9], made, true])


def grid(rows: list[Tensor]) -> np.ndarray:
    """(H, W, 3) uint8 of rows of pictures (n, 3, h, w), 0..1."""
    lines = [torch.cat(list(row.float().cpu()), dim=2) for row in rows]
    picture = torch.cat(lines, dim=1).clamp(0, 1)
    return (picture * 255).round().byte().permute(1, 2, 0).numpy()
