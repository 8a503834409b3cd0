"""What tells made frames from the true ones, hands apart. A perfect interpolator gets exactly 0 or 1."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from tango_models.media.pictures.dense_flow import dense_flow

SIDE = 512
"""Longest side, in pixels, at which frames are compared: what a viewer notices is larger than that grid."""
_MOVES = 6.0  # grey levels: what differs less from both ends hardly moves
_GMS = 0.0026 * 255**2  # c of Xue et al. 2014 (Gradient Magnitude Similarity Deviation), for Prewitt and 0..255
_BACK_AND_FORTH = 1.0  # px that a flow and the flow back may differ by where both see the same thing


@dataclass(frozen=True)
class Reference:
    """What is known of a gap before anything is made for it.

    Attributes:
        ends: grey picture before and behind the gap, (h, w) uint8.
        true: (n, h, w) uint8.
        moves: (h, w) bool: where anything moves between the ends.
        hands: (n, h, w) bool: on the hands.
        flows: n + 1 flows (h, w, 2) from each true picture to the one before it, ends included.
        visible: (n + 1, h, w) bool: what moves and is seen in both.
        scale: of these pictures, to the frames.
    """

    ends: tuple[np.ndarray, np.ndarray]
    true: np.ndarray
    moves: np.ndarray
    hands: np.ndarray
    flows: list[np.ndarray]
    visible: np.ndarray
    scale: float


@dataclass(frozen=True)
class Likeness:
    """How like the true frames made ones are.

    Attributes:
        hand_error: mean difference on the hands, grey levels; NaN without hands.
        gradients: similarity of gradient magnitudes where anything moves, 1 for the same (Xue et al. 2014).
        sharpness: lowest of a made frame where anything moves, over that of the ends: 1 as sharp.
        warping: temporal warping error beyond the footage's own, grey levels: each frame against the one before it,
            moved as the true ones move (Lai et al. 2018). 0 for the same.
    """

    hand_error: float
    gradients: float
    sharpness: float
    warping: float


def look_at(before: np.ndarray, true: np.ndarray, after: np.ndarray, hands: np.ndarray) -> Reference:
    """The reference of a gap.

    Args:
        before, after: (H, W, 3) uint8 RGB, its ends.
        true: (n, H, W, 3) uint8 RGB.
        hands: (n, 2, 4) px x0, y0, x1, y1; NaN where out of sight.
    """
    scale = min(1.0, SIDE / max(before.shape[:2]))
    start, end, between = grey(before), grey(after), np.stack([grey(frame) for frame in true])
    apart = np.max([cv2.absdiff(frame, side) for frame in between for side in (start, end)], axis=0)
    moves = cv2.dilate((cv2.blur(apart, (5, 5)) > _MOVES).astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    on_hands = np.zeros(between.shape, bool)
    for k, boxes in enumerate(hands):
        for box in boxes[np.isfinite(boxes).all(axis=1)]:
            x0, y0 = np.floor(box[:2] * scale).astype(int)
            x1, y1 = np.ceil(box[2:] * scale).astype(int)
            on_hands[k, y0:y1, x0:x1] = True
    dense = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    flows, visible = [], []
    for last, now in pairwise([start, *between, end]):
        back, forth = dense_flow(dense, now, last), dense_flow(dense, last, now)
        flows.append(back)
        astray = np.linalg.norm(back + _moved(forth, back), axis=-1)
        visible.append(moves & (astray < _BACK_AND_FORTH))
    return Reference((start, end), between, moves, on_hands, flows, np.stack(visible), scale)


def likeness(made: np.ndarray, known: Reference) -> Likeness:
    """How like what is known made frames (n, H, W, 3) uint8 RGB are."""
    pictures = np.stack([grey(frame) for frame in made])
    error = np.abs(pictures.astype(np.float32) - known.true)
    start, end = known.ends
    ends = [_sharpness(end, known.moves) for end in known.ends]
    return Likeness(
        hand_error=float(error[known.hands].mean()) if known.hands.any() else float("nan"),
        gradients=float(np.mean([_similar(a, b, known.moves) for a, b in zip(pictures, known.true, strict=True)])),
        sharpness=min(_sharpness(picture, known.moves) for picture in pictures) / max(float(np.mean(ends)), 1e-6),
        warping=_warping([start, *pictures, end], known) - _warping([start, *known.true, end], known),
    )


def grey(frame: np.ndarray) -> np.ndarray:
    """(h, w) uint8, at most `SIDE` px a side, of an (H, W, 3) uint8 RGB frame."""
    scale = min(1.0, SIDE / max(frame.shape[:2]))
    size = max(16, round(frame.shape[1] * scale)), max(16, round(frame.shape[0] * scale))
    return cv2.resize(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), size, interpolation=cv2.INTER_AREA)


def _gradient(picture: np.ndarray) -> np.ndarray:
    kernel = np.array([[1, 0, -1]] * 3, np.float32) / 3  # Prewitt
    image = picture.astype(np.float32)
    return cv2.magnitude(cv2.filter2D(image, -1, kernel), cv2.filter2D(image, -1, kernel.T))


def _similar(a: np.ndarray, b: np.ndarray, where: np.ndarray) -> float:
    if not where.any():
        return 1.0
    first, second = _gradient(a), _gradient(b)
    return float(((2 * first * second + _GMS) / (first**2 + second**2 + _GMS))[where].mean())


def _sharpness(picture: np.ndarray, where: np.ndarray) -> float:
    """Mean of the strongest tenth of the gradients there."""
    values = _gradient(picture)[where] if where.any() else _gradient(picture).ravel()
    keep = max(1, len(values) // 10)
    return float(np.partition(values, -keep)[-keep:].mean())


def _warping(pictures: list[np.ndarray], known: Reference) -> float:
    rest = [
        np.abs(_moved(last.astype(np.float32), flow) - now)[seen].mean() if seen.any() else 0.0
        for (last, now), flow, seen in zip(pairwise(pictures), known.flows, known.visible, strict=True)
    ]
    return float(np.mean(rest))


def _moved(picture: np.ndarray, flow: np.ndarray) -> np.ndarray:
    lines, columns = np.mgrid[: flow.shape[0], : flow.shape[1]].astype(np.float32)
    places = columns + flow[..., 0], lines + flow[..., 1]
    return cv2.remap(picture, *places, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
