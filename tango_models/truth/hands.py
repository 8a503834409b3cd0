"""Hands of a gap: those that truly are there, those of them that made frames show, and those that are too many."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tango_models.truth.gaps import Gap
from tango_models.truth.hand_finder import HandFinder, distances, same_hand

_NEAR = 0.5  # of a hand's longer side: how far the detector on the crop may be from the footage's landmarks
_APART = 0.75  # the same between two hands that are not one
_ELSEWHERE = 0.1  # intersection over union up to which a box holds no part of a hand


@dataclass(frozen=True)
class TrueHand:
    """A hand that the detector finds in a true frame: number of the frame, box (4,) looked in, points (21, 2) px."""

    frame: int
    box: np.ndarray
    points: np.ndarray


def true_hands(gap: Gap, finder: HandFinder) -> list[TrueHand]:
    """The hands by which made frames are judged: those that the detector finds in the true ones, on the same crop."""
    found = []
    for k, frame in enumerate(gap.true):
        for box, expected in zip(gap.hands[k], gap.points[k], strict=True):
            if not (np.isfinite(box).all() and np.isfinite(expected).all()):
                continue
            hands = finder.find(frame, box)
            if len(hands):
                away = distances(hands, expected)
                if away.min() <= _NEAR:
                    found.append(TrueHand(k, box, hands[int(away.argmin())]))
    return found


def hands_found(made: np.ndarray, hands: list[TrueHand], finder: HandFinder) -> int:
    """How many of the true hands made frames (n, H, W, 3) show where and as they were."""
    return sum(same_hand(finder.find(made[hand.frame], hand.box), hand.points) for hand in hands)


def stray(made: np.ndarray, gap: Gap, finder: HandFinder) -> int:
    """In how many of the made frames (n, H, W, 3) a hand stands where it was before the gap or will be behind it, but
    truly is not."""
    count = 0
    for k, frame in enumerate(made):
        here = gap.hands[k]
        places = [box for box in gap.ends.reshape(-1, 4) if np.isfinite(box).all()]
        empty = [box for box in places if all(_overlap(box, other) <= _ELSEWHERE for other in here)]
        count += any(_foreign(finder.find(frame, box), box, gap.points[k]) for box in empty)
    return count


def _foreign(found: np.ndarray, box: np.ndarray, true: np.ndarray) -> bool:
    """Whether one of the hands found (K, 21, 2) stands in the box and is none of the true ones (2, 21, 2)."""
    low, high = box[:2], box[2:]
    for hand in found:
        inside = ((hand > low) & (hand < high)).all(axis=-1).mean() > _NEAR
        known = [other for other in true if np.isfinite(other).all()]
        if inside and all(distances(hand[None], other)[0] > _APART for other in known):
            return True
    return False


def _overlap(a: np.ndarray, b: np.ndarray) -> float:
    """Intersection over union of two boxes; 0 with one that is unknown."""
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return 0.0
    common = np.prod(np.maximum(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0))
    return float(common / max(np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - common, 1e-6))
