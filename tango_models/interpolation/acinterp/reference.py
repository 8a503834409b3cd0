"""What the reference network sees, and how the denoising network reads it.

The reference network is a copy of the denoising one's spatial part (AnimateAnyone, Hu et al. 2023). It sees true frames
of the speaker; the denoising network's spatial self-attention reads from them what the speaker looks like, its temporal
attention how the speaker moves before and after the seam (TANGO's reference motion module).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from diffusers import UNet2DConditionModel, UNetMotionModel
from diffusers.models.attention_processor import AttnProcessor2_0
from torch import Tensor, nn

from tango_models.interpolation.acinterp.configuration import ACInterpConfig


class ReferenceBank:
    """What the reference network showed last, by the place in the networks.

    The network sees `references + context` pictures per item, the references first. A reader has a batch of rows, each
    of one item: with guidance every item has two rows, and the unconditional one does not read the references.
    """

    def __init__(self) -> None:
        self.references, self.context = 1, 0
        self.look: dict[str, Tensor] = {}  # (items * pictures, tokens, channels), the input of each self-attention
        self.motion: dict[str, Tensor] = {}  # (items * pictures, channels, h, w), what each motion module would get
        self._items: list[int] = []
        self._reading: list[bool] = []

    def begin(self, *, references: int, context: int) -> None:
        """Forget all; what is written next has so many pictures per item."""
        self.references, self.context = references, context
        self.look.clear()
        self.motion.clear()

    def read_by(self, items: Sequence[int], reading: Sequence[bool]) -> None:
        """Who reads next: for each row its item, and whether it reads the references."""
        self._items, self._reading = list(items), list(reading)

    @property
    def reading(self) -> list[bool]:
        return self._reading

    def tokens(self, name: str, rows: Sequence[int]) -> Tensor:
        """(rows, references * tokens, channels) for these rows."""
        held = self.look[name]
        held = held.unflatten(0, (-1, self.references + self.context))[:, : self.references].flatten(1, 2)
        return held[[self._items[row] for row in rows]]

    def around(self, name: str) -> tuple[Tensor, Tensor] | None:
        """(rows, K, channels, h, w) of the frames before the seam, and of those after; None without such frames."""
        if not self.context:
            return None
        held = self.motion[name].unflatten(0, (-1, self.references + self.context))[:, self.references :]
        before, after = held[self._items].chunk(2, dim=1)
        return before, after


class WriteReference(AttnProcessor2_0):
    """Self-attention of the reference network: as ever, and its input is kept."""

    def __init__(self, bank: ReferenceBank, name: str) -> None:
        super().__init__()
        self.bank, self.name = bank, name

    def __call__(self, attn, hidden_states, *args, **kwargs):
        self.bank.look[self.name] = hidden_states
        return super().__call__(attn, hidden_states, *args, **kwargs)


class ReadReference(AttnProcessor2_0):
    """Self-attention of the denoising network: keys and values are its own and the reference's."""

    def __init__(self, bank: ReferenceBank, name: str) -> None:
        super().__init__()
        self.bank, self.name = bank, name

    def __call__(self, attn, hidden_states, encoder_hidden_states=None, attention_mask=None, *args, **kwargs):
        reading = self.bank.reading
        frames = len(hidden_states) // len(reading)
        by_row = hidden_states.unflatten(0, (len(reading), frames))
        parts, order = [], []
        for wanted in (False, True):
            rows = [row for row, reads in enumerate(reading) if reads == wanted]
            if not rows:
                continue
            own, seen = by_row[rows].flatten(0, 1), None
            if wanted:
                tokens = self.bank.tokens(self.name, rows).to(own.dtype).repeat_interleave(frames, 0)
                seen = torch.cat([own, tokens], dim=1)
            parts.append(super().__call__(attn, own, seen).unflatten(0, (len(rows), frames)))
            order += rows
        back = [order.index(row) for row in range(len(order))]
        return torch.cat(parts)[back].flatten(0, 1)


def connect(reference: UNet2DConditionModel, denoising: UNetMotionModel, fusion: str) -> ReferenceBank:
    """Let `denoising` read what `reference` writes, block by block of the same place; returns what is between them."""
    bank = ReferenceBank()
    writers = dict(reference.attn_processors)
    readers = dict(denoising.attn_processors)
    for name in writers:
        place = name.removesuffix(".attn1.processor")
        if place != name and (fusion == "all" or not name.startswith("down_blocks")):
            writers[name] = WriteReference(bank, place)
            readers[name] = ReadReference(bank, place)
    reference.set_attn_processor(writers)
    denoising.set_attn_processor(readers)
    for name, module in _before_motion(reference).items():
        module.register_forward_hook(_keeper(bank, name))
    return bank


def behind_the_last(config: ACInterpConfig, name: str) -> bool:
    """Whether a parameter of the reference network lies behind the input of its last self-attention. Pose2Image never
    sees what it makes there, and public files may lack it."""
    last = f"up_blocks.{len(config.widths) - 1}.attentions.{config.layers}."
    if not name.startswith(last):
        return name.startswith(("conv_norm_out.", "conv_out."))
    return name.startswith(f"{last}proj_out.") or (".transformer_blocks." in name and ".norm1." not in name)


def _before_motion(reference: UNet2DConditionModel) -> dict[str, nn.Module]:
    """By the denoising network's motion modules, the reference's module whose output such a module would take."""
    blocks = {f"down_blocks.{k}": block for k, block in enumerate(reference.down_blocks)}
    blocks |= {f"up_blocks.{k}": block for k, block in enumerate(reference.up_blocks)}
    blocks["mid_block"] = reference.mid_block
    return {
        f"{name}.motion_modules.{k}": module
        for name, block in blocks.items()
        for k, module in enumerate(getattr(block, "attentions", None) or block.resnets)
    }


def _keeper(bank: ReferenceBank, name: str):
    def keep(module: nn.Module, given: tuple, output) -> None:
        if bank.context:
            bank.motion[name] = output[0] if isinstance(output, tuple) else output

    return keep
