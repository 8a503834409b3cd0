"""What a representation tells of its poses, and the published inputs made of it."""

import numpy as np
import pytest

from tango_models.body.motion_features import ANGULAR_VELOCITY, FPS, motion_representation
from tango_models.body.recovered_motion import (
    axis_angles,
    extended_by_zero_poses,
    rest_joints,
    with_axis_angle_velocity,
)
from tango_models.body.true_motion import representation_of_shots
from tests.tango_models.aumoclip import tiny


@pytest.fixture(scope="module")
def body():
    return tiny.licensed_body()


def angular(representation: np.ndarray) -> np.ndarray:
    """(T, 165)"""
    return representation.reshape(len(representation), 55, 15)[..., ANGULAR_VELOCITY].reshape(len(representation), -1)


def published(poses: np.ndarray) -> np.ndarray:
    """(T, 165) TANGO's angular velocity, by numpy's own differences (central, one-sided at the ends)."""
    return np.gradient(np.asarray(poses, np.float64), 1 / FPS, axis=0)


@pytest.mark.parametrize("size", [0.1, 1.7])
def test_the_poses_below_half_a_turn_come_back(body, size):
    poses = tiny.poses(60, size=size)
    assert np.linalg.norm(poses.reshape(60, 55, 3), axis=-1).max() < np.pi
    found = axis_angles(motion_representation(poses, body))
    np.testing.assert_allclose(found.reshape(60, 165), poses, atol=2e-6)


@pytest.mark.parametrize("frames", [1, 2, 3, 90])
def test_the_angular_velocity_is_the_published_one(body, frames):
    poses = tiny.poses(frames, size=1.7)
    shown = motion_representation(poses, body)
    found = with_axis_angle_velocity(shown)
    assert found.dtype == np.float32 and found.shape == (frames, 825)
    expected = published(poses) if frames > 1 else np.zeros((1, 165))
    np.testing.assert_allclose(angular(found), expected, atol=1e-4)
    rest = np.ones(825, bool).reshape(55, 15)
    rest[:, ANGULAR_VELOCITY] = False
    np.testing.assert_array_equal(found[:, rest.ravel()], shown[:, rest.ravel()])
    if frames == 90:
        assert np.abs(angular(shown) - expected).max() > 1  # large rotations: the two velocities differ


def test_a_turn_through_half_a_turn_has_no_leap(body):
    angles = np.linspace(2.9, 3.5, 13)
    turning = np.zeros((13, 165), np.float32)
    turning[:, 3 * 16] = np.where(angles > np.pi, angles - 2 * np.pi, angles)
    assert np.abs(published(turning)).max() > 90
    np.testing.assert_allclose(
        angular(with_axis_angle_velocity(motion_representation(turning, body)))[:, 48], 1.5, atol=1e-3
    )


def test_footage_that_repeats_frames_does_not_halt(body):
    frame = np.arange(90)
    times = np.floor(frame * 0.8) * 1.25  # 24 pictures a second shown as 30

    def swing(when):
        poses = np.zeros((len(when), 165), np.float32)
        poses[:, 51:54] = np.outer(np.sin(np.asarray(when) / 5), [0.9, 0.7, -0.5])
        poses[:, 54:57] = np.outer(np.cos(np.asarray(when) / 4), [0.2, -0.9, 0.4])
        return poses

    truth, halting = published(swing(frame)), published(swing(times))
    found = angular(with_axis_angle_velocity(representation_of_shots(swing(times), times, np.zeros(0, int), body)))
    inner = slice(5, 85)
    assert np.abs(found - truth)[inner].mean() < 0.4 * np.abs(halting - truth)[inner].mean()


@pytest.mark.parametrize("frames", [1, 30])
def test_the_zero_pose_of_the_body_comes_back(body, frames):
    found = rest_joints(motion_representation(tiny.poses(frames, size=0.6), body))
    np.testing.assert_allclose(found, body.rest_joints().numpy(), atol=1e-5)


@pytest.mark.parametrize("frames", [1, 2, 40, 126, 127, 128])
def test_extended_by_zero_poses_is_what_the_longer_poses_give(body, frames):
    poses = tiny.poses(frames, size=0.6)
    longer = np.concatenate([poses, np.zeros((128 - frames, 165), np.float32)])
    found = extended_by_zero_poses(motion_representation(poses, body), 128)
    expected = motion_representation(longer, body)
    np.testing.assert_allclose(found, expected, atol=1e-3)  # m/s and rad/s; 1e-5 m apart, 15 times a second
    np.testing.assert_allclose(angular(with_axis_angle_velocity(found)), published(longer), atol=1e-3)
    if frames < 127:
        assert np.abs(angular(found)[frames]).max() > 2  # the leap into the T
        assert not found.reshape(128, 55, 15)[frames + 1 :, :, 3:6].any()
