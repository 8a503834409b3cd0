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
_STRUCTURE = 3.0  # grey levels (standard deviation) from which a block has any
_LOST = 0.5  # correlation below which a block is another one
_HARD_CUT = 0.65  # share of lost blocks
_WIDE = 0.8  # quantile over the blocks: a gesture changes few of them at once, a jump the whole person
_SUDDEN = np.array([2.0, 2.8])  # mean loss and wide change, over those of the frame before: may begin a flash
_LEAST = np.array([0.01, 1.2])  # loss and grey levels that are added to both sides: noise makes no jump
_FLASH = 3  # frames that a flash lights at most
_SAME_AGAIN = 0.5  # of the loss at a cut: behind a flash the picture goes on from the one before it


class ShotMeter:
    """How much structure each frame loses. Holds four frames, and six numbers for each."""

    def __init__(self) -> None:
        self._before: deque[np.ndarray] = deque(maxlen=_FLASH + 1)  # the latest first
        self._loss: list[list[float]] = []
        self._suspect = _FLASH + 1  # frames since one that may be a cut

    def see(self, grey: np.ndarray) -> None:
        """Take the next small grey frame, (96, 96) uint8."""
        side = len(grey) // _BLOCK
        blocks = grey.astype(np.float32).reshape(side, _BLOCK, side, _BLOCK)
        now = blocks - blocks.mean(axis=(1, 3), keepdims=True)
        row = [0.0] * 3 + [np.inf] * _FLASH
        if self._before:
            row[:3] = _loss(self._before[0], now)
        if self._suspect <= _FLASH:
            for back in range(1, len(self._before)):
                row[2 + back] = _loss(self._before[back], now)[1]
        last = self._loss[-1] if self._loss else row
        sudden = (np.array(row[1:3]) + _LEAST > _SUDDEN * (np.array(last[1:3]) + _LEAST)).any()
        self._suspect = 1 if sudden or row[0] > _HARD_CUT else self._suspect + 1
        self._loss.append(row)
        self._before.appendleft(now)

    @property
    def loss(self) -> np.ndarray:
        """(T, 6) float32: share of the structured blocks that are lost, their mean of 1 - correlation, and the change
        in grey levels (RMS, brightness and contrast apart) that a fifth of all blocks exceeds; then the mean against
        the frames 2, 3 and 4 before, shortly behind what may be a cut; infinite elsewhere."""
        return np.asarray(self._loss, np.float32).reshape(-1, 3 + _FLASH)


def _loss(before: np.ndarray, now: np.ndarray) -> tuple[float, float, float]:
    energy = np.square(before).mean(axis=(1, 3)), np.square(now).mean(axis=(1, 3))
    structured = np.maximum(*energy) > _STRUCTURE**2
    if not structured.any():
        return 0.0, 0.0, 0.0
    product = (before * now).mean(axis=(1, 3))
    correlation = product / (np.sqrt(energy[0] * energy[1]) + _STRUCTURE**2)
    lost = 1 - correlation[structured]
    gain = product.sum() / max(float(energy[0].sum()), 1e-6)
    change = np.sqrt(np.maximum(gain**2 * energy[0] - 2 * gain * product + energy[1], 0.0))
    return float((lost > 1 - _LOST).mean()), float(lost.mean()), float(np.quantile(change, _WIDE))


def find_cuts(loss: np.ndarray, jumps: np.ndarray, repeated: np.ndarray) -> np.ndarray:
    """The first frame behind each cut, (K,) int64, increasing.

    A frame begins a shot when most of the picture is another one, or (a jump cut: the same room, the speaker suddenly
    elsewhere) when it comes too suddenly. Dissolves are not found. Where the picture goes on within 4 frames as if
    nothing had been, there was a flash or a damaged picture, and no cut.

    Args:
        loss: (T, 6) of `ShotMeter`.
        jumps: (T,) of `JumpMeter`.
        repeated: (T,) bool: these frames are passed over.
    """
    moving = np.flatnonzero(~np.asarray(repeated, bool))
    cut = (loss[moving, 0] > _HARD_CUT) | (jumps[moving] >= JUMP)
    return moving[cut & ~_flashed(loss, moving)]


def _flashed(loss: np.ndarray, moving: np.ndarray) -> np.ndarray:
    """(N,) bool of the frames `moving`: it begins or ends a flash."""
    found = np.zeros(len(loss), bool)
    step = loss[:, 1].astype(np.float64) + _LEAST[0]
    for back in range(1, _FLASH + 1):
        # against the frame before the flash, by the first frame behind it
        again = loss[back:, 2 + back] + _LEAST[0]
        same = again < _SAME_AGAIN * np.minimum(step[: len(step) - back], step[back:])
        for frame in np.flatnonzero(same & (np.arange(len(same)) > 0)):
            found[frame : frame + back + 1] = True
    return found[moving]
