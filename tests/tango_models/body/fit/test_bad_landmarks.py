"""What real videos do to landmarks, and what the fit makes of it."""

import dataclasses

import numpy as np
import pytest

from tango_models.body.camera import DEFAULT_FOCAL
from tango_models.body.fit.fitting import FitConfig, fit_smplx
from tango_models.body.fit.joint_limits import joint_limits
from tango_models.body.skeleton import JOINT, LEFT_HAND, LEGS, RIGHT_HAND, UPPER_BODY
from tango_models.errors import InputError
from tests.tango_models.body.exact_landmarks import SIZE, gesture, joints, see
from tests.tango_models.body.faulty import mirrored, without, without_hands

FRAMES = 60
QUICK = FitConfig(shape_frames=8, shape_iterations=40, iterations=40)
UPPER = list(UPPER_BODY)


def test_a_mirrored_video_gives_the_mirrored_motion(seen, fit, body):
    other = fit_smplx(mirrored(seen[0]), body, config=QUICK)
    names = [name.replace("left", "*").replace("right", "left").replace("*", "right") for name in JOINT]
    expected = joints(fit, body)[:, [JOINT[name] for name in names]] * [-1, 1, 1]
    assert np.linalg.norm(joints(other, body) - expected, axis=-1)[:, UPPER].mean() < 0.01
    assert (other.confidence > 0.7).all()


def test_the_trunk_keeps_its_distance_while_the_hands_move(fit, body):
    shoulders = joints(fit, body)[:, [JOINT["left_shoulder"], JOINT["right_shoulder"]], 2].mean(1)
    assert np.ptp(shoulders) < 0.03


def test_hands_never_in_the_picture_rest_and_the_arms_are_fitted(seen, body):
    fit = fit_smplx(without_hands(seen[0]), body, config=QUICK)
    fingers = fit.motion.poses.reshape(FRAMES, 55, 3)[:, [*LEFT_HAND, *RIGHT_HAND]]
    assert np.abs(np.diff(fingers, axis=0)).max() < 0.02
    truth, found = seen[1][:, UPPER], joints(fit, body)[:, UPPER]
    shift = (found - truth).mean(1, keepdims=True)
    assert np.linalg.norm(found - truth - shift, axis=-1).mean() < 0.04
    assert (fit.confidence > 0.7).all()


def test_hands_never_in_the_picture_say_nothing_about_the_lens(seen, body):
    fit = fit_smplx(without_hands(seen[0]), body, config=QUICK)
    assert fit.camera["focal"] == pytest.approx(DEFAULT_FOCAL * max(SIZE), rel=1e-3)


def test_legs_out_of_view_are_still_whatever_the_network_guesses_of_them(seen, body):
    random = np.random.default_rng(8)
    changed = {name: getattr(seen[0], name).copy() for name in ("body_xy", "body_world")}
    changed["body_xy"][:, 25:] += random.normal(0, 80, (FRAMES, 8, 2))
    changed["body_world"][:, 25:] += random.normal(0, 0.3, (FRAMES, 8, 3))
    # A hip at the picture's edge is guessed anew in every frame, and is said to be seen.
    changed["body_xy"][:, 23:25] += random.normal(0, 15, (FRAMES, 2, 2))
    fit = fit_smplx(dataclasses.replace(seen[0], **changed), body, config=QUICK)
    assert np.ptp(fit.motion.poses.reshape(FRAMES, 55, 3)[:, list(LEGS)], axis=0).max() < 1e-6
    feet = joints(fit, body)[:, [JOINT["left_ankle"], JOINT["right_ankle"]]]
    assert np.linalg.norm(np.diff(feet, axis=0), axis=-1).max() < 0.01


def test_a_portrait_picture_gives_the_same_motion(seen, fit, body):
    portrait = (432, 768)
    landmarks, _ = see(gesture(FRAMES), body, size=portrait)
    found = fit_smplx(landmarks, body, config=QUICK)
    assert found.camera["center"] == (216, 384)
    other, expected = joints(found, body), joints(fit, body)
    shift = (other - expected)[:, UPPER].mean(1, keepdims=True)
    assert np.linalg.norm(other - expected - shift, axis=-1)[:, UPPER].mean() < 0.01
    assert (found.confidence > 0.6).all()


