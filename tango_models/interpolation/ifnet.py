"""IFNet of RIFE HDv3: intermediate flow of two frames, coarse to fine.

Huang et al., "Real-Time Intermediate Flow Estimation for Video Frame Interpolation", ECCV 2022 (arXiv 2011.06294), in
the v3 "HD" arrangement: three blocks at 1/4, 1/2 and full resolution, each run in both directions and averaged. The
layers' names and shapes follow the published weights (MIT), so those load strictly.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

WIDTH = 90
SCALES = (4, 2, 1)


def _conv(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride, 1), nn.PReLU(outputs))


def _up(outputs: int) -> nn.Sequential:
    half = WIDTH // 2
    return nn.Sequential(
        nn.ConvTranspose2d(WIDTH, half, 4, 2, 1), nn.PReLU(half), nn.ConvTranspose2d(half, outputs, 4, 2, 1)
    )


class IFBlock(nn.Module):
    """Refines flow (B, 4, H, W) and mask (B, 1, H, W) at 1 / scale of the resolution."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.conv0 = nn.Sequential(_conv(inputs, WIDTH // 2, 2), _conv(WIDTH // 2, WIDTH, 2))
        for index in range(4):
            self.add_module(f"convblock{index}", nn.Sequential(_conv(WIDTH, WIDTH), _conv(WIDTH, WIDTH)))
        self.conv1 = _up(4)  # flow
        self.conv2 = _up(1)  # mask

    def forward(self, images: Tensor, flow: Tensor, scale: int) -> tuple[Tensor, Tensor]:
        size = (images.shape[-2], images.shape[-1])
        if scale != 1:
            images = _resize(images, (size[0] // scale, size[1] // scale))
            flow = _resize(flow, (size[0] // scale, size[1] // scale)) / scale
        features = self.conv0(torch.cat([images, flow], 1))  # (B, 90, H/4s, W/4s)
        for index in range(4):
            features = features + self.get_submodule(f"convblock{index}")(features)
        flow, mask = self.conv1(features), self.conv2(features)
        if scale != 1:
            flow, mask = _resize(flow, size) * scale, _resize(mask, size)
        return flow, mask


class IFNet(nn.Module):
    """The frame half-way between two, and the flow that made it."""

    def __init__(self) -> None:
        super().__init__()
        self.block0, self.block1, self.block2 = IFBlock(11), IFBlock(11), IFBlock(11)

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """(B, 3, H, W) in 0..1 of two such; H and W multiples of 32."""
        flow = first.new_zeros(first.shape[0], 4, *first.shape[-2:])  # to first: x y, to second: x y
        mask = first.new_zeros(first.shape[0], 1, *first.shape[-2:])
        a, b = first, second
        for block, scale in zip((self.block0, self.block1, self.block2), SCALES, strict=True):
            step, mask_step = block(torch.cat([a, b, mask], 1), flow, scale)
            # The same with the frames exchanged; its answers, exchanged back, are averaged in.
            swapped, mask_swapped = block(torch.cat([b, a, -mask], 1), flow[:, [2, 3, 0, 1]], scale)
            flow = flow + (step + swapped[:, [2, 3, 0, 1]]) / 2
            mask = mask + (mask_step - mask_swapped) / 2
            a, b = warp(first, flow[:, :2]), warp(second, flow[:, 2:])
        share = torch.sigmoid(mask)
        return a * share + b * (1 - share)


def warp(image: Tensor, flow: Tensor) -> Tensor:
    """(B, C, H, W) read at every pixel's place plus flow (B, 2, H, W) px; borders repeat."""
    height, width = image.shape[-2:]
    y, x = torch.meshgrid(
        torch.arange(height, device=image.device, dtype=image.dtype),
        torch.arange(width, device=image.device, dtype=image.dtype),
        indexing="ij",
    )
    grid = torch.stack([(x + flow[:, 0]) * (2 / (width - 1)) - 1, (y + flow[:, 1]) * (2 / (height - 1)) - 1], -1)
    return F.grid_sample(image, grid, mode="bilinear", padding_mode="border", align_corners=True)


def _resize(image: Tensor, size: tuple[int, int]) -> Tensor:
    return F.interpolate(image, size=size, mode="bilinear", align_corners=False)
