"""Small parts that both towers share: resampling, perceptrons and residual convolutions."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

SLOPE = 0.2  # of every LeakyReLU of the published model


def resample(values: torch.Tensor, length: int) -> torch.Tensor:
    """Linear interpolation over time with both ends kept (`align_corners=True`). (B, n, C) -> (B, length, C)."""
    if values.shape[1] == length:
        return values
    return F.interpolate(values.transpose(1, 2), size=length, mode="linear", align_corners=True).transpose(1, 2)


def extend(values: torch.Tensor, length: int) -> torch.Tensor:
    """Repeat the last frame until there are `length`; longer input stays. (B, n, C) -> (B, max(n, length), C)."""
    missing = length - values.shape[1]
    if missing <= 0:
        return values
    return torch.cat([values, values[:, -1:].expand(-1, missing, -1)], dim=1)


class Mapping(nn.Module):
    """Linear, LeakyReLU 0.2, Linear: (..., inputs) -> (..., outputs)."""

    def __init__(self, *, inputs: int, hidden: int, outputs: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(inputs, hidden), nn.LeakyReLU(SLOPE), nn.Linear(hidden, outputs))

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return self.mlp(values)


class ResidualConvolution(nn.Module):
    """x + Conv(LeakyReLU(Conv(x))), kernel 3: (B, C, n) -> (B, C, n)."""

    def __init__(self, *, width: int) -> None:
        super().__init__()
        self.model = nn.Sequential(_convolution(width, width), nn.LeakyReLU(SLOPE), _convolution(width, width))

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return self.model(values) + values


class ConvolutionStack(nn.Module):
    """`blocks` times [Conv k3, LeakyReLU, ResidualConvolution] over time: (B, n, inputs) -> (B, n, width)."""

    def __init__(self, *, inputs: int, width: int, blocks: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for block in range(blocks):
            layers += [_convolution(width if block else inputs, width), nn.LeakyReLU(SLOPE)]
            layers += [ResidualConvolution(width=width)]
        self.main = nn.Sequential(*layers)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return self.main(values.transpose(1, 2)).transpose(1, 2)


def _convolution(inputs: int, outputs: int) -> nn.Conv1d:
    layer = nn.Conv1d(inputs, outputs, kernel_size=3, padding=1)
    nn.init.xavier_normal_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer
