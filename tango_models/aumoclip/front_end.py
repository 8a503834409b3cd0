"""Fixed speech features of `embedded`: log-mel energies and a coarse correlogram, with no weights to store or train.

Frames lie where wav2vec2's convolutions lay theirs: frame i covers samples 320 i to 320 i + 400, so both sizes of the
model have the same time axis.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

WINDOW, HOP = 400, 320
MEL_BANDS, PITCH_BANDS = 64, 16
_LOW_HZ, _HIGH_HZ = 60.0, 7_600.0
_PITCH_HZ = (70.0, 420.0)
_PITCH_WINDOW = 640  # samples: 40 ms, three periods of a low voice
_FLOOR = 1e-5  # mel energy relative to that of loud speech: 50 dB down counts as silence
_BLOCK = 3000  # frames: a minute
_SIGMAS = (7.0, 30.0)  # frames: 0.14 s, about a syllable, and 0.6 s, about a phrase's course


@dataclass(frozen=True)
class Level:
    """Of a recording: what is taken off each sample, and what it is then divided by."""

    offset: np.float32
    scale: np.float32

    def apply(self, samples: np.ndarray) -> np.ndarray:
        """Samples of the recording, float32, brought to the common level."""
        return (samples - self.offset) / self.scale


def level_of(samples: np.ndarray) -> Level:
    """The level at which a recording has zero mean, and unit RMS in the loud 20 ms frames (those within 20 dB of the
    95th percentile).

    Of the whole recording rather than of a window, so that a pause stays quiet and windows that overlap agree. No copy
    of it is made: an hour has 230 MB.

    Args:
        samples: (S,) float32 16 kHz. Recordings quieter than -60 dBFS are taken for silence and not raised further.
    """
    offset = samples.mean(dtype=np.float64).astype(np.float32)
    frames = samples[: samples.size // HOP * HOP].reshape(-1, HOP) if samples.size >= HOP else samples[None]
    blocks = (frames[first : first + _BLOCK] - offset for first in range(0, len(frames), _BLOCK))
    power = np.concatenate([np.square(block).mean(axis=1, dtype=np.float64) for block in blocks])
    loud = power[power >= 0.01 * np.percentile(power, 95)]
    return Level(offset, np.float32(max(math.sqrt(float(loud.mean())), 1e-3)))


class LogMelFrontEnd(nn.Module):
    """Waveform -> frozen_low (B, n, 80) and frozen_high (B, n, 160), n = (samples - 400) // 320 + 1.

    frozen_low: 64 log-mel energies, then the normalised autocorrelation at 16 bands of lags (70 to 420 Hz).
    frozen_high: frozen_low smoothed over 0.14 s and over 0.6 s.
    """

    window: torch.Tensor
    filters: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("window", torch.hann_window(WINDOW, periodic=True), persistent=False)
        self.register_buffer("filters", _mel_filters(), persistent=False)
        edges = np.geomspace(*_PITCH_HZ, PITCH_BANDS + 1)
        self.lags = [(int(16_000 / top), int(16_000 / bottom) + 1) for bottom, top in itertools.pairwise(edges)]

    @torch.no_grad()
    def forward(self, waveform: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(B, S) of at least 400 samples at the level of :func:`level_of`. ValueError for shorter ones."""
        if waveform.ndim != 2 or waveform.shape[1] < WINDOW:
            raise ValueError(
                f"the waveform must be (B, samples) with at least {WINDOW} samples: {tuple(waveform.shape)}"
            )
        frames = waveform.unfold(1, WINDOW, HOP)  # (B, n, 400)
        power = torch.fft.rfft(frames * self.window, n=512).abs().square() / WINDOW
        mel = torch.log10(power @ self.filters + _FLOOR)  # about -5 (silence) to 0.5
        low = torch.cat([(mel + 2.5) / 1.5, self._correlogram(waveform, frames.shape[1])], dim=-1)
        return low, torch.cat([_smooth(low, sigma) for sigma in _SIGMAS], dim=-1)

    def _correlogram(self, waveform: torch.Tensor, count: int) -> torch.Tensor:
        """(B, n, 16): the largest normalised autocorrelation in each band of lags, near 0 in noise and in silence."""
        margin = (_PITCH_WINDOW - WINDOW) // 2
        frames = F.pad(waveform, (margin, margin + HOP)).unfold(1, _PITCH_WINDOW, HOP)[:, :count]
        spectrum = torch.fft.rfft(frames * torch.hann_window(_PITCH_WINDOW, device=frames.device), n=1024)
        correlation = torch.fft.irfft(spectrum.abs().square(), n=1024)[..., : _PITCH_WINDOW // 2]
        correlation = correlation / (correlation[..., :1] + 1e-3 * _PITCH_WINDOW)
        return torch.stack([correlation[..., first:last].amax(dim=-1) for first, last in self.lags], dim=-1)


def _mel_filters() -> torch.Tensor:
    """(257, 64) triangles of unit area, equally spaced on the mel scale 2595 log10(1 + f / 700)."""
    mel = np.linspace(2595 * np.log10(1 + _LOW_HZ / 700), 2595 * np.log10(1 + _HIGH_HZ / 700), MEL_BANDS + 2)
    hertz = 700 * (10 ** (mel / 2595) - 1)
    bins = np.arange(257) * 16_000 / 512
    rise = (bins[:, None] - hertz[:-2]) / (hertz[1:-1] - hertz[:-2])
    fall = (hertz[2:] - bins[:, None]) / (hertz[2:] - hertz[1:-1])
    triangles = np.maximum(np.minimum(rise, fall), 0)
    narrow = triangles.sum(axis=0) < 1e-6  # a band between two bins takes the nearest one
    nearest = np.abs(bins[:, None] - hertz[1:-1]).argmin(axis=0)
    triangles[nearest[narrow], np.flatnonzero(narrow)] = 1
    return torch.from_numpy((triangles / triangles.sum(axis=0)).astype(np.float32))


def _smooth(values: torch.Tensor, sigma: float) -> torch.Tensor:
    """Gaussian smoothing over time with repeated ends: (B, n, C) -> (B, n, C)."""
    reach = int(2.5 * sigma)
    kernel = torch.exp(-0.5 * (torch.arange(-reach, reach + 1, device=values.device) / sigma) ** 2)
    batch, length, channels = values.shape
    rows = F.pad(values.transpose(1, 2), (reach, reach), mode="replicate").reshape(batch * channels, 1, -1)
    smooth = F.conv1d(rows, (kernel / kernel.sum())[None, None])
    return smooth.view(batch, channels, length).transpose(1, 2)
