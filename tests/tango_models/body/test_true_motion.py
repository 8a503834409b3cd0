"""Repeated frames are no rest, and nothing moves across a cut."""

import numpy as np
import pytest

from tango_models.body.motion_features import motion_energy, motion_representation
from tango_models.body.smplx_body import OPEN_BODY, Body
from tango_models.body.true_motion import poses_as_taken, representation_of_shots

NO_CUT = np.zeros(0, np.int64)


@pytest.fixture(scope="module")
def body():
    return Body.load(str(OPEN_BODY))


def swing(times):
    """(T, 165) poses: the right shoulder swings, once a second or so."""
    poses = np.zeros((len(times), 165), np.float32)
    poses[:, 17 * 3 + 1] = 0.6 * np.sin(np.asarray(times) / 5)
    return poses


def test_energy_of_24_fps_footage_is_that_of_the_movement(body):
    frame = np.arange(90)
    times = np.floor(frame * 0.8) * 1.25
    truth = motion_energy(motion_representation(swing(frame), body))
    shown = motion_energy(motion_representation(swing(times), body))
    found = motion_energy(representation_of_shots(swing(times), times, NO_CUT, body))
    inner = slice(5, 85)
    assert np.abs(found - truth)[inner].mean() < 0.4 * np.abs(shown - truth)[inner].mean()
    assert np.abs(found - truth)[inner].max() < 0.15 * truth.max()


def test_positions_stay_those_of_the_pictures(body):
    times = np.floor(np.arange(30) * 0.8) * 1.25
    shown = motion_representation(swing(times), body).reshape(30, 55, 15)
    found = representation_of_shots(swing(times), times, NO_CUT, body).reshape(30, 55, 15)
    np.testing.assert_array_equal(found[..., :3], shown[..., :3])
    assert np.abs(found[..., 3:6] - shown[..., 3:6]).max() > 0.01


def test_even_footage_is_left_as_it_is(body):
    poses = swing(np.arange(40))
    times = np.arange(40) + np.random.default_rng(0).uniform(-0.03, 0.03, 40)  # rounded timestamps
    np.testing.assert_array_equal(
        representation_of_shots(poses, times, NO_CUT, body), motion_representation(poses, body)
    )


def test_nothing_moves_across_a_cut(body):
    poses = np.concatenate([swing(np.zeros(20)), swing(np.full(20, 8.0))])
    energy = motion_energy(representation_of_shots(poses, np.arange(40), np.array([20]), body))
    np.testing.assert_allclose(energy, 0, atol=1e-6)
    assert motion_energy(motion_representation(poses, body)).max() > 0.1


def test_joints_turn_the_short_way():
    poses = np.zeros((4, 165), np.float32)
    poses[:, 0] = [np.pi - 0.1, np.pi - 0.1, -np.pi + 0.1, -np.pi + 0.1]  # 0.2 rad through half a turn
    moved = poses_as_taken(poses, np.array([0, 0, 2, 2.0]))
    assert abs(abs(moved[1, 0]) - np.pi) < 1e-3
