"""Windows of frames as the diffusion model is given them: pictures, and the conditions made of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from tango_models.interpolation.acinterp.homography import background_between, camera_move
from tango_models.interpolation.acinterp.modeling import ACInterp, Conditions

_TOGETHER = 4  # pictures that the autoencoder sees at once


@dataclass(frozen=True)
class Windows:
    """Of B windows, pictures 0..1 at S x S px; what `Conditions` is made of, before the autoencoder.

    frames (B, F, 3, S, S); poses likewise; reference (B, 1, 3, S, S); context (B, 2K, 3, S, S) or None;
    background (B, F, 3, S, S) and seen (B, F, 1, S, S); known (B, F) bool
    """

    frames: Tensor
    poses: Tensor
    reference: Tensor
    context: Tensor | None
    background: Tensor
    seen: Tensor
    known: Tensor


def window_of(
    frames: np.ndarray, poses: np.ndarray, reference: np.ndarray, context: np.ndarray | None, person: np.ndarray
) -> Windows:
    """One window (B = 1) of pictures in uint8.

    Args:
        frames: (F, S, S, 3); of more than one, the first and the last are the known ones, and the only ones whose
            background is looked at.
        poses: (F, S, S, 3). reference: (S, S, 3). context: (2K, S, S, 3). person: (F, h, w) bool of any size.
    """
    count = len(frames)
    known = torch.zeros(1, count, dtype=torch.bool)
    if count > 1:
        known[:, [0, -1]] = True
        move = camera_move(frames[0], frames[-1], person[0], person[-1])
        between = [
            background_between(frames[0], frames[-1], person[0], person[-1], move, k / (count - 1))
            for k in range(count)
        ]
        background, seen = (np.stack(part) for part in zip(*between, strict=True))
    else:
        background, seen = np.zeros_like(frames), np.zeros(frames.shape[:3], bool)
    return Windows(
        frames=pictures_of(frames)[None],
        poses=pictures_of(poses)[None],
        reference=pictures_of(reference[None])[None],
        context=None if context is None else pictures_of(context)[None],
        background=pictures_of(background)[None],
        seen=torch.from_numpy(seen)[None, :, None].float(),
        known=known,
    )


def pictures_of(frames: np.ndarray) -> Tensor:
    """(T, 3, H, W) float 0..1 of frames (T, H, W, 3) uint8."""
    return torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2).float() / 255


def conditions(model: ACInterp, windows: Windows, *, dropped: Tensor | None = None) -> Conditions:
    """What a window is made from; `dropped` (B,) bool: the items that learn to do without the speaker's look."""
    reading = [True] * len(windows.frames) if dropped is None else (~dropped).tolist()
    with torch.no_grad():
        latents = _encoded(model, windows.frames)
        background = _encoded(model, windows.background)
        seen = F.interpolate(windows.seen.flatten(0, 1), background.shape[-2:], mode="area")
        seen = (seen > 0.99).to(background).unflatten(0, latents.shape[:2])
        reference = _encoded(model, windows.reference)
        context = None if windows.context is None else _encoded(model, windows.context)
    return Conditions(
        poses=windows.poses,
        references=reference,
        embedding=model.embed(windows.reference[:, 0]),
        seeds=latents * windows.known[:, :, None, None, None],
        known=windows.known,
        background=torch.cat([background * seen, seen], 2),
        context=context,
        reading=reading,
    )


def _encoded(model: ACInterp, pictures: Tensor) -> Tensor:
    """Latents of pictures (B, N, 3, S, S), a few at a time: the autoencoder at full size needs more memory than the
    network."""
    return torch.cat([model.encode(part) for part in pictures.flatten(0, 1).split(_TOGETHER)]).unflatten(
        0, pictures.shape[:2]
    )


def stack(windows: list[Windows]) -> Windows:
    """Several in one batch."""
    parts = {}
    for name in ("frames", "poses", "reference", "background", "seen", "known"):
        parts[name] = torch.cat([getattr(window, name) for window in windows])
    contexts = [window.context for window in windows]
    return Windows(**parts, context=None if contexts[0] is None else torch.cat([c for c in contexts if c is not None]))


def on_device(windows: Windows, device: torch.device | str) -> Windows:
    """The same there."""
    return replace(windows, **{k: v.to(device) for k, v in vars(windows).items() if isinstance(v, Tensor)})
