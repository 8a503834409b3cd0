"""The audio tower: speech and its words to frame-level and clip-level features."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import nn

from tango_models.aumoclip.attention import ClipAttention
from tango_models.aumoclip.configuration import AuMoClipConfig
from tango_models.aumoclip.front_end import LogMelFrontEnd
from tango_models.aumoclip.layers import Mapping, extend, resample
from tango_models.aumoclip.outputs import AudioInputs, TowerOutput

if TYPE_CHECKING:
    pass


class LogMelEncoder(nn.Module):
    """Dilated convolutions over the log-mel features, in the place of wav2vec2's convolutions over the waveform.

    With dilations up to 16 they see 0.66 s to each side, as much as the motion's low level does; wav2vec2's see 25 ms.
    """

    def __init__(self, *, inputs: int, width: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        self.entry = nn.Conv1d(inputs, width, kernel_size=5, padding=2)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in dilations)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(width, width, kernel_size=3, padding=dilation, dilation=dilation) for dilation in dilations
        )

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """(B, n, inputs) -> (B, n, width)."""
        values = self.entry(features.transpose(1, 2)).transpose(1, 2)
        for norm, convolution in zip(self.norms, self.convolutions, strict=True):
            values = values + F.gelu(convolution(norm(values).transpose(1, 2)).transpose(1, 2))
        return values


class SpeechNetwork(nn.Module):
    """The trained wav2vec2: convolutions, projection and the first transformer layer, then a projection down."""

    def __init__(self, config: AuMoClipConfig) -> None:
        super().__init__()
        from transformers import Wav2Vec2Config
        from transformers.models.wav2vec2 import modeling_wav2vec2 as wav2vec2

        settings = Wav2Vec2Config(**{**config.wav2vec2, "num_hidden_layers": config.trainable_layers})
        settings._attn_implementation = "sdpa"
        self.reads_waveform = config.front_end == "wav2vec2"
        if self.reads_waveform:
            self.feature_extractor: nn.Module = wav2vec2.Wav2Vec2FeatureEncoder(settings)
        else:
            self.feature_extractor = LogMelEncoder(
                inputs=config.frozen_low_dim, width=settings.conv_dim[-1], dilations=config.mel_dilations
            )
        self.feature_projection = wav2vec2.Wav2Vec2FeatureProjection(settings)
        self.encoder = wav2vec2.Wav2Vec2Encoder(settings)
        self.proj_down = nn.Linear(settings.hidden_size, config.projection_dim)
        self.feature_dim = settings.conv_dim[-1]

    def low(self, waveform: torch.Tensor | None, frozen_low: torch.Tensor) -> torch.Tensor:
        """Convolution features, (B, n, conv_dim), of the waveform or, in `embedded`, of the log-mel features."""
        if not self.reads_waveform:
            return self.feature_extractor(frozen_low)
        if waveform is None:
            raise ValueError("this model reads the waveform: give AudioInputs.waveform")
        return self.feature_extractor(waveform).transpose(1, 2)

    def high(self, low: torch.Tensor) -> torch.Tensor:
        """(B, n, conv_dim) -> (B, n, projection_dim)."""
        hidden, _ = self.feature_projection(low)
        return self.proj_down(self.encoder(hidden).last_hidden_state)


class AudioTower(nn.Module):
    """Speech window -> embeddings (TANGO, section on AuMoCLIP)."""

    def __init__(self, config: AuMoClipConfig) -> None:
        super().__init__()
        self.rates = config.fps, config.feature_rate
        self.text_dim, self.needs_text = config.text_dim, config.text_source != "none"
        self.front_end = LogMelFrontEnd() if config.front_end == "log_mel" else None
        self.encoder = SpeechNetwork(config)
        width, projected = config.feature_dim, config.projection_dim
        joined = config.frozen_low_dim + self.encoder.feature_dim
        self.low_mapping = Mapping(inputs=joined, hidden=config.mapping_dim, outputs=width)
        self.speech_projection = nn.Linear(config.frozen_high_dim, projected)
        self.text_projection = nn.Linear(config.text_dim, projected)
        self.high_mapping = Mapping(inputs=3 * projected, hidden=config.mapping_dim, outputs=width)
        places = config.window_frames // 2 if config.attention_by_place else 0
        self.attention = ClipAttention(width=width, heads=config.attention_heads, places=places)

    def forward(self, inputs: AudioInputs) -> TowerOutput:
        """Embeddings of 2 k frames: 128 for a window of 68,266 samples (213 features) or for 214 features.

        n features become floor(0.6 n) frames at 30 fps for the low level, made even by repeating the last, and
        floor(0.3 n) at 15 fps for the high level, extended to half as many.

        Raises:
            ValueError: fewer than 4 features (too short a waveform), or frozen features that this model cannot make.
        """
        frozen_low, frozen_high = self._frozen(inputs)
        low = self.encoder.low(inputs.waveform, frozen_low)  # (B, n, conv_dim)
        text = frozen_high.new_zeros(*frozen_high.shape[:2], self.text_dim) if inputs.text is None else inputs.text
        count = max(part.shape[1] for part in (low, frozen_low, frozen_high, text))
        if count < 4:
            raise ValueError(f"a speech window has at least 4 features at {self.rates[1]} Hz, not {count}")
        # The high level does not train the low one.
        high = self.encoder.high(extend(low.detach(), count))  # (B, n, projection_dim)

        fps, rate = self.rates
        joined = torch.cat([extend(frozen_low, count), extend(low, count)], dim=-1)
        frames = count * fps // rate
        frames += frames % 2
        audio_low = self.low_mapping(extend(resample(joined, count * fps // rate), frames))  # (B, T, 256)

        speech = self.speech_projection(extend(frozen_high, count))
        words = self.text_projection(extend(text, count))
        joined = resample(torch.cat([high, speech, words], dim=-1), count * fps // (2 * rate))
        mapped = self.high_mapping(extend(joined, frames // 2))  # (B, T / 2, 256)
        attended, attention = self.attention(mapped)
        return TowerOutput(
            low=audio_low,
            high=resample(attended, frames),
            cls=attended[:, 0],
            attention=attention,
        )

    def _frozen(self, inputs: AudioInputs) -> tuple[torch.Tensor, torch.Tensor]:
        if inputs.text is None and self.needs_text:
            raise ValueError("this model reads text: give AudioInputs.text, or train one with text_source 'none'")
        if inputs.frozen_low is not None and inputs.frozen_high is not None:
            return inputs.frozen_low, inputs.frozen_high
        if self.front_end is None or inputs.waveform is None:
            raise ValueError("give AudioInputs.frozen_low and frozen_high; Wav2Vec2Backbones.frozen computes them")
        return self.front_end(inputs.waveform)
