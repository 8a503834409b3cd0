"""Pictures sampled between their pixels."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tango_models.lips.warp import sample


def texture(seed: int) -> np.ndarray:
    """(120, 120, 3) uint8 as a camera and its coder leave it: details of two pixels and more."""
    noise = np.random.default_rng(seed).normal(0, 60, (120, 120, 3)).astype(np.float32)
    return np.clip(128 + cv2.GaussianBlur(noise, (0, 0), 0.8), 0, 255).astype(np.uint8)


def detail(picture: np.ndarray) -> float:
    return float(np.abs(cv2.Laplacian(picture.astype(np.float32), cv2.CV_32F))[10:-10, 10:-10].mean())


@given(st.integers(0, 1000), st.floats(-0.2, 0.2), st.floats(0, 1), st.floats(0, 1))
def test_detail_survives_any_small_turn_and_shift(seed, angle, right, down):
    picture = texture(seed)
    y, x = np.mgrid[:80, :80].astype(np.float32) - 40
    c, s = np.cos(angle), np.sin(angle)
    places = np.stack([c * x - s * y + 60 + right, s * x + c * y + 60 + down], axis=2).astype(np.float32)
    made = sample(picture, places)
    around = picture[20:100, 20:100]
    assert detail(made) > 0.945 * detail(around)
    assert detail(made) < 1.07 * detail(around), "nor is it sharpened"


@given(st.floats(0, 1))
def test_an_edge_is_hardly_overshot(shift):
    picture = np.full((60, 60, 3), 60, np.uint8)
    picture[:, 30:] = 180
    picture = cv2.GaussianBlur(picture, (0, 0), 0.8)
    y, x = np.mgrid[:40, :40].astype(np.float32) + 10
    made = sample(picture, np.stack([x + np.float32(shift), y], axis=2))
    assert made.min() > 60 - 6 and made.max() < 180 + 6


@pytest.mark.parametrize("shape", [(5, 7), (40, 3)])
def test_places_outside_show_the_border(shape):
    picture = np.full((*shape, 3), 90, np.uint8)
    places = np.random.default_rng(0).uniform(-30, 60, (12, 15, 2)).astype(np.float32)
    np.testing.assert_allclose(sample(picture, places), 90, atol=0.5)
