"""Sample sheets: what a network in training makes, beside what is true."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from tango_models.interpolation.acinterp.configuration import SamplingConfig
from tango_models.interpolation.acinterp.modeling import ACInterp
from tango_models.interpolation.acinterp.refiner import CHANNELS, Refiner, compose
from tango_models.interpolation.acinterp.sampling import sample
from tango_models.interpolation.acinterp.windows import Windows, conditions

_STEPS = 10
_SMOOTH = 0.02  # share of the run over which curves are averaged


@torch.no_grad()
def vae_sheet(model: ACInterp, windows: Windows) -> np.ndarray:
    """(H, W, 3) uint8: true pictures above, through the autoencoder below."""
    pictures = windows.frames[:, 0]
    return grid([pictures, model.decode(model.encode(pictures))])


@torch.no_grad()
def diffusion_sheet(model: ACInterp, windows: Windows, *, steps: int = _STEPS) -> np.ndarray:
    """(H, W, 3) uint8: poses, true frames, and frames made from noise, of the first window."""
    first = replace(windows, **{k: v[:1] for k, v in vars(windows).items() if v is not None})
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


def curves(figures: Sequence[dict[str, float]]) -> bytes:
    """A PNG of the figures of a run over its steps: rows of `runs.train`'s report; a resumed run may repeat steps."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    by_step = {int(row["step"]): row for row in figures}
    steps = sorted(by_step)
    names = [name for name in figures[-1] if name not in ("step", "seconds", "gradient_norm", "lr")]
    figure = Figure(figsize=(4.5 * len(names), 3.2), layout="constrained")
    FigureCanvasAgg(figure)
    width = max(1, round(_SMOOTH * len(steps)))
    for axes, name in zip(np.atleast_1d(figure.subplots(1, len(names))), names, strict=True):
        values = np.array([by_step[step][name] for step in steps])
        axes.plot(steps[width - 1 :], np.convolve(values, np.ones(width) / width, mode="valid"), lw=1.6)
        axes.set_xlabel("step")
        axes.set_title(name.replace("_", " "))
    target = io.BytesIO()
    figure.savefig(target, format="png", dpi=110)
    return target.getvalue()
