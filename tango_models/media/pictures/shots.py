"""Cuts inside a video: frames behind which another shot, or another moment of the same shot, begins.

The measure is blind to exposure: how much of the structure inside each block of the picture is lost, whatever its
brightness and contrast became. On three real speakers (456 frames) the share of structured blocks lost is at most 0.26
from one frame to the next, 0.53 over a second of gesture and 0.35 under a change of exposure by 1.35 or 0.6; a cut to
another picture loses 0.82 and more. Jump cuts within a shot are told by `jumps`.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from tango_models.media.pictures.jumps import JUMP

_BLOCK = 8  # px of a block's side in the small grey frame
STRUCTURE = 3.0
"""Grey levels (standard deviation) from which a block has any."""
LOST = 0.5
"""Correlation below which a block is another one."""
_HARD_CUT = 0.65  # share of lost blocks
_WIDE = 0.8  # quantile over the blocks: a gesture changes few of them at once, a jump the whole person
_WIDER, _BESIDE = 1.2, 3  # wide change at a jump, over that of as many pictures on each side
_LEAST = np.array([0.01, 1.2])  # loss and grey levels that are added to both sides: noise makes no jump
_FLASH = 3  # frames that a flash lights at most
_SAME_AGAIN = 0.5  # of the loss at a cut: behind a flash the picture goes on from the one before it
_LIT, _DARK_AGAIN = 15.0, 0.3  # grey levels of a flash's mean, and the share of them that may stay behind it


class ShotMeter:
    """How much structure each frame loses. Holds four frames, and seven numbers for each that was seen."""

    def __init__(self) -> None:
        self._before: deque[np.ndarray] = deque(maxlen=_FLASH + 1)  # the latest first
        self._loss: list[list[float]] = []

    def see(self, grey: np.ndarray) -> None:
        """Take the next small grey frame, (96, 96) uint8."""
        now = structure(grey)
        row = [0.0] * 3 + [np.inf] * _FLASH + [float(grey.mean())]
        if self._before:
            row[:3] = _loss(self._before[0], now)
        for back in range(1, len(self._before)):
            row[2 + back] = _loss(self._before[back], now)[1]
        self._loss.append(row)
        self._before.appendleft(now)

    @property
    def loss(self) -> np.ndarray:
        """(T, 7) float32: share of the structured blocks that are lost, their mean of 1 - correlation, and the change
        in grey levels (RMS, brightness and contrast apart) that a fifth of all blocks exceeds; then the mean against
        the frames 2, 3 and 4 before, infinite where there is none; and the frame's mean grey level."""
        return np.asarray(self._loss, np.float32).reshape(-1, 4 + _FLASH)


def structure(grey: np.ndarray) -> np.ndarray:
    """(12, 8, 12, 8) float32: what is inside each block of a small grey frame, its own mean taken off."""
    side = len(grey) // _BLOCK
    blocks = grey.astype(np.float32).reshape(side, _BLOCK, side, _BLOCK)
    return blocks - blocks.mean(axis=(1, 3), keepdims=True)


def _loss(before: np.ndarray, now: np.ndarray) -> tuple[float, float, float]:
    energy = np.square(before).mean(axis=(1, 3)), np.square(now).mean(axis=(1, 3))
    structured = np.maximum(*energy) > STRUCTURE**2
    if not structured.any():
        return 0.0, 0.0, 0.0
    product = (before * now).mean(axis=(1, 3))
    correlation = product / (np.sqrt(energy[0] * energy[1]) + STRUCTURE**2)
    lost = 1 - correlation[structured]
    gain = product.sum() / max(float(energy[0].sum()), 1e-6)
    change = np.sqrt(np.maximum(gain**2 * energy[0] - 2 * gain * product + energy[1], 0.0))
    return float((lost > 1 - LOST).mean()), float(lost.mean()), float(np.quantile(change, _WIDE))


def find_cuts(loss: np.ndarray, jumps: np.ndarray, repeated: np.ndarray) -> np.ndarray:
    """The first frame behind each cut, (K,) int64, increasing.

    A frame begins a shot when most of the picture is another one, or (a jump cut: the same room, the speaker suddenly
    elsewhere) when it comes too suddenly and much of the picture changes more than right beside. Of dissolves see
    `dissolves`. Where the picture goes on within 4 frames as if nothing had been, there was a flash or a damaged
    picture, and no cut.

    Args:
        loss: (T, 7) of `ShotMeter`.
        jumps: (T,) of `JumpMeter`.
        repeated: (T,) bool: these frames are passed over.
    """
    moving = np.flatnonzero(~np.asarray(repeated, bool))
    cut = (loss[moving, 0] > _HARD_CUT) | ((jumps[moving] >= JUMP) & _wider(loss[moving, 2]))
    return moving[cut & ~_flashed(loss, moving)]


def _wider(wide: np.ndarray) -> np.ndarray:
    """(N,) bool: more of the picture changes than at any of those beside."""
    from scipy.ndimage import maximum_filter

    around = np.ones(2 * _BESIDE + 1, bool)
    around[_BESIDE] = False
    beside = maximum_filter(wide, footprint=around, mode="constant") if len(wide) else wide
    return wide + _LEAST[1] >= _WIDER * (beside + _LEAST[1])


def _flashed(loss: np.ndarray, moving: np.ndarray) -> np.ndarray:
    """(N,) bool of the frames `moving`: it begins or ends a flash."""
    found = np.zeros(len(loss), bool)
    step = loss[:, 1].astype(np.float64) + _LEAST[0]
    light = loss[:, -1].astype(np.float64)
    lit = np.abs(np.diff(light, prepend=light[:1]))
    for back in range(1, _FLASH + 1):
        # against the frame before the flash, by the first frame behind it
        again = loss[back:, 2 + back] + _LEAST[0]
        same = again < _SAME_AGAIN * np.minimum(step[: len(step) - back], step[back:])
        stays = np.abs(light[back:] - np.roll(light, 1)[: len(same)])
        same |= (lit[: len(same)] > _LIT) & (stays < _DARK_AGAIN * lit[: len(same)])
        for frame in np.flatnonzero(same & (np.arange(len(same)) > 0)):
            found[frame : frame + back + 1] = True
    return found[moving]
