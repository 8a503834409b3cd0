"""A hand's matte where its landmarks are wrong: the finger that they missed belongs to it, a wall of its colours does
not."""

import cv2
import numpy as np
import pytest

from tango_models.interpolation.warping.hand_matte import hand_matte
from tests.tango_models.interpolation.drawn_hands import SIDE, SKIN, cloth, draw_hand, hand_mask, hand_points


def without_finger(points: np.ndarray, finger: int) -> np.ndarray:
    """(21, 2) the landmarks when those of a finger were put on the one beside it."""
    wrong = points.copy()
    beside = finger + 1 if finger < 4 else finger - 1
    wrong[1 + 4 * finger : 5 + 4 * finger] = points[1 + 4 * beside : 5 + 4 * beside]
    return wrong


def on_frame(matte) -> np.ndarray:
    """(SIDE, SIDE) the matte on its frame."""
    whole = np.zeros((SIDE, SIDE), np.float32)
    height, width = matte.alpha.shape
    whole[matte.top : matte.top + height, matte.left : matte.left + width] = matte.alpha
    return whole


@pytest.mark.parametrize("finger", [0, 4])
@pytest.mark.parametrize("seed", range(4))
def test_a_finger_that_the_landmarks_missed_belongs_to_its_hand(seed, finger):
    rng = np.random.default_rng(seed)
    points = hand_points(rng, (100, 130), rng.uniform(-40, 40))
    wrong = without_finger(points, finger)
    frame = draw_hand(cloth(rng), points)
    tip = hand_mask(points) * (cv2.blur(hand_mask(wrong), (9, 9)) == 0) > 0.9
    assert tip.sum() > 40
    assert on_frame(hand_matte(frame, wrong, []))[tip].mean() > 0.8


@pytest.mark.parametrize("seed", range(4))
def test_a_wall_of_a_hands_colours_is_no_finger_of_it(seed):
    rng = np.random.default_rng(seed)
    points = hand_points(rng, (100, 130), rng.uniform(-40, 40))
    behind = cloth(rng)
    behind[: int(points[:, 1].min() + 12)] = SKIN + rng.integers(-6, 7, 3)
    alpha = on_frame(hand_matte(draw_hand(behind, points), points, []))
    far = cv2.dilate(hand_mask(points), np.ones((41, 41), np.uint8)) == 0
    assert alpha[far].max() < 0.2
