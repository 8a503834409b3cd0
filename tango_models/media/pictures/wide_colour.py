"""HDR and wide-gamut pictures brought to SDR in BT.709, the only kind that is stored and shown.

Rec. ITU-R BT.2408: the white of SDR is 203 cd/m2, which is 58 % of the PQ signal and 75 % of the HLG signal; what is
brighter is clipped. HLG is taken as light of the scene (a display whose system gamma is 1), so that faces keep the
brightness that they have in SDR of the same camera. BT.1886: the display's gamma is 2.4. With the conversion to RGB
80 to 140 ms for 1920 x 1080 on one core.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import av

# ISO/IEC 23091-2: transfer_characteristics, colour_primaries, matrix_coefficients
PQ, HLG = 16, 18
_BT2020, _P3 = 9, 12
_BT2020_MATRICES = (9, 10)
_GAMMA = 2.4
_SDR_WHITE = 203.0  # cd/m2
_HLG_WHITE = 0.75
_STEPS = 65535
_WHITE = 255 << 8  # swscale's 16 bit white; it scales ranges as those of 8 bits
# linear light to BT.709 primaries (from the chromaticities of BT.2020, SMPTE EG 432-1 and BT.709; all D65)
_TO_BT709 = {
    _BT2020: [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]],
    _P3: [[1.2249, -0.2247, 0.0], [-0.0420, 1.0419, 0.0], [-0.0197, -0.0786, 1.0979]],
}


def wide(frame: av.VideoFrame) -> tuple[int, int] | None:
    """(transfer, primaries) of a frame that is not SDR in primaries close to BT.709; None of all others."""
    transfer, primaries = int(frame.color_trc), int(frame.color_primaries)
    if primaries not in _TO_BT709 and (transfer in (PQ, HLG) or int(frame.colorspace) in _BT2020_MATRICES):
        primaries = _BT2020  # what comes with them, and is often left out
    if transfer in (PQ, HLG) or primaries in _TO_BT709:
        return transfer, primaries
    return None


def to_bt709(rgb: np.ndarray, transfer: int, primaries: int) -> np.ndarray:
    """(H, W, 3) uint8 BT.709 of (H, W, 3) uint16 RGB in the file's own transfer and primaries, full range as swscale
    makes it."""
    import cv2

    light = cv2.LUT(np.ascontiguousarray(rgb), _light(transfer))
    light = cv2.transform(light, np.asarray(_TO_BT709[primaries], np.float32) * _STEPS)
    clipped = cv2.add(light, 0.0, dtype=cv2.CV_16U)  # type: ignore[call-overload]  # rounds and clips
    return cv2.LUT(clipped, _signal())


@lru_cache
def _light(transfer: int) -> np.ndarray:
    """(65536,) float32 linear light of a signal, 1 for the white of SDR."""
    signal = np.minimum(np.arange(_STEPS + 1) / _WHITE, 1.0)
    if transfer == PQ:
        light = pq_light(signal) / _SDR_WHITE
    elif transfer == HLG:
        light = hlg_light(signal) / hlg_light(np.array(_HLG_WHITE))
    else:
        light = signal**_GAMMA
    return light.astype(np.float32)


def pq_light(signal: np.ndarray) -> np.ndarray:
    """cd/m2 of a PQ signal in 0..1, SMPTE ST 2084."""
    power = signal ** (1 / 78.84375)
    return 10000 * (np.maximum(power - 0.8359375, 0) / (18.8515625 - 18.6875 * power)) ** (1 / 0.1593017578125)


def hlg_light(signal: np.ndarray) -> np.ndarray:
    """Light of the scene in 0..1 of an HLG signal in 0..1, BT.2100."""
    bright = (np.exp((signal - 0.55991073) / 0.17883277) + 0.28466892) / 12
    return np.where(signal <= 0.5, signal**2 / 3, bright)


@lru_cache
def _signal() -> np.ndarray:
    """(65536,) uint8 signal of linear light."""
    return np.round(255 * (np.arange(_STEPS + 1) / _STEPS) ** (1 / _GAMMA)).astype(np.uint8)
