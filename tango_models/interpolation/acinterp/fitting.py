"""A window's pictures by the diffusion model, with what memory there is."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from tango_models.interpolation.acinterp.configuration import SamplingConfig
from tango_models.interpolation.acinterp.modeling import ACInterp
from tango_models.interpolation.acinterp.sampling import longest_pass, sample, sample_in_halves
from tango_models.interpolation.acinterp.windows import Windows, conditions, on_device

_SLOW = 16  # per side: what the autoencoder shifts is slower than a picture's part of so many


@torch.inference_mode()
def fitting_pictures(
    load: Callable[[], ACInterp], window: Windows, sampling: SamplingConfig, *, positions: int, device: str
) -> tuple[Tensor | None, str]:
    """The frames between a window's ends, (F - 2, 3, S, S) on the CPU, and what to say of how they were made.

    Out of GPU memory it tries again: first both halves of guidance one after the other, then half of the frames at a
    time. So it does with a window longer than the model tells apart. None where nothing helps.

    Args:
        load: the model on its device; called where running out of memory is caught.
        window: of one item.
        positions: frames that the model tells apart, those around the window included.
    """
    frames, side = window.frames.shape[1], window.frames.shape[-1]
    limit = positions - (0 if window.context is None else window.context.shape[1])
    ways: list[tuple[str, Callable[..., Tensor]]] = []
    if frames <= limit:
        ways += [("", sample), ("", partial(sample, together=False))]
    if frames >= 5 and longest_pass(frames) <= limit:
        ways += [("made in two halves", sample_in_halves)]
    for note, way in ways:
        try:
            model = load()
            try:
                given = on_device(window, device)
                latents = way(model, conditions(model, given), sampling)
                return _pictures(model, latents, given.frames).float().cpu(), note
            finally:
                model.forget()
        except torch.OutOfMemoryError:
            pass
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
    fault = f"{side} px did not fit into memory" if ways else f"a model that tells {positions} apart are too many"
    return None, f"flow's frames: {frames} {'frames of' if ways else 'for'} {fault}"


def _pictures(model: ACInterp, latents: Tensor, frames: Tensor) -> Tensor:
    """(F - 2, 3, S, S): those between, without the shift of colours that the autoencoder leaves at the ends."""
    # Frame by frame: the autoencoder at full size needs more memory than the network.
    made = torch.cat([model.decode(latents[:, k]) for k in range(latents.shape[1])])
    shift = frames[0, [0, -1]] - made[[0, -1]]
    slow = F.interpolate(shift, (_SLOW, _SLOW), mode="area")
    slow = F.interpolate(slow, shift.shape[-2:], mode="bicubic", align_corners=False)
    share = torch.linspace(0, 1, len(made), device=made.device).view(-1, 1, 1, 1)
    return (made + (1 - share) * slow[:1] + share * slow[1:])[1:-1].clamp(0, 1)
