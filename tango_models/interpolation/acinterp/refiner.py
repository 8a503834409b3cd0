"""The refiner: one small U-Net, one step, from what warping can do to a finished picture around the hands.

It sees both ends warped to the frame's time, what `flow` made of them, the picture without arms, and the pose; it
answers which of these to show where, and what to add. So it copies pixels where pixels are there to be copied, and a
network that has learned nothing shows what `flow` made. With `flow_steps` what is added is sampled by flow matching
(Lipman et al. 2023) in so many steps, for what neither end shows.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tango_models.errors import InputError
from tango_models.interpolation.acinterp.weight_files import REFINER, fill, read_header, read_tensors, write

LAYERS = 4
"""Pictures that it chooses among: outgoing warped, incoming warped, what `flow` made, the picture without arms."""
CHANNELS = 3 * LAYERS + 1 + 3 + 1 + 1
"""Of its input: the pictures, where the last is known, the pose's picture, where a cross-fade helps, the time."""
MULTIPLE = 16
"""px: sides of its input must be multiples of this."""
_BLOCK = 4  # px per side that are taken together at the finest level
_COMPOSED = 2
_CERTAIN = 4.0  # how much surer than of all others a new network is of what `flow` made


@dataclass(frozen=True)
class RefinerConfig:
    """widths: channels at 1/4, 1/8 and 1/16 of the resolution. flow_steps: of flow matching; 0 adds in one go."""

    widths: tuple[int, ...] = (64, 128, 256)
    flow_steps: int = 0

    def __post_init__(self) -> None:
        if len(self.widths) != 3 or min(self.widths) < 8 or not 0 <= self.flow_steps <= 16:
            fault = f"is impossible (widths {self.widths}, flow_steps {self.flow_steps})"
            raise InputError("refiner configuration", fault, "three widths of 8 and more, flow_steps 0 to 16")


class _Block(nn.Module):
    """Residual block; the time of flow matching moves its features."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm, self.first = nn.GroupNorm(8, width), nn.Conv2d(width, width, 3, padding=1)
        self.time, self.second = nn.Linear(1, width), nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(self.second.weight)

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        y = self.first(F.silu(self.norm(x))) + self.time(time[:, None])[..., None, None]
        return x + self.second(F.silu(y))


class Refiner(nn.Module):
    """See the module."""

    def __init__(self, config: RefinerConfig) -> None:
        super().__init__()
        self.config = config
        fine, middle, coarse = config.widths
        given = CHANNELS + (3 if config.flow_steps else 0)
        self.conv_in = nn.Conv2d(given * _BLOCK**2, fine, 3, padding=1)
        self.down = nn.ModuleList([nn.Conv2d(fine, middle, 2, 2), nn.Conv2d(middle, coarse, 2, 2)])
        self.way_down = nn.ModuleList([_Block(fine), _Block(middle)])
        self.bottom = nn.ModuleList([_Block(coarse), _Block(coarse)])
        self.way_up = nn.ModuleList([_Block(middle), _Block(fine)])
        self.up = nn.ModuleList([nn.Conv2d(coarse, middle, 1), nn.Conv2d(middle, fine, 1)])
        self.norm_out = nn.GroupNorm(8, fine)
        self.conv_out = nn.Conv2d(fine, (LAYERS + 3) * _BLOCK**2, 3, padding=1)
        nn.init.zeros_(self.conv_out.weight)
        with torch.no_grad():
            bias = torch.zeros(LAYERS + 3, _BLOCK**2)
            bias[_COMPOSED] = _CERTAIN
            self.conv_out.bias.copy_(bias.flatten())  # type: ignore[union-attr]

    def answer(self, given: Tensor, added: Tensor | None, time: Tensor) -> tuple[Tensor, Tensor]:
        """Shares (B, 4, H, W) of the pictures, and what to add (B, 3, H, W), or its velocity.

        Args:
            given: (B, CHANNELS, H, W), 0..1. added, time: (B, 3, H, W) and (B,) of flow matching.
        """
        if added is not None:
            given = torch.cat([given, added], 1)
        x = self.conv_in(F.pixel_unshuffle(given * 2 - 1, _BLOCK))
        kept = []
        for block, down in zip(self.way_down, self.down, strict=True):
            x = block(x, time)
            kept.append(x)
            x = down(x)
        for block in self.bottom:
            x = block(x, time)
        for up, block in zip(self.up, self.way_up, strict=True):
            x = F.interpolate(up(x), scale_factor=2, mode="bilinear", align_corners=False) + kept.pop()
            x = block(x, time)
        made = F.pixel_shuffle(self.conv_out(F.silu(self.norm_out(x))), _BLOCK)
        logits = made[:, :LAYERS]
        # A picture that is not known there cannot be chosen.
        hidden = (given[:, 3 * LAYERS : 3 * LAYERS + 1] < 0.5) * torch.tensor([0.0, 0, 0, 1]).to(given).view(
            1, -1, 1, 1
        )
        return (logits - 1e4 * hidden).softmax(1), made[:, LAYERS:]

    def forward(self, given: Tensor, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        """Shares (B, 4, H, W) and what to add (B, 3, H, W), -1..1."""
        steps, time = self.config.flow_steps, given.new_zeros(len(given))
        if not steps:
            return self.answer(given, None, time)
        shape = (len(given), 3, *given.shape[-2:])
        added = torch.randn(shape, generator=generator).to(given) * NOISE
        for step in range(steps):
            shares, velocity = self.answer(given, added, time + step / steps)
            added = added + velocity / steps
        return shares, added

    def parameter_count(self) -> int:
        return sum(parameter.numel() for parameter in self.parameters())


NOISE = 0.1
"""Deviation of the noise that flow matching starts from: what is added is small."""


def compose(given: Tensor, shares: Tensor, added: Tensor) -> Tensor:
    """(B, 3, H, W), 0..1: the pictures in `given` by their shares, and what is added."""
    layers = given[:, : 3 * LAYERS].unflatten(1, (LAYERS, 3))
    return ((layers * shares[:, :, None]).sum(1) + added).clamp(0, 1)


def save_refiner(model: Refiner, path: Path, *, notes: dict[str, Any]) -> None:
    """Write it, with what it was trained on; a crash leaves the old file."""
    write(model.state_dict(), path, REFINER, {"config": asdict(model.config), "notes": notes})


def load_refiner(path: Path) -> Refiner:
    """The refiner of a file, in evaluation mode. InputError as for `checkpoints.load`."""
    values = read_header(path, REFINER)["config"]
    if set(values) != {field.name for field in fields(RefinerConfig)}:
        raise InputError(str(path), "has another configuration", "train it again with this version")
    model = Refiner(RefinerConfig(tuple(values["widths"]), int(values["flow_steps"])))
    fill(model, read_tensors(path), path)
    return model.eval()
