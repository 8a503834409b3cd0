"""The motion tower: rep15d at 30 fps to frame-level and clip-level features."""

from __future__ import annotations

import math

import torch
from torch import nn

from tango_models.aumoclip.attention import ClipAttention
from tango_models.aumoclip.configuration import AuMoClipConfig
from tango_models.aumoclip.layers import ConvolutionStack, Mapping, resample
from tango_models.aumoclip.outputs import TowerOutput


class PeriodicPositions(nn.Module):
    """Adds a sinusoidal position code that repeats every `period` frames (Fan et al., FaceFormer, CVPR 2022)."""

    pe: torch.Tensor

    def __init__(self, *, width: int, period: int, length: int) -> None:
        super().__init__()
        frame = torch.arange(period, dtype=torch.float32)[:, None]
        rate = torch.exp(torch.arange(0, width, 2, dtype=torch.float32) * (-math.log(10_000.0) / width))
        code = torch.zeros(period, width)
        code[:, 0::2], code[:, 1::2] = torch.sin(frame * rate), torch.cos(frame * rate)
        self.register_buffer("pe", code.repeat(-(-length // period), 1)[None, :length])

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return values + self.pe[:, : values.shape[1]]


class MotionNetwork(nn.Module):
    """Convolutions for the low level, convolutions and a transformer layer for the high level."""

    def __init__(self, config: AuMoClipConfig) -> None:
        super().__init__()
        width = config.motion_width
        self.feature_extractor = ConvolutionStack(
            inputs=config.motion_dim, width=width, blocks=config.motion_low_blocks
        )
        self.encoder_cnn = ConvolutionStack(
            inputs=width + config.motion_dim, width=width, blocks=config.motion_high_blocks
        )
        self.pos_encoding = PeriodicPositions(width=width, period=config.motion_period, length=config.motion_positions)
        layer = nn.TransformerEncoderLayer(
            d_model=width,
            nhead=8,
            dim_feedforward=config.motion_feedforward,
            dropout=config.motion_dropout,
            activation="relu",
            batch_first=True,
        )
        self.encoder_trans = nn.TransformerEncoder(layer, num_layers=1, enable_nested_tensor=False)

    def forward(self, motion: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(B, n, 825) at 15 fps -> low and high features, both (B, n, width)."""
        low = self.feature_extractor(motion)
        high = self.encoder_cnn(torch.cat([low.detach(), motion], dim=-1))  # the high level does not train the low one
        return low, self.encoder_trans(self.pos_encoding(high))


class MotionTower(nn.Module):
    """rep15d -> embeddings (TANGO, section on AuMoCLIP). Its convolutions see 19 frames at 15 fps for the low level."""

    mean: torch.Tensor
    scale: torch.Tensor

    def __init__(self, config: AuMoClipConfig) -> None:
        super().__init__()
        self.limit = 2 * config.motion_positions
        self.encoder = MotionNetwork(config)
        size = {"inputs": config.motion_width, "hidden": config.mapping_dim, "outputs": config.feature_dim}
        self.low_mapping, self.high_mapping = Mapping(**size), Mapping(**size)
        places = config.window_frames // 2 if config.attention_by_place else 0
        self.attention = ClipAttention(width=config.feature_dim, heads=config.attention_heads, places=places)
        self.register_buffer("mean", torch.zeros(config.motion_dim))
        self.register_buffer("scale", torch.ones(config.motion_dim))

    def set_statistics(self, mean: torch.Tensor, deviation: torch.Tensor, *, least: float = 1e-2) -> None:
        """Standardise the input from now on; kept in the checkpoint. The published model does not standardise.

        Args:
            mean: (825,).
            deviation: (825,) standard deviations; below `least` they count as `least`, so constants stay calm.
        """
        self.mean.copy_(mean)
        self.scale.copy_(1.0 / deviation.clamp_min(least))

    def forward(self, rep15d: torch.Tensor) -> TowerOutput:
        """(B, T, 825) at 30 fps, 1 <= T <= 160 -> embeddings of T frames. ValueError for other lengths."""
        frames = rep15d.shape[1]
        if not 1 <= frames <= self.limit:
            raise ValueError(f"a motion window has 1 to {self.limit} frames, not {frames}")
        motion = (rep15d[:, ::2] - self.mean) * self.scale  # (B, n, 825) at 15 fps, n = ceil(T / 2)
        length = 2 * motion.shape[1]
        low, high = self.encoder(motion)  # (B, n, width)
        low, high = self.low_mapping(low), self.high_mapping(high)  # (B, n, 256)
        attended, attention = self.attention(high)  # (B, n, 256), (B, heads, n)
        return TowerOutput(
            low=resample(low, length)[:, :frames],
            high=resample(attended, length)[:, :frames],
            cls=attended[:, 0],
            attention=attention,
        )
