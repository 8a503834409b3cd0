"""Temporal attention of ACInterp."""

from __future__ import annotations

from typing import Any

import torch
from diffusers import UNetMotionModel
from diffusers.models.unets.unet_motion_model import AnimateDiffTransformer3D
from torch import Tensor, nn

from tango_models.interpolation.acinterp.reference import ReferenceBank


class PerFrameNorm(nn.GroupNorm):
    """Group normalisation of (B, C, F, H, W) frame by frame, as AnimateDiff's weights were trained. `diffusers` takes
    the statistics over all frames together: the same parameters, other numbers."""

    def forward(self, frames: Tensor) -> Tensor:
        batch, count = frames.shape[0], frames.shape[2]
        each = frames.transpose(1, 2).flatten(0, 1)  # (B * F, C, H, W)
        return super().forward(each).unflatten(0, (batch, count)).transpose(1, 2)


class ReferenceMotionModule(AnimateDiffTransformer3D):
    """Temporal attention that also sees the frames before and after the seam, as the reference network shows them."""

    bank: ReferenceBank | None = None
    place: str = ""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.norm = PerFrameNorm(settings["norm_num_groups"], settings["in_channels"], eps=1e-6)
        nn.init.zeros_(self.proj_out.weight)
        nn.init.zeros_(self.proj_out.bias)

    def forward(
        self,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        timestep: Tensor | None = None,
        class_labels: Tensor | None = None,
        num_frames: int = 1,
        cross_attention_kwargs: dict[str, Any] | None = None,
    ) -> Tensor:
        """(B * F, C, h, w) of such; the signature is `diffusers`'. A single frame has no motion and stays as it is:
        Pose2Image is trained without these modules, whatever they have learned elsewhere."""
        if num_frames == 1:
            return hidden_states
        around = self.bank.around(self.place) if self.bank is not None else None
        if around is None:
            return super().forward(hidden_states, num_frames=num_frames)
        before, after = (part.to(hidden_states.dtype) for part in around)
        own = hidden_states.unflatten(0, (-1, num_frames))
        sequence = torch.cat([before, own, after], dim=1)
        seen = super().forward(sequence.flatten(0, 1), num_frames=sequence.shape[1])
        first = before.shape[1]
        return seen.unflatten(0, (len(own), -1))[:, first : first + num_frames].flatten(0, 1)


def use_reference_motion(network: UNetMotionModel, positions: int) -> None:
    """Put such modules, which change nothing before they are trained, in place of all of a network's motion modules."""
    for block in (*network.down_blocks, network.mid_block, *network.up_blocks):
        for k, old in enumerate(block.motion_modules):
            block.motion_modules[k] = ReferenceMotionModule(
                num_attention_heads=old.num_attention_heads,
                attention_head_dim=old.attention_head_dim,
                in_channels=old.in_channels,
                num_layers=len(old.transformer_blocks),
                norm_num_groups=old.norm.num_groups,
                positional_embeddings="sinusoidal",
                num_positional_embeddings=positions,
            )


def motion_modules(network: UNetMotionModel) -> dict[str, ReferenceMotionModule]:
    """All of a network's, by their place."""
    return {name: module for name, module in network.named_modules() if isinstance(module, ReferenceMotionModule)}
