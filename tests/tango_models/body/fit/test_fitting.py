import dataclasses

import numpy as np
import pytest

from tango_models.body.camera import make_camera, project
from tango_models.body.fit.cleaning import repair_sides
from tango_models.body.fit.fitting import FitConfig, fit_smplx
from tango_models.body.skeleton import JOINT, LEFT_HAND, LEGS, RIGHT_HAND, UPPER_BODY
from tango_models.errors import InputError
from tango_models.report.drawing import draw_skeleton
from tests.tango_models.body.exact_landmarks import SIZE, joints
from tests.tango_models.body.faulty import with_swapped_sides, without, without_hands

FRAMES = 48
QUICK = FitConfig(shape_frames=12, shape_iterations=40, iterations=40)
UPPER = list(UPPER_BODY)


def test_a_known_motion_is_found_again(fit, seen, body):
    truth, found = seen[1][:, :55], joints(fit, body)
    shift = (found - truth)[:, UPPER].mean(1, keepdims=True)  # where the body stands along the view is not known
    off = np.linalg.norm(found - truth - shift, axis=-1)
    assert off[:, UPPER].mean() < 0.035
    for wrist, hand in ((JOINT["left_wrist"], LEFT_HAND), (JOINT["right_wrist"], RIGHT_HAND)):
        apart = (found - found[:, [wrist]]) - (truth - truth[:, [wrist]])
        assert np.linalg.norm(apart[:, list(hand)], axis=-1).mean() < 0.014


def test_the_skeleton_lies_over_the_picture(fit, seen, body):
    upper = [JOINT[f"{side}_{joint}"] for side in ("left", "right") for joint in ("shoulder", "elbow", "wrist")]
    off = np.linalg.norm(
        project(joints(fit, body)[:, upper], fit.camera) - project(seen[1][:, upper], make_camera(SIZE)), axis=-1
    )
    assert np.median(off) < 0.02 * 708 and np.percentile(off, 95) < 0.05 * 708


def test_everything_is_tracked_confident_and_in_the_agreed_shapes(fit):
    assert fit.tracked.all() and fit.tracked.dtype == bool
    assert (fit.confidence > 0.7).all() and (fit.confidence <= 1).all()
    assert fit.motion.poses.shape == (FRAMES, 165) and fit.motion.poses.dtype == np.float32
    assert fit.motion.trans.shape == (FRAMES, 3) and fit.motion.betas.shape == (10,)
    assert np.isfinite(fit.motion.poses).all()


def test_legs_out_of_the_picture_hang_still(fit):
    legs = fit.motion.poses.reshape(FRAMES, 55, 3)[:, list(LEGS)]
    assert np.ptp(legs, axis=0).max() < 1e-6


def test_the_same_landmarks_give_the_same_motion(fit, seen, body):
    again = fit_smplx(seen[0], body, config=QUICK)
    np.testing.assert_array_equal(again.motion.poses, fit.motion.poses)
    np.testing.assert_array_equal(again.confidence, fit.confidence)


def test_windows_join_without_a_step(seen, body):
    pieces = fit_smplx(seen[0], body, config=dataclasses.replace(QUICK, window=24, overlap=8))
    wrists = joints(pieces, body)[:, [JOINT["left_wrist"], JOINT["right_wrist"]]]
    step = np.linalg.norm(np.diff(wrists, axis=0), axis=-1)
    true_step = np.linalg.norm(np.diff(seen[1][:, [20, 21]], axis=0), axis=-1)
    assert step.max() < 2 * true_step.max()


def test_short_gaps_are_bridged_and_long_ones_held(seen, body):
    gaps = [*range(8, 13), *range(20, 33)]
    fit = fit_smplx(without(seen[0], gaps), body, config=QUICK)
    np.testing.assert_array_equal(np.flatnonzero(~fit.tracked), range(20, 33))
    assert (fit.confidence[20:33] == 0).all()
    assert (fit.motion.poses[20:33] == fit.motion.poses[19]).all()
    assert 0 < fit.confidence[10] < fit.confidence[5]
    apart = joints(fit, body)[:, UPPER] - seen[1][:, UPPER]
    off = np.linalg.norm(apart - apart.mean(1, keepdims=True), axis=-1)[8:13, UPPER.index(JOINT["left_wrist"])]
    assert off.max() < 0.12 and np.isfinite(fit.motion.poses).all()


def test_a_hand_never_seen_rests(seen, body):
    landmarks = without_hands(seen[0], sides=(0,))
    fingers = fit_smplx(landmarks, body, config=QUICK).motion.poses.reshape(FRAMES, 55, 3)[:, list(LEFT_HAND)]
    assert np.isfinite(fingers).all() and np.abs(np.diff(fingers, axis=0)).max() < 0.02


def test_nobody_in_the_video_is_said_with_numbers(seen, body):
    with pytest.raises(InputError, match=r"no person in 46 of 48 frames.*10%.*min_person_share"):
        fit_smplx(without(seen[0], list(range(2, 48))), body, config=QUICK)
    with pytest.raises(InputError, match="no frames"):
        fit_smplx(seen[0].frames(0, 0), body)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_few_frames_are_enough(seen, body, count):
    fit = fit_smplx(seen[0].frames(0, count), body, config=QUICK)
    assert len(fit.motion) == count and np.isfinite(fit.motion.poses).all()


def test_exchanged_sides_are_put_right(seen):
    landmarks = seen[0]
    repaired = repair_sides(with_swapped_sides(landmarks, range(20, 24)))
    np.testing.assert_array_equal(repaired.body_xy, landmarks.body_xy)
    hands = dataclasses.replace(landmarks, hands_xy=landmarks.hands_xy[:, ::-1].copy())
    np.testing.assert_array_equal(repair_sides(hands).hands_xy, landmarks.hands_xy)


def test_the_skeleton_is_drawn_without_touching_the_frame(fit, body):
    frame = np.zeros((768, 768, 3), np.uint8)
    picture = draw_skeleton(frame, project(joints(fit, body)[0], fit.camera))
    assert picture.any() and not frame.any()
    assert not draw_skeleton(frame, np.full((55, 2), np.nan)).any()
