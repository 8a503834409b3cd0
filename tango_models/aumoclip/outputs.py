"""What the towers take and give."""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch


@dataclass
class AudioInputs:
    """A batch of speech windows, as `backbones.Backbones.inputs` prepares them.

    Features at 50 Hz may differ from each other by a frame (213 from the waveform, 214 in caches); the shorter ones
    are extended by their last frame.
    """

    text: torch.Tensor | None = None
    """(B, n, text_dim) time-aligned text features at 50 Hz; zeros when absent, for the text source `none`."""
    waveform: torch.Tensor | None = None
    """(B, samples) 16 kHz. `paper`: each window with zero mean and unit variance. `embedded`: cut from a recording
    brought to a common level (`front_end.level_of`); not needed when frozen_low is given."""
    frozen_low: torch.Tensor | None = None
    """(B, n, frozen_low_dim). `paper`: features of the frozen wav2vec2's convolutions, required
    (`Wav2Vec2Backbones.frozen`). `embedded`: computed from the waveform when absent."""
    frozen_high: torch.Tensor | None = None
    """(B, n, frozen_high_dim). `paper`: last hidden states of the frozen wav2vec2. Else as `frozen_low`."""

    def to(self, device: torch.device | str) -> AudioInputs:
        """The same on `device`."""
        parts = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        return AudioInputs(**{name: None if part is None else part.to(device) for name, part in parts.items()})


@dataclass
class TowerOutput:
    """Embeddings of a batch of windows of T frames; not normalised."""

    low: torch.Tensor
    """(B, T, 256) frame level."""
    high: torch.Tensor
    """(B, T, 256) frames of the clip level."""
    cls: torch.Tensor
    """(B, 256) the clip: row 0 of `high`."""
    attention: torch.Tensor
    """(B, heads, ceil(T / 2)) attention of row 0 over the frames at 15 fps."""
