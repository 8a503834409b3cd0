"""AuMoCLIP: one tower for speech, one for motion, and a space at two levels in which they meet.

Liu et al., TANGO: Co-Speech Gesture Video Reenactment with Hierarchical Audio Motion Embedding and Diffusion
Interpolation, arXiv 2410.04221.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import nn

from tango_models.aumoclip.audio_tower import AudioTower
from tango_models.aumoclip.configuration import AuMoClipConfig
from tango_models.aumoclip.motion_tower import MotionTower
from tango_models.aumoclip.outputs import AudioInputs, TowerOutput

__all__ = ["AuMoClip", "AuMoClipConfig", "AudioInputs", "Tower", "TowerOutput"]

Tower = Literal["audio", "motion"]


class AuMoClip(nn.Module):
    """Both towers. Everything in it is trained; the frozen speech and text encoders live in `backbones`.

    Args:
        only: build this tower alone, where the other is not used (transformers, which the audio tower needs, takes
            7 s to import).
    """

    def __init__(self, config: AuMoClipConfig, *, only: Tower | None = None) -> None:
        super().__init__()
        self.config = config
        if only != "motion":
            self.audio_tower = AudioTower(config)
        if only != "audio":
            self.motion_tower = MotionTower(config)

    def encode_audio(self, inputs: AudioInputs) -> TowerOutput:
        """Embeddings of a batch of speech windows; see :class:`AudioInputs` and :meth:`AudioTower.forward`."""
        return self.audio_tower(inputs)

    def encode_motion(self, rep15d: torch.Tensor) -> TowerOutput:
        """Embeddings of a batch of motion windows, (B, T, 825) float32 at 30 fps; see :meth:`MotionTower.forward`."""
        return self.motion_tower(rep15d)

    def parameter_count(self) -> int:
        """Number of trained parameters."""
        return sum(parameter.numel() for parameter in self.parameters())
