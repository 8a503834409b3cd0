"""The picture of a fit: which frames it shows and that the skeleton lies where the person is."""

import cv2
import numpy as np

from tango_models.body.camera import make_camera
from tango_models.body.motion_io import Motion
from tango_models.body.skeleton import JOINT
from tango_models.body.smplx_body import Body
from tango_models.report.fit_strip import (
    CELL,
    FittedFrame,
    choose_frames,
    fit_strip,
    joints_in_picture,
    reprojection_error,
)
from tests.tango_models.body.exact_landmarks import SIZE, gesture, see


def motion_of(pose):
    count = len(pose)
    place = np.tile(np.array([0.0, -0.35, -2.3], np.float32), (count, 1))
    return Motion(pose.reshape(count, -1), place, np.zeros(10, np.float32), np.zeros((count, 10), np.float32))


def test_the_true_motion_is_off_by_nothing_and_a_moved_frame_by_as_much():
    pose, body = gesture(12), Body.load()
    landmarks, _ = see(pose, body)
    camera = make_camera(SIZE)
    assert reprojection_error(landmarks, motion_of(pose), camera, body).max() < 0.002
    height = np.median(landmarks.person_box[:, 3] - landmarks.person_box[:, 1])
    landmarks.body_xy[5, 11:17, 0] += 0.04 * height
    landmarks.body_visibility[7, 11:17] = 0
    error = reprojection_error(landmarks, motion_of(pose), camera, body)
    assert abs(error[5] - 0.04) < 0.002 and np.isnan(error[7]) and np.nanargmax(error) == 5


def test_shown_are_good_frames_from_all_over_the_video_and_the_worst():
    error = np.full(300, 0.02, np.float32)
    error[[40, 160, 255]] = 0.005
    error[299], error[100] = 0.3, np.nan
    assert choose_frames(error) == [40, 160, 255, 299]
    assert choose_frames(np.array([np.nan, 0.01, np.nan])) == [1]
    assert choose_frames(np.full(4, np.nan)) == []


def test_the_skeleton_is_drawn_over_the_person_whatever_the_shape_of_the_picture():
    body, pose = Body.load(), gesture(1)
    for width, height, middle in ((768, 768, 384), (1280, 720, 900), (432, 768, 216)):
        joints = joints_in_picture(motion_of(pose), make_camera(SIZE), body)[0]
        joints = (joints - 384) * min(width, height) / 768 + (middle, height / 2)
        picture = np.full((height, width, 3), 90, np.uint8)
        x, y = joints[JOINT["left_wrist"]].round().astype(int)
        cv2.circle(picture, (int(x), int(y)), height // 24, (0, 0, 255), -1)  # RGB: a blue glove
        strip = fit_strip([FittedFrame(7, 0.01, picture, joints, False)] * 2)
        drawn = cv2.imdecode(np.frombuffer(strip, np.uint8), cv2.IMREAD_COLOR_RGB).astype(int)
        assert drawn.shape[1] == 2 * CELL
        green = (drawn[..., 1] > 130) & (drawn[..., 0] < 120)
        blue = (drawn[..., 2] > 150) & (drawn[..., 0] < 90)
        reach = cv2.dilate(blue.astype(np.uint8), np.ones((5, 5))) > 0
        assert blue[:, :CELL].sum() > 50 and (green & reach).sum() > 5  # the forearm ends in the glove
