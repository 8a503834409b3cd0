"""Figures of a finished seam, for the report. They point at seams to look at; the eye decides."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from tango_models.interpolation.seam import Seam


@dataclass(frozen=True)
class SeamQuality:
    """sharpness  lowest sharpness of a made frame relative to its two ends: 1 as sharp, below about 0.8 a visible blur
    jump       largest change between neighbouring frames across the window, relative to the largest that the natural
               playback of either run shows there: 1 moves as usual, above about 2 a visible jump
    """

    sharpness: float
    jump: float


def seam_quality(seam: Seam, made: np.ndarray) -> SeamQuality:
    """Figures of `made` (2m, H, W, 3), what an interpolator returned for `seam`."""
    outgoing, incoming, result = _gray(seam.outgoing), _gray(seam.incoming), _gray(made)
    ratios = [1.0]
    ends = [(_sharpness(a), _sharpness(b)) for a, b in zip(outgoing, incoming, strict=True)]
    for k in range(1, len(result) - 1):
        share = k / (len(result) - 1)
        expected = (1 - share) * ends[k][0] + share * ends[k][1]
        ratios.append(_sharpness(result[k]) / max(expected, 1e-6))
    changes = [_change(a, b) for a, b in pairwise(result)]
    natural = [_change(a, b) for run in (outgoing, incoming) for a, b in pairwise(run)]
    # A floor of half a grey level: a still speaker must not turn coding noise into a jump.
    jump = max(changes, default=0.0) / max(max(natural, default=0.0), 0.5)
    return SeamQuality(sharpness=round(min(ratios), 3), jump=round(jump, 3))


def _gray(frames: np.ndarray) -> list[np.ndarray]:
    """Grey frames, at most 512 px a side: what a viewer notices is larger than that grid."""
    scale = min(1.0, 512 / max(frames.shape[1:3]))
    size = (max(1, round(frames.shape[2] * scale)), max(1, round(frames.shape[1] * scale)))
    grey = [cv2.cvtColor(np.ascontiguousarray(frame), cv2.COLOR_RGB2GRAY) for frame in frames]
    return grey if scale == 1 else [cv2.resize(frame, size, interpolation=cv2.INTER_AREA) for frame in grey]


def _sharpness(gray: np.ndarray) -> float:
    """Mean of the strongest tenth of gradients: edges of the person count, flat backgrounds do not."""
    image = gray.astype(np.float32)
    size = cv2.magnitude(cv2.Sobel(image, cv2.CV_32F, 1, 0), cv2.Sobel(image, cv2.CV_32F, 0, 1)).ravel()
    keep = max(1, size.size // 10)
    # What is surely not among them is left out first: of all values a selection takes five times as long.
    some = size[:: max(1, size.size // 8192)]
    high = size[size >= np.partition(some, -max(1, some.size // 7))[-max(1, some.size // 7)]]
    top = high if high.size >= keep else size
    return float(np.partition(top, -keep)[-keep:].mean())


def _change(a: np.ndarray, b: np.ndarray) -> float:
    """99th percentile of the local difference: what moves is a small part of the picture."""
    difference = cv2.GaussianBlur(cv2.absdiff(a, b), (0, 0), max(a.shape) / 200)
    return float(np.percentile(difference, 99))
