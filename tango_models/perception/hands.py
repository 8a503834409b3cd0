"""Hands: where they are when the hand network saw them, and when it did not."""

from __future__ import annotations

import numpy as np

# Wrist to knuckles, of an adult hand: wrist-index MCP and wrist-little finger MCP. The hand network has no
# metric scale in this release, and the palm is the part of a hand that does not bend. Mean of 50th percentile
# woman and man, Greiner 1991 (Hand Anthropometry of U.S. Army Personnel), to about 5 mm.
PALM_METRES = 0.092
_KNUCKLES = (5, 9, 13, 17)
_BODY_ELBOW, _BODY_WRIST = (13, 14), (15, 16)  # person's left, right
_BODY_KNUCKLES = ((17, 19, 21), (18, 20, 22))  # little finger, index, thumb as the body network sees them
_MIN_VISIBILITY = 0.5
_MARGIN = 0.15


def palm_length(hand: np.ndarray) -> float:
    """Mean distance of the four knuckles from the wrist of one hand (21, C), in the hand's own unit."""
    return float(np.linalg.norm(hand[list(_KNUCKLES)] - hand[0], axis=-1).mean())


def metric_hand(hand_px: np.ndarray) -> np.ndarray:
    """One hand (21, 3) in pixels (x right, y down, z away) to metres about the wrist (y up, z toward the camera)."""
    local = (hand_px - hand_px[0]) * np.array([1, -1, -1], np.float32)
    return (local * (PALM_METRES / max(palm_length(local), 1e-6))).astype(np.float32)


def hand_scores(hands_xy: np.ndarray, body_xy: np.ndarray) -> np.ndarray:
    """How far each found hand can be trusted, (2,) in 0..1.

    The hand network looks in a window that the body network chose and may lock on to the other hand. So a hand counts
    less the further its wrist is from the body's, and when both "hands" are one, the worse placed one counts nothing.

    Args:
        hands_xy: (2, 21, 2) pixels, NaN for a hand that was not found.
        body_xy: (33, 2) pixels.
    """
    scores = np.zeros(2, np.float32)
    for side in (0, 1):
        hand = hands_xy[side]
        if np.isfinite(hand[0, 0]):
            offset = np.linalg.norm(hand[0] - body_xy[_BODY_WRIST[side]])
            size = np.ptp(hand, axis=0).max()
            scores[side] = np.exp(-0.5 * (offset / (0.5 * size + 1e-6)) ** 2)
    if (scores > 0).all():
        size = np.ptp(hands_xy, axis=1).max()
        if np.linalg.norm(hands_xy[0] - hands_xy[1], axis=-1).mean() < 0.2 * size:
            scores[int(np.argmin(scores))] = 0.0
    return scores


def hand_boxes(
    hands_xy: np.ndarray, body_xy: np.ndarray, visibility: np.ndarray, image_size: tuple[int, int]
) -> np.ndarray:
    """Boxes of both hands, (2, 4) pixels x0, y0, x1, y1 clipped to the picture; NaN when a hand is out of sight.

    From the hand's landmarks with a margin of 15 %; for a hand that was not found but whose wrist is visible, a square
    beyond the wrist in the forearm's direction (a hand is about half as long as a forearm), held by the knuckles
    the body network sees.
    """
    boxes = np.full((2, 4), np.nan, np.float32)
    limit = np.array(image_size, np.float32)
    for side in (0, 1):
        if np.isfinite(hands_xy[side, 0, 0]):
            low, high = hands_xy[side].min(0), hands_xy[side].max(0)
            margin = _MARGIN * (high - low).max()
            low, high = low - margin, high + margin
        elif visibility[_BODY_WRIST[side]] >= _MIN_VISIBILITY:
            wrist, elbow = body_xy[_BODY_WRIST[side]], body_xy[_BODY_ELBOW[side]]
            knuckles = body_xy[list(_BODY_KNUCKLES[side])]
            half = max(0.3 * np.linalg.norm(wrist - elbow), 1.2 * np.linalg.norm(knuckles - wrist, axis=1).max(), 4.0)
            centre = 0.5 * (wrist + 0.28 * (wrist - elbow)) + 0.5 * knuckles.mean(0)
            low, high = centre - half, centre + half
        else:
            continue
        low, high = np.clip(low, 0, limit), np.clip(high, 0, limit)
        if (high - low > 1).all():
            boxes[side] = np.concatenate([low, high])
    return boxes
