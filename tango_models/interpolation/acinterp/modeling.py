"""ACInterp's networks and how they hang together.

Two stages (TANGO, section 3.3). Pose2Image: a frame from noise, a pose picture and the speaker's look. Image2Video: the
frames of a seam together, the true frames at its start and end given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL, UNet2DConditionModel, UNetMotionModel
from diffusers.models.controlnets.controlnet import ControlNetConditioningEmbedding
from torch import Tensor, nn
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from tango_models.interpolation.acinterp.configuration import ACInterpConfig
from tango_models.interpolation.acinterp.motion_module import motion_modules, use_reference_motion
from tango_models.interpolation.acinterp.reference import connect

_CLIP_MEAN, _CLIP_DEVIATION = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)


@dataclass(frozen=True)
class Conditions:
    """What frames are made from. B items of F frames; h, w: sides of the latents.

    poses        (B, F, 3, H, W) pose pictures, 0..1
    references   (B, R, C, h, w) latents of true frames that show what the speaker looks like
    embedding    (B, 1, D) of `ACInterp.embed`, of a reference
    seeds        (B, F, C, h, w) latents of the frames that are known, 0 elsewhere
    known        (B, F) bool: which are
    background   (B, F, C + 1, h, w) latents of the background as the camera sees it then, and where it is known
    context      (B, 2K, C, h, w) latents of the K frames before the first and the K after the last, or None
    reading      for each item whether it sees reference and embedding: False is the unconditional half of guidance
    """

    poses: Tensor
    references: Tensor
    embedding: Tensor
    seeds: Tensor
    known: Tensor
    background: Tensor
    context: Tensor | None
    reading: Sequence[bool]

    def to(self, *args, **kwargs) -> Conditions:
        """On a device or of a floating type; see `Tensor.to`."""
        moved: dict[str, Any] = {}
        for name, value in vars(self).items():
            if isinstance(value, Tensor) and name != "known":
                moved[name] = value.to(*args, **kwargs)
        return replace(self, **moved, known=self.known.to(moved["poses"].device))


class GuidedConv(nn.Conv2d):
    """The denoising network's first convolution: what the guiders say is added to its output."""

    guidance: Tensor | None = None

    def forward(self, sample: Tensor) -> Tensor:
        made = super().forward(sample)
        return made if self.guidance is None else made + self.guidance


class SeedGuider(nn.Module):
    """Known frames and background, at the latents' size, for the denoising network; it starts by saying nothing."""

    def __init__(self, latent_channels: int, width: int) -> None:
        super().__init__()
        self.conv_in = nn.Conv2d(2 * (latent_channels + 1), width, 3, padding=1)
        self.conv_out = nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(self.conv_out.weight)
        nn.init.zeros_(cast(Tensor, self.conv_out.bias))

    def forward(self, given: Tensor) -> Tensor:
        return self.conv_out(F.silu(self.conv_in(given)))


