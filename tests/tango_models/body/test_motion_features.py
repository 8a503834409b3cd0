import numpy as np
import pytest

from tango_models.body.motion_features import (
    ANGULAR_VELOCITY,
    POSITION,
    ROTATION_6D,
    VELOCITY,
    motion_energy,
    motion_representation,
)
from tango_models.body.skeleton import JOINT


def poses(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.3, (count, 165)).astype(np.float32)


def joints(representation: np.ndarray) -> np.ndarray:
    return representation.reshape(len(representation), 55, 15)


def test_a_still_pose_has_no_velocity_of_any_kind(body):
    found = motion_representation(np.repeat(poses(1), 6, 0), body)
    assert found.shape == (6, 825) and found.dtype == np.float32
    assert np.abs(joints(found)[..., VELOCITY]).max() < 1e-5
    assert np.abs(joints(found)[..., ANGULAR_VELOCITY]).max() < 1e-4
    assert motion_energy(found).max() < 1e-5


def test_no_rotation_is_the_first_two_rows_of_the_identity(body):
    found = joints(motion_representation(np.zeros((2, 165)), body))[..., ROTATION_6D]
    np.testing.assert_allclose(found, np.broadcast_to([1, 0, 0, 0, 1, 0], found.shape), atol=1e-6)


def test_where_the_speaker_faces_changes_rotation_but_no_position(body):
    first, turned = poses(3), poses(3)
    turned[:, :3] += [0.2, 1.0, -0.3]
    a, b = (joints(motion_representation(p, body)) for p in (first, turned))
    np.testing.assert_array_equal(a[..., POSITION], b[..., POSITION])
    assert np.abs(a[:, 0, ROTATION_6D] - b[:, 0, ROTATION_6D]).max() > 0.1


def test_velocity_is_the_derivative_of_position(body):
    moving = np.zeros((5, 165), np.float32)
    moving[:, 3 * JOINT["left_elbow"] + 1] = -np.linspace(0, 0.4, 5)
    found = joints(motion_representation(moving, body))
    place, speed = found[:, JOINT["left_wrist"], POSITION], found[:, JOINT["left_wrist"], VELOCITY]
    np.testing.assert_allclose(speed[2], (place[3] - place[1]) * 15, atol=1e-4)
    np.testing.assert_allclose(speed[0], (place[1] - place[0]) * 30, atol=1e-4)
    assert motion_energy(found.reshape(5, -1))[2] > 0.05


def test_turning_past_half_a_turn_keeps_its_angular_velocity(body):
    angles = np.linspace(3.0, 3.4, 9)
    turning = np.zeros((9, 165), np.float32)
    turning[:, 3 * 16] = np.where(angles > np.pi, angles - 2 * np.pi, angles)
    found = joints(motion_representation(turning, body))[:, 16, ANGULAR_VELOCITY]
    np.testing.assert_allclose(found[:, 0], 0.05 * 30, atol=1e-2)


def test_one_frame_is_enough_and_none_is_refused(body):
    assert motion_representation(poses(1), body).shape == (1, 825)
    with pytest.raises(ValueError, match="165"):
        motion_representation(np.zeros((0, 165)), body)
