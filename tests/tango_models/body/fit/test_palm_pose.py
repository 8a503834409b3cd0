"""How a palm is turned, from its five points in the picture."""

import numpy as np
from scipy.spatial.transform import Rotation

from tango_models.body.fit.palm_pose import View, palm_rotations

FRAMES = 40
PALM = np.array([[0, 0, 0], [0.09, 0, 0.03], [0.1, 0.002, 0.005], [0.09, 0.001, -0.015], [0.08, -0.003, -0.035]])
WRIST = np.tile([0.2, -0.3, -2.0], (FRAMES, 1))
MIRROR = np.diag([1.0, 1.0, -1.0])


def turning(start):
    """A hand that points at the camera and turns a little, (T, 3, 3)."""
    angles = np.stack([0.3 * np.sin(np.arange(FRAMES) / 8), -start + 0.005 * np.arange(FRAMES), np.zeros(FRAMES)], 1)
    return Rotation.from_euler("xyz", angles).as_matrix()


def look(rotations, noise=0.0):
    points = WRIST[:, None] + np.einsum("tij,pj->tpi", rotations, PALM)
    rays = points[..., :2] / -points[..., 2:]
    return rays + noise * np.random.default_rng(0).normal(size=rays.shape)


def view(truth, guess, noise=0.0, bent=0.2):
    forearm = np.einsum("tij,j->ti", truth @ Rotation.from_rotvec([0, bent, 0]).as_matrix(), [1.0, 0, 0])
    return View(look(truth, noise), WRIST, forearm, guess, np.ones(FRAMES))


def off(found, truth):
    """Degrees (T,)."""
    return np.degrees(Rotation.from_matrix(found @ np.swapaxes(truth, 1, 2)).magnitude())


def test_a_guess_that_is_too_flat_is_turned_toward_the_camera():
    truth = turning(1.0)
    found, confidence, misfit = palm_rotations(view(truth, turning(0.3), noise=0.001), PALM)
    assert off(turning(0.3), truth).mean() > 35
    assert off(found, truth).mean() < 8 and (confidence > 0.1).all() and np.median(misfit) < 4


def test_a_guess_mirrored_in_depth_is_righted_by_the_forearm():
    truth = turning(0.7)
    plane = np.eye(3) - 2 * np.outer([0, 1, 0], [0, 1, 0])
    found, _, _ = palm_rotations(view(truth, MIRROR @ truth @ plane), PALM)
    assert off(found, truth).mean() < 12


def test_points_that_are_no_palm_are_not_believed():
    truth = turning(0.8)
    good = view(truth, truth)
    rays = good.rays.copy()
    rays[15:20] += np.random.default_rng(1).normal(0, 0.02, (5, 5, 2))
    found, confidence, misfit = palm_rotations(good._replace(rays=rays), PALM)
    assert (confidence[15:20] < 0.2).all() and (confidence[:14] > 0.9).all()
    assert misfit[15:20].min() > misfit[:14].max()
    assert off(found, truth)[:14].max() < 5 and np.isfinite(found).all()


def test_a_single_frame_will_do():
    one = View(*(array[:1] for array in view(turning(0.7), turning(0.5))))
    found, confidence, _ = palm_rotations(one, PALM)
    assert found.shape == (1, 3, 3) and confidence[0] > 0.5 and off(found, turning(0.7)[:1])[0] < 8