@pytest.mark.parametrize("size", [(768, 1168), (1168, 768)])
def test_letterbox_bars_change_neither_motion_nor_size_of_the_speaker(seen, fit, body, size):
    """Bars leave every point in its place about the middle, but make the longest side, and so the focal length's unit,
    longer."""
    bars = (np.float32(size) - np.float32(SIZE)) / 2
    moved = {name: getattr(seen[0], name) + bars for name in ("body_xy", "hands_xy", "face_xy")}
    for name in ("hand_boxes", "person_box"):
        moved[name] = getattr(seen[0], name) + np.tile(bars, 2)
    found = fit_smplx(dataclasses.replace(seen[0], image_size=size, **moved), body, config=QUICK)
    other, expected = joints(found, body), joints(fit, body)
    shift = (other - expected)[:, UPPER].mean(1, keepdims=True)
    assert np.linalg.norm(other - expected - shift, axis=-1)[:, UPPER].mean() < 0.02
    assert abs(found.motion.betas - fit.motion.betas).max() < 0.5
    assert (found.confidence > 0.6).all()


def test_somebody_who_leaves_and_returns_elsewhere_is_found_again(seen, body):
    landmarks = without(seen[0], list(range(20, 40)))
    moved = landmarks.body_xy.copy(), landmarks.hands_xy.copy(), landmarks.face_xy.copy()
    for array in moved:
        array[40:] += np.float32([60, 0])
    landmarks = dataclasses.replace(landmarks, body_xy=moved[0], hands_xy=moved[1], face_xy=moved[2])
    fit = fit_smplx(landmarks, body, config=QUICK)
    np.testing.assert_array_equal(np.flatnonzero(~fit.tracked), range(20, 40))
    assert (fit.confidence[20:40] == 0).all() and (fit.confidence[[5, 15, 45, 55]] > 0.6).all()
    assert (fit.motion.trans[20:40] == fit.motion.trans[19]).all()
    assert fit.motion.trans[50, 0] - fit.motion.trans[10, 0] > 0.03


def test_points_that_are_no_numbers_count_as_not_seen(seen, fit, body):
    random = np.random.default_rng(3)
    changed = {
        name: getattr(seen[0], name).copy()
        for name in ("body_xy", "body_world", "body_visibility", "hands_xy", "hands_local", "face_xy", "face_z")
    }
    lost = random.random((FRAMES, 33)) < 0.1
    lost[:, 0] = False
    changed["body_xy"][lost], changed["body_world"][random.random((FRAMES, 33)) < 0.05] = np.nan, np.inf
    changed["body_visibility"][5, 3] = np.nan
    changed["hands_xy"][10:14, 0, 7], changed["hands_local"][30, 1] = np.nan, np.inf
    changed["face_xy"][20], changed["face_z"][25, 4] = np.inf, np.nan
    found = fit_smplx(dataclasses.replace(seen[0], **changed), body, config=QUICK)
    assert np.isfinite(found.motion.poses).all() and np.isfinite(found.confidence).all() and found.tracked.all()
    assert np.linalg.norm(joints(found, body) - joints(fit, body), axis=-1)[:, UPPER].mean() < 0.03


def test_a_point_that_is_never_a_number_is_done_without(seen, body):
    xy = seen[0].body_xy.copy()
    xy[:, 13] = np.nan  # the left elbow
    found = fit_smplx(dataclasses.replace(seen[0], body_xy=xy), body, config=QUICK)
    assert np.isfinite(found.motion.poses).all() and found.tracked.all()


def test_nobody_but_faults_is_an_error_of_the_input(seen, body):
    with pytest.raises(InputError, match="no person in 60 of 60 frames"):
        fit_smplx(without(seen[0], list(range(FRAMES))), body, config=QUICK)
    world = np.full_like(seen[0].body_world, np.nan)
    with pytest.raises(InputError, match="no person"):
        fit_smplx(dataclasses.replace(seen[0], body_world=world), body, config=QUICK)


def test_a_hand_seen_wrong_side_up_does_not_turn_the_wrist_beyond_its_limits(seen, fit, body):
    local = seen[0].hands_local.copy()
    local[20:32, 0] *= np.float32([1, -1, -1])
    found = fit_smplx(dataclasses.replace(seen[0], hands_local=local), body, config=QUICK)
    wrist = found.motion.poses.reshape(FRAMES, 55, 3)[:, JOINT["left_wrist"]]
    limits = joint_limits(body.rest_joints(found.motion.betas).numpy())
    angles = wrist @ limits.axes[JOINT["left_wrist"]].T
    assert (angles < limits.high[JOINT["left_wrist"]] + 0.2).all()
    assert (angles > limits.low[JOINT["left_wrist"]] - 0.2).all()
    apart = np.linalg.norm(joints(found, body) - joints(fit, body), axis=-1)
    assert apart[:, UPPER].max() < 0.06
    assert apart[[*range(15), *range(40, FRAMES)]][:, list(LEFT_HAND)].max() < 0.03
