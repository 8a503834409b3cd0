"""Dissolves and fades: for some frames two pictures lie over each other, and none of them shows the speaker alone.

In a dissolve each block of the picture is a mixture of what it is before and what it is behind; where things move, it
is neither the one nor the other, nor a mixture of both.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from tango_models.media.pictures.shots import LOST, STRUCTURE, structure
from tango_models.media.pictures.stillness import runs

_REACH = 24  # frames before and behind: longer dissolves are found in their middle
_MIXED = 0.4  # of what is left beyond the mixture, over what would be if the picture did not mix
_ENOUGH = 0.3
"""Share of the blocks with any structure that become others and are mixtures meanwhile. Of dissolves between four
speakers, 4 to 30 frames long, every frame is found, of 45 frames 90 %; of 9,000 frames of 22 other videos, shaken,
zoomed, panned and cut among them, none is taken for one, with 0.2 some 70."""
_SHARE = 0.15  # of the picture behind at least, and of the one before, in most blocks: beside a cut there is none
_FAINT = 0.82
"""Structure of a frame, of the most within reach before it and, if that is less, behind it: a fade to black and back,
a dissolve from one take of a shot to another. Of speakers' frames 0.87 and more; of such dissolves a quarter less."""
_BLACK = 0.35
"""Of that, under which the darkest frame of a fade is. Structure that falls with the light alone, and not as far, is a
lamp that flickers: of speakers under light that goes down by 30 % each second half the frames would be lost."""
_BRIEF = 3  # frames: what is so brief is a flash, or damage, and the picture goes on behind it
_GROWN = 3  # frames on each side, in which one of the two is faint


class DissolveMeter:
    """How much of each frame is a mixture. Holds 49 small frames, and three numbers for each that was seen."""

    def __init__(self) -> None:
        self._seen: deque[np.ndarray] = deque(maxlen=2 * _REACH + 1)
        self._mixed: list[float] = []
        self._strength: list[float] = []
        self._light: list[float] = []

    def see(self, grey: np.ndarray) -> None:
        """Take the next small grey frame, (96, 96) uint8."""
        now = structure(grey)
        self._strength.append(float(np.sqrt(np.square(now).mean())))
        self._light.append(float(grey.mean()))
        if not self._seen:
            self._seen.extend([now] * _REACH)  # a video may begin, and end, in the midst of a fade
        self._seen.append(now)
        if len(self._seen) == self._seen.maxlen:
            self._mixed.append(_mixed(self._seen[0], self._seen[_REACH], self._seen[-1]))

    def dissolves(self) -> list[tuple[int, int]]:
        """First frame, and first frame behind, of each dissolve or fade; behind the last frame."""
        last = [*self._seen, *list(self._seen)[-1:] * _REACH][-(len(self._strength) - len(self._mixed) + 2 * _REACH) :]
        tail = [_mixed(last[k], last[k + _REACH], last[k + 2 * _REACH]) for k in range(len(last) - 2 * _REACH)]
        mixed = np.array([*self._mixed, *tail])
        found = np.zeros(len(mixed), bool)
        for frame in np.flatnonzero((mixed > _ENOUGH) | _faint(np.asarray(self._strength), np.asarray(self._light))):
            found[max(0, frame - _GROWN) : frame + _GROWN + 1] = True
        return [(start, stop) for start, stop in runs(found)]


def _faint(strength: np.ndarray, light: np.ndarray) -> np.ndarray:
    """(T,) bool: the picture has less structure than a while before and behind, both, not for an instant, and not for
    want of light alone."""
    from scipy.ndimage import binary_opening

    if not len(strength):
        return np.zeros(0, bool)
    left, in_its_light = _left(strength), _left(strength / np.maximum(light, 1.0))
    faint, itself = (binary_opening(share < _FAINT, np.ones(_BRIEF + 1, bool)) for share in (left, in_its_light))
    for start, stop in runs(faint):
        faint[start:stop] = itself[start:stop].any() or left[start:stop].min() < _BLACK
    return faint


def _left(strength: np.ndarray) -> np.ndarray:
    """(T,) of the most within reach, before each frame and, if that is less, behind it."""
    from scipy.ndimage import maximum_filter1d

    before, behind = (
        maximum_filter1d(strength, _REACH + 1, origin=way * (_REACH // 2), mode="nearest") for way in (1, -1)
    )
    return strength / np.maximum(np.minimum(before, behind), 1e-6)


def _mixed(before: np.ndarray, now: np.ndarray, behind: np.ndarray) -> float:
    """Share of the structured blocks that are lost from `before` to `behind` and a mixture of them in `now`."""
    energy = np.square(before).mean(axis=(1, 3)), np.square(behind).mean(axis=(1, 3))
    structured = np.maximum(*energy) > STRUCTURE**2
    if not structured.any():
        return 0.0
    correlation = (before * behind).mean(axis=(1, 3)) / (np.sqrt(energy[0] * energy[1]) + STRUCTURE**2)
    lost = structured & (correlation < LOST)
    change, done = behind - before, now - before
    size, along = np.square(change).sum(axis=(1, 3)), (change * done).sum(axis=(1, 3))
    share = float(np.median(along[lost] / np.maximum(size[lost], 1e-6))) if lost.any() else 0.0
    if not _SHARE < share < 1 - _SHARE:
        return 0.0
    left = np.square(done).sum(axis=(1, 3)) - 2 * share * along + share**2 * size
    mixture = lost & (left < _MIXED * share * (1 - share) * size)
    return float(mixture.sum() / structured.sum())
