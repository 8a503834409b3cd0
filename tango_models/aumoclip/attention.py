"""The self-attention that turns a window's frames into its clip-level vector."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn


class ClipAttention(nn.Module):
    """Multi-head self-attention without residual and without normalisation; row 0 of its output stands for the clip."""

    def __init__(self, *, width: int, heads: int, places: int = 0) -> None:
        """`places`: frames of a window; above 0, the heads start out attending to one after another of its parts.

        A bias on the scores by where in the window a frame lies, trained. Without it the attention begins as the plain
        mean over the window, in which it is lost *when* something happened.
        """
        super().__init__()
        self.heads = heads
        self.query_proj = nn.Linear(width, width)
        self.key_proj = nn.Linear(width, width)
        self.value_proj = nn.Linear(width, width)
        self.out_proj = nn.Linear(width, width)
        self.place_bias = nn.Parameter(_parts(heads, places)) if places else None  # (heads, places)

    def forward(self, values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(B, n, C) -> the attended frames (B, n, C) and the attention of row 0 per head (B, heads, n), sum 1."""
        batch, length, width = values.shape
        split = (batch, length, self.heads, width // self.heads)
        query = self.query_proj(values).view(split).transpose(1, 2)  # (B, heads, n, C / heads)
        key = self.key_proj(values).view(split).transpose(1, 2)
        value = self.value_proj(values).view(split).transpose(1, 2)
        scores = query @ key.transpose(2, 3) / (width // self.heads) ** 0.5
        if self.place_bias is not None:
            bias = F.interpolate(self.place_bias[None], size=length, mode="linear", align_corners=True)
            scores = scores + bias[:, :, None]
        attention = scores.softmax(dim=-1)  # (B, heads, n, n)
        attended = (attention @ value).transpose(1, 2).reshape(batch, length, width)
        return self.out_proj(attended), attention[:, :, 0]


def _parts(heads: int, places: int) -> torch.Tensor:
    """(heads, places) logarithms of bells, one of each head, side by side over the window."""
    centres = (torch.arange(heads)[:, None] + 0.5) / heads
    offset = (torch.linspace(0, 1, places) - centres) * heads  # in widths of a part
    return (-0.5 * (offset / 0.7) ** 2).clamp_min(-6.0)
