"""Contrastive losses between speech and motion: frame against frame within a clip, clip against clip within a batch.

TANGO (Liu et al. 2024) sums both with equal weights; its frame-level negatives come from the same clip only.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

POSITIVE_BEFORE, POSITIVE_AFTER = 4, 4
"""Frames around a query's own that count as simultaneous: [t - 4, t + 4)."""
NEGATIVES_EACH_SIDE = 12
"""Frames beyond the positives on either side that count as not simultaneous."""

MIN_TEMPERATURE, MAX_TEMPERATURE = 0.01, 1.0


class Contrast(NamedTuple):
    """A loss to minimise and how often the nearest candidate was a positive, both scalar tensors."""

    loss: torch.Tensor
    accuracy: torch.Tensor


class Temperatures(nn.Module):
    """One temperature per loss, trained in the logarithm and kept in 0.01..1, or fixed when not `learnable`."""

    def __init__(self, *, local: float = 0.1, clip: float = 0.1, learnable: bool = False) -> None:
        super().__init__()
        for name, start in (("local", local), ("clip", clip)):
            if not MIN_TEMPERATURE <= start <= MAX_TEMPERATURE:
                raise ValueError(f"{name} temperature {start} is outside {MIN_TEMPERATURE}..{MAX_TEMPERATURE}")
        self.log_local = nn.Parameter(torch.tensor(math.log(local)), requires_grad=learnable)
        self.log_clip = nn.Parameter(torch.tensor(math.log(clip)), requires_grad=learnable)

    @property
    def local(self) -> torch.Tensor:
        return self.log_local.exp().clamp(MIN_TEMPERATURE, MAX_TEMPERATURE)

    @property
    def clip(self) -> torch.Tensor:
        return self.log_clip.exp().clamp(MIN_TEMPERATURE, MAX_TEMPERATURE)


def local_loss(audio_low: torch.Tensor, motion_low: torch.Tensor, temperature: float | torch.Tensor = 0.1) -> Contrast:
    """Frame-level loss in both directions, averaged over directions, clips and frames.

    For the query frame t the positives P are the other side's frames [t-4, t+4) of the same clip and the negatives N
    the 12 frames before and the 12 after them, all cut to the clip:
    ``-log sum_P exp(sim / temperature) + log sum_{P and N} exp(sim / temperature)`` with cosine similarity.

    Args:
        audio_low, motion_low: (B, T, D), any length; T >= 1.

    Returns:
        The loss and the share of queries whose most similar candidate is a positive (chance 25 % away from the ends).
    """
    if audio_low.shape != motion_low.shape or audio_low.ndim != 3:
        raise ValueError(f"need two (B, T, D), not {tuple(audio_low.shape)} and {tuple(motion_low.shape)}")
    audio, motion = functional.normalize(audio_low.float(), dim=-1), functional.normalize(motion_low.float(), dim=-1)
    similarity = audio @ motion.transpose(1, 2)  # (B, T audio, T motion)
    positive, candidate = frame_masks(audio.shape[1], audio.device)
    both = torch.stack([similarity, similarity.transpose(1, 2)])  # (2, B, T queries, T candidates)
    logits = (both / temperature).masked_fill(~candidate, -math.inf)
    loss = (torch.logsumexp(logits, -1) - torch.logsumexp(logits.masked_fill(~positive, -math.inf), -1)).mean()
    best = logits.argmax(-1, keepdim=True)
    hits = positive.expand_as(logits).gather(-1, best)
    return Contrast(loss, hits.float().mean())


def frame_masks(count: int, device: torch.device | str | None = None) -> tuple[torch.Tensor, torch.Tensor]:
    """(T, T) booleans, query by candidate: which frames are positives, and which are looked at at all."""
    frames = torch.arange(count, device=device)
    offset = frames[None, :] - frames[:, None]
    positive = (offset >= -POSITIVE_BEFORE) & (offset < POSITIVE_AFTER)
    candidate = (offset >= -POSITIVE_BEFORE - NEGATIVES_EACH_SIDE) & (offset < POSITIVE_AFTER + NEGATIVES_EACH_SIDE)
    return positive, candidate


def clip_loss(
    audio_cls: torch.Tensor,
    motion_cls: torch.Tensor,
    temperature: float | torch.Tensor = 0.1,
    symmetric: bool = False,
    *,
    speakers: torch.Tensor | None = None,
    hard_weight: float = 1.0,
) -> Contrast:
    """InfoNCE over the clips of a batch; every other clip's motion is a negative.

    Args:
        audio_cls, motion_cls: (B, D); row i of both belong together.
        symmetric: also from motion to audio, averaged (Radford et al. 2021); TANGO trains audio to motion only.
        speakers: (B,) integers. With `hard_weight` above 1 a negative by the same speaker counts that many times in the
            denominator, so that telling speakers apart is not enough.

    Returns:
        The loss and the share of speeches (with `symmetric`, of both sides) that rank their own partner first.
    """
    if audio_cls.shape != motion_cls.shape or audio_cls.ndim != 2:
        raise ValueError(f"need two (B, D), not {tuple(audio_cls.shape)} and {tuple(motion_cls.shape)}")
    if hard_weight < 1:
        raise ValueError(f"hard_weight {hard_weight} is below 1")
    audio, motion = functional.normalize(audio_cls.float(), dim=-1), functional.normalize(motion_cls.float(), dim=-1)
    logits = audio @ motion.T / temperature  # (B audio, B motion)
    target = torch.arange(len(logits), device=logits.device)
    directions = [logits, logits.T] if symmetric else [logits]
    accuracy = torch.stack([(d.argmax(1) == target).float().mean() for d in directions]).mean()
    if speakers is not None and hard_weight > 1:
        same = speakers[:, None] == speakers[None, :]
        same = same & ~torch.eye(len(logits), dtype=torch.bool, device=logits.device)
        directions = [d + same * math.log(hard_weight) for d in directions]  # `same` is symmetric
    loss = torch.stack([functional.cross_entropy(d, target) for d in directions]).mean()
    return Contrast(loss, accuracy)