class ACInterp(nn.Module):
    """The whole model; see the module."""

    latent_scale: Tensor

    def __init__(self, config: ACInterpConfig) -> None:
        super().__init__()
        self.config = config
        c = config
        spatial = [k < c.attention_levels for k in range(len(c.widths))]
        down = [("CrossAttnDownBlock" if has else "DownBlock") for has in spatial]
        up = [("CrossAttnUpBlock" if has else "UpBlock") for has in reversed(spatial)]
        shared = {
            "in_channels": c.latent_channels, "out_channels": c.latent_channels, "block_out_channels": c.widths,
            "layers_per_block": c.layers, "norm_num_groups": c.norm_groups, "cross_attention_dim": c.embedding_dim,
        }  # fmt: skip
        self.reference = UNet2DConditionModel(
            **shared,
            attention_head_dim=c.heads,  # the number of heads, in spite of its name
            down_block_types=tuple(f"{name}2D" for name in down),
            up_block_types=tuple(f"{name}2D" for name in up),
        )
        self.denoising = UNetMotionModel(
            **shared,
            num_attention_heads=c.heads,
            down_block_types=tuple(f"{name}Motion" for name in down),
            up_block_types=tuple(f"{name}Motion" for name in up),
            motion_num_attention_heads=c.motion_heads,
            motion_max_seq_length=c.motion_positions,
        )
        use_reference_motion(self.denoising, c.motion_positions)
        self.denoising.conv_in = GuidedConv(c.latent_channels, c.widths[0], 3, padding=1)
        self.pose_guider = ControlNetConditioningEmbedding(c.widths[0], 3, c.guider_widths)
        self.seed_guider = SeedGuider(c.latent_channels, c.widths[0])
        levels = len(c.vae_widths)
        self.vae = AutoencoderKL(
            down_block_types=("DownEncoderBlock2D",) * levels,
            up_block_types=("UpDecoderBlock2D",) * levels,
            block_out_channels=c.vae_widths,
            layers_per_block=c.vae_layers,
            latent_channels=c.latent_channels,
            norm_num_groups=c.norm_groups,
        )
        self.image_encoder = CLIPVisionModelWithProjection(
            CLIPVisionConfig(
                hidden_size=c.encoder_width, intermediate_size=4 * c.encoder_width, projection_dim=c.embedding_dim,
                num_hidden_layers=c.encoder_layers, num_attention_heads=c.encoder_heads, image_size=c.encoder_side,
                patch_size=c.encoder_patch,
            )
        )  # fmt: skip
        self.register_buffer("latent_scale", torch.tensor(c.latent_scale))
        self.bank = connect(self.reference, self.denoising, c.fusion)
        for place, module in motion_modules(self.denoising).items():
            module.bank, module.place = self.bank, place

    def encode(self, pictures: Tensor) -> Tensor:
        """(…, C, h, w) latents of unit variance of pictures (…, 3, H, W), 0..1."""
        flat = pictures.flatten(0, -4) if pictures.ndim > 4 else pictures
        latents = self.vae.encode(flat * 2 - 1).latent_dist.mode() * self.latent_scale
        return latents.reshape(*pictures.shape[:-3], *latents.shape[1:])

    def decode(self, latents: Tensor) -> Tensor:
        """The reverse of `encode`, cut to 0..1."""
        flat = latents.flatten(0, -4) if latents.ndim > 4 else latents
        pictures = (self.vae.decode(flat / self.latent_scale).sample / 2 + 0.5).clamp(0, 1)
        return pictures.reshape(*latents.shape[:-3], *pictures.shape[1:])

    def embed(self, pictures: Tensor) -> Tensor:
        """(B, 1, D) image embeddings of pictures (B, 3, H, W), 0..1."""
        side = self.config.encoder_side
        small = F.interpolate(pictures, (side, side), mode="bicubic", antialias=True, align_corners=False)
        mean, deviation = (small.new_tensor(v).view(3, 1, 1) for v in (_CLIP_MEAN, _CLIP_DEVIATION))
        return self.image_encoder((small - mean) / deviation).image_embeds[:, None]

    def look(self, given: Conditions) -> None:
        """Run the reference network; `denoise` reads what it showed. It is the same at every step of sampling."""
        pictures = given.references if given.context is None else torch.cat([given.references, given.context], 1)
        count = pictures.shape[1]
        self.bank.begin(references=given.references.shape[1], context=count - given.references.shape[1])
        timestep = torch.zeros((), dtype=torch.long, device=pictures.device)
        embedding = given.embedding.repeat_interleave(count, 0)
        self.reference(pictures.flatten(0, 1), timestep, encoder_hidden_states=embedding)

    def forget(self) -> None:
        """Free what `look` keeps."""
        self.bank.begin(references=1, context=0)

    def denoise(self, sample: Tensor, timestep: Tensor, given: Conditions, *, guided: bool = False) -> Tensor:
        """What the network says of noisy latents.

        Args:
            sample: (B, F, C, h, w). timestep: () or (B,).
            guided: answer twice, (2B, F, C, h, w): first as if nothing of the speaker were known, then with it.

        Returns:
            (B, F, C, h, w), the velocity of Salimans & Ho 2022.
        """
        items = list(range(len(sample)))
        reading = list(given.reading)
        frames = sample.shape[1]
        embedding = given.embedding * sample.new_tensor(reading).view(-1, 1, 1)
        guidance = self._guidance(given)
        if guided:
            sample, guidance = torch.cat([sample, sample]), torch.cat([guidance, guidance])
            embedding = torch.cat([torch.zeros_like(embedding), embedding])
            timestep = torch.cat([timestep, timestep]) if timestep.ndim else timestep
            items, reading = items * 2, [False] * len(items) + reading
        self.bank.read_by(items, reading)
        self.denoising.conv_in.guidance = guidance
        try:
            made = self.denoising(
                sample.transpose(1, 2), timestep, encoder_hidden_states=embedding.repeat_interleave(frames, 0)
            ).sample
        finally:  # whoever runs out of memory goes on with fewer frames
            self.denoising.conv_in.guidance = None
        return made.transpose(1, 2)

    def _guidance(self, given: Conditions) -> Tensor:
        """(B * F, width, h, w)."""
        known = given.known[:, :, None, None, None].to(given.seeds.dtype)
        mask = known.expand(-1, -1, 1, *given.seeds.shape[-2:])
        seeds = torch.cat([given.seeds * known, mask, given.background], dim=2)
        return self.pose_guider(given.poses.flatten(0, 1)) + self.seed_guider(seeds.flatten(0, 1))

    def forward(self, sample: Tensor, timestep: Tensor, given: Conditions) -> Tensor:
        """`look`, then `denoise`."""
        self.look(given)
        return self.denoise(sample, timestep, given)

    def parameter_count(self) -> int:
        return sum(parameter.numel() for parameter in self.parameters())
