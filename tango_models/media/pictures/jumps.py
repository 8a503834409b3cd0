"""Jump cuts: the same room and the same speaker, who is suddenly elsewhere.

Whatever moves goes on moving: from one picture to the next a flow changes little, and what it does not explain is
noise and blur. Where some time was cut out, many places move at once as they did not before and will not behind, and
show what no flow explains. Both are judged place by place against the pictures right beside, so a fast gesture, which
grows over several pictures, is none. Brightness and contrast of the whole picture do not count.

Measured on 756 frames of four real speakers and a synthetic one (`benchmarks/cuts.py`).
"""

from __future__ import annotations

import numpy as np

from tango_models.media.pictures.cadence import find_repeats
from tango_models.media.pictures.dense_flow import LEAST_SIDE, dense_flow

JUMP = 1.0
"""`JumpMeter.jumps` from which a picture begins another moment."""

_SIDE, _BLOCK = 256, 8  # px of the picture that is looked at, and of its blocks
_CONTRAST = 50  # grey levels that a picture's standard deviation becomes
_TEXTURE = 3.0  # grey levels; where there is less nothing can be followed
_EXPLAINS = 1.0  # grey levels of difference that a flow has to explain to be believed
_SLOW, _QUIET = 0.1, 0.7  # px a picture and grey levels: noise of flow and of what it leaves
_MOVED, _REST = 0.95, 0.98  # quantiles over the blocks
_REST_WEIGHT = 1.2
_BESIDE = 3  # pictures on each side whose flow is compared
_SAME = 1e-3  # grey levels: the same picture once more, by the file's timestamps
_MARGIN, _CHUNK = 48, 64  # frames: what repeats is told by those around


class JumpMeter:
    """How suddenly each picture differs from the one before. Holds some 160 frames' flow (1.3 MB), then a number each.

    About 7 ms a frame on one core.
    """

    def __init__(self) -> None:
        import cv2

        self._dense = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        self._before: np.ndarray | None = None
        self._grid: np.ndarray | None = None
        self._maps: list[np.ndarray] = []  # of the frames from `_first` on
        self._changes: list[float] = []
        self._first = 0
        self._jumps: list[float] = []

    def see(self, frame: np.ndarray, change: float) -> None:
        """Take the next frame, (H, W, 3) uint8 RGB, and how much it differs from the one before, of `ChangeMeter`."""
        now = _normal(frame)
        if self._before is None or change <= _SAME:
            self._maps.append(np.zeros((4, now.shape[0] // _BLOCK, now.shape[1] // _BLOCK), np.float16))
        else:
            self._maps.append(self._compare(self._before, now))
        self._changes.append(change)
        self._before = now
        if self._first + len(self._maps) - len(self._jumps) >= _CHUNK + _MARGIN:
            self._judge(len(self._jumps) + _CHUNK)

    def _compare(self, before: np.ndarray, now: np.ndarray) -> np.ndarray:
        """(4, h, w) of each block: flow (x, y; none where it explains nothing), what it leaves, texture."""
        import cv2

        flow = dense_flow(self._dense, now, before)
        if self._grid is None or self._grid.shape != flow.shape:
            self._grid = np.stack(np.meshgrid(*map(np.arange, flow.shape[1::-1])), axis=-1).astype(np.float32)
        moved = cv2.remap(before, flow + self._grid, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
        rest, plain = (_blocks(cv2.absdiff(picture, now)) for picture in (moved, before))
        believed = np.clip((plain - rest) / _EXPLAINS, 0, 1)
        level = now.astype(np.float32)
        texture = np.sqrt(np.maximum(_blocks(level**2) - _blocks(level) ** 2, 0))
        steps = _blocks(flow) * believed[..., None]
        return np.stack([steps[..., 0], steps[..., 1], rest, texture]).astype(np.float16)

    def _judge(self, upto: int) -> None:
        """Judge the frames up to `upto`, and let go of what is no longer needed."""
        change = np.asarray(self._changes)
        repeated = find_repeats(change) | (change <= _SAME)
        if self._first == 0 and len(repeated):
            repeated[0] = False
        pictures = np.flatnonzero(~repeated)
        place = {int(self._first + frame): k for k, frame in enumerate(pictures)}
        for frame in range(len(self._jumps), upto):
            k = place.get(frame)
            near = pictures[:0] if k is None else pictures[max(0, k - _BESIDE - 1) : k + _BESIDE + 2]
            at = 0 if k is None else min(k, _BESIDE + 1)
            self._jumps.append(_sudden([self._maps[n] for n in near], at))
        kept = max(0, upto - _MARGIN - self._first)
        self._first += kept
        del self._maps[:kept], self._changes[:kept]

    def jumps(self) -> np.ndarray:
        """(T,) float32 of all frames that were seen; `JUMP` and more for a jump; -inf for those that repeat another and
        those within 3 pictures of the ends."""
        self._judge(self._first + len(self._maps))
        return np.asarray(self._jumps, np.float32)


def _sudden(maps: list[np.ndarray], at: int) -> float:
    """How sudden the picture number `at` of some (each (4, h, w)) is."""
    from scipy.ndimage import maximum_filter

    if min(at, len(maps) - 1 - at) < _BESIDE:
        return -np.inf
    seen = np.stack(maps).astype(np.float32)
    flow, rest, texture = seen[:, :2], seen[:, 2], seen[at, 3]
    followed = texture > _TEXTURE
    if not followed.any():
        return -np.inf
    change = np.linalg.norm(np.diff(flow, axis=0), axis=1)  # number k: from picture k to k + 1
    others = np.delete(change, [at - 1, at], axis=0)
    sudden = np.linalg.norm(flow[at] - (flow[at - 1] + flow[at + 1]) / 2, axis=0)
    moved = sudden / (maximum_filter(others.max(axis=0), 5) + _SLOW)
    left = rest[at] / (maximum_filter(np.maximum(rest[at - 1], rest[at + 1]), 3) + _QUIET)
    shares = np.quantile(moved[followed], _MOVED), np.quantile(left, _REST)
    return float(np.log(shares[0] + 0.05) + _REST_WEIGHT * np.log(shares[1] + 0.05))


def _normal(frame: np.ndarray) -> np.ndarray:
    """(h, w) uint8 of an (H, W, 3) uint8 RGB frame, 32 to 256 px a side, of the same brightness and contrast for
    all."""
    import cv2

    scale = _SIDE / max(frame.shape[:2])
    width, height = (max(LEAST_SIDE, round(side * scale / _BLOCK) * _BLOCK) for side in frame.shape[1::-1])
    small = cv2.resize(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), (width, height), interpolation=cv2.INTER_AREA)
    gain = _CONTRAST / (float(small.std()) + 5)
    # An 8-bit table: rounds and clips each level once.
    return cv2.LUT(small, np.clip(128 + gain * (np.arange(256) - float(small.mean())), 0, 255).astype(np.uint8))


def _blocks(picture: np.ndarray) -> np.ndarray:
    """(h / 8, w / 8) float32 mean of each block."""
    import cv2

    size = picture.shape[1] // _BLOCK, picture.shape[0] // _BLOCK
    return cv2.resize(picture.astype(np.float32), size, interpolation=cv2.INTER_AREA)
