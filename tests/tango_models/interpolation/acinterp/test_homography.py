import cv2
import numpy as np
import pytest

from tango_models.interpolation.acinterp.homography import (
    background_between,
    camera_move,
    on_the_way,
)

H, W = 240, 320


def _flow(matrix: np.ndarray, height: int, width: int) -> np.ndarray:
    """(height, width, 2) float32 px: where `matrix` moves each pixel."""
    y, x = np.mgrid[:height, :width].astype(np.float64)
    moved = np.stack([x, y, np.ones_like(x)], -1) @ matrix.T
    return (moved[..., :2] / moved[..., 2:] - np.stack([x, y], -1)).astype(np.float32)


def room(seed: int = 0, height: int = 400, width: int = 500) -> np.ndarray:
    """A picture with things in it."""
    rng = np.random.default_rng(seed)
    picture = np.full((height, width, 3), 128, np.uint8)
    for _ in range(220):
        x, y = int(rng.integers(width)), int(rng.integers(height))
        colour = tuple(int(c) for c in rng.integers(0, 255, 3))
        if rng.random() < 0.5:
            cv2.circle(picture, (x, y), int(rng.integers(3, 25)), colour, -1)
        else:
            cv2.rectangle(picture, (x, y), (x + int(rng.integers(5, 40)), y + int(rng.integers(5, 40))), colour, -1)
    return cv2.GaussianBlur(picture, (0, 0), 0.8)


def view(matrix: np.ndarray, noise: int = 0) -> np.ndarray:
    """The room seen by a camera that `matrix` moves."""
    seen = cv2.warpPerspective(room(), matrix @ np.array([[1, 0, -90], [0, 1, -80], [0, 0, 1.0]]), (W, H))
    grain = np.random.default_rng(noise).normal(0, 2, seen.shape)
    return np.clip(seen + grain, 0, 255).astype(np.uint8)


def person(x: int) -> tuple[np.ndarray, tuple[slice, slice]]:
    mask = np.zeros((H, W), bool)
    where = (slice(60, H), slice(x, x + 90))
    mask[where] = True
    return mask, where


def corners_apart(a: np.ndarray, b: np.ndarray) -> float:
    corners = np.array([[[0, 0], [W - 1, 0], [W - 1, H - 1], [0, H - 1.0]]])
    return float(
        np.linalg.norm(cv2.perspectiveTransform(corners, a) - cv2.perspectiveTransform(corners, b), axis=-1).max()
    )


def with_person(frame: np.ndarray, x: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The frame with a textured person in front, who goes their own way."""
    mask, where = person(x)
    shown = frame.copy()
    shown[where] = room(seed)[: H - 60, :90]
    return shown, mask


def test_a_camera_that_stands_is_exactly_the_identity():
    first, mask = with_person(view(np.eye(3), 1), 80, 5)
    second, other = with_person(view(np.eye(3), 2), 120, 5)
    move = camera_move(first, second, mask, other)
    assert move.still and (move.matrix == np.eye(3)).all()


@pytest.mark.parametrize("seed", range(6))
def test_a_camera_that_pans_and_turns_is_recovered_within_half_a_pixel(seed: int):
    rng = np.random.default_rng(seed)
    angle, scale = rng.uniform(-0.05, 0.05), rng.uniform(0.95, 1.05)
    true = np.array(
        [
            [scale * np.cos(angle), -scale * np.sin(angle), rng.uniform(-25, 25)],
            [scale * np.sin(angle), scale * np.cos(angle), rng.uniform(-15, 15)],
            [rng.uniform(-5e-5, 5e-5), rng.uniform(-5e-5, 5e-5), 1.0],
        ]
    )
    first, mask = with_person(view(np.eye(3), 1), 80, 5)
    second, other = with_person(view(true, 2), 120, 5)
    assert corners_apart(camera_move(first, second, mask, other).matrix, true) < 0.5


@pytest.mark.parametrize("dx", [1.0, 3.0, 7.0, 20.0, 40.0])
def test_a_pan_is_recovered_within_half_a_pixel(dx: float):
    true = np.array([[1, 0, dx], [0, 1, 0], [0, 0, 1.0]])
    first, mask = with_person(view(np.eye(3), 1), 80, 5)
    second, other = with_person(view(true, 2), 90, 5)
    assert corners_apart(camera_move(first, second, mask, other).matrix, true) < 0.5


def test_a_background_that_tells_nothing_is_a_camera_that_stands():
    blank = np.full((H, W, 3), 90, np.uint8)
    hidden = np.ones((H, W), bool)
    for frame, mask in ((blank, ~hidden), (view(np.eye(3)), hidden)):
        assert camera_move(frame, frame, mask, mask).still
    noise = np.random.default_rng(0).integers(0, 255, (2, H, W, 3), np.uint8)
    assert camera_move(noise[0], noise[1], ~hidden, ~hidden).still


def test_the_way_between_two_views_ends_at_both_and_is_even():
    true = np.array([[1.02, 0.03, 12], [-0.02, 0.99, -6], [4e-5, -3e-5, 1]])
    assert corners_apart(on_the_way(true, 0, W, H), np.eye(3)) < 1e-3
    assert corners_apart(on_the_way(true, 1, W, H), true) < 1e-3
    flow, half = _flow(true, H, W), _flow(on_the_way(true, 0.5, W, H), H, W)
    np.testing.assert_allclose(
        half[[0, 0, -1, -1], [0, -1, 0, -1]], flow[[0, 0, -1, -1], [0, -1, 0, -1]] / 2, atol=1e-3
    )
    assert (on_the_way(np.eye(3), 0.3, W, H) == np.eye(3)).all()


def test_the_background_between_two_views_is_what_the_camera_saw():
    true = np.array([[1, 0, 24], [0, 1, -10], [0, 0, 1.0]])
    first, mask = with_person(view(np.eye(3), 1), 60, 5)
    second, other = with_person(view(true, 2), 150, 5)
    move = camera_move(first, second, mask, other)
    made, known = background_between(first, second, mask, other, move, 0.5)
    truth = view(on_the_way(true, 0.5, W, H), 3)
    error = np.abs(made.astype(int) - truth)[known]
    assert known.mean() > 0.6 and np.median(error) <= 3 and error.mean() < 4
    assert not made[~known].any()


def test_where_the_camera_stands_the_background_is_the_footage():
    first, mask = with_person(view(np.eye(3), 1), 60, 5)
    move = camera_move(first, first, mask, mask)
    made, known = background_between(first, first, mask, mask, move, 0.4)
    assert known.any() and (made[known] == first[known]).all()
