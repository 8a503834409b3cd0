"""The real network on the synthetic speaker that ships with the package."""

import subprocess
import sys

import numpy as np
import pytest

from tango_models.perception import HolisticDetector
from tango_models.perception.landmarks import BODY_POINTS


@pytest.fixture(scope="module")
def frames():
    import av

    from tango_models.synthetic.speaker import SPEAKER_VIDEO

    with av.open(str(SPEAKER_VIDEO)) as container:
        found = []
        for frame in container.decode(video=0):
            found.append(frame.to_ndarray(format="rgb24"))
            if len(found) == 10:
                return found
    raise AssertionError("the speaker's video is too short")


@pytest.fixture(scope="module")
def detector():
    with HolisticDetector() as detector:
        yield detector


@pytest.fixture(scope="module")
def landmarks(detector, frames):
    detector.reset()
    return detector.detect(frames)


def test_finds_the_speaker_with_left_being_the_person_s_own(landmarks, frames):
    assert landmarks.image_size == (frames[0].shape[1], frames[0].shape[0])
    assert landmarks.found.all() and landmarks.face_score.all()
    left, right = (landmarks.body_xy[:, BODY_POINTS.index(f"{side}_shoulder"), 0] for side in ("left", "right"))
    assert (left > right).all()  # facing the camera, the own left is on the picture's right
    hands = landmarks.hands_xy[:, :, 0, 0]
    assert (hands[:, 0] > hands[:, 1])[np.isfinite(hands).all(1)].all()
    world = landmarks.body_world[:, :, 1]
    assert (world[:, BODY_POINTS.index("nose")] > world[:, BODY_POINTS.index("left_hip")] + 0.3).all()  # y is up
    assert 0.1 < landmarks.mask.mean() < 0.9
    assert (landmarks.person_box[:, 2:] > landmarks.person_box[:, :2]).all()


def test_the_same_frames_give_the_same_arrays_also_in_pieces(detector, frames, landmarks):
    detector.reset()
    pieces = [detector.detect(frames[:4]), detector.detect(iter(frames[4:]))]
    for name, array in landmarks.to_columns().items():
        again = np.concatenate([piece.to_columns()[name] for piece in pieces])
        np.testing.assert_array_equal(again, array, err_msg=name)


def test_an_empty_room_has_nobody_in_it(detector):
    detector.reset()
    nobody = detector.detect([np.full((96, 128, 3), 90, np.uint8)] * 2)
    assert not nobody.found.any() and not nobody.mask.any()
    assert np.isnan(nobody.body_xy).all() and (nobody.hands_score == 0).all()


def test_large_frames_are_reported_in_their_own_pixels(detector, frames, landmarks):
    import cv2

    side = frames[0].shape[0]
    large = cv2.resize(frames[0], (2 * side, 2 * side), interpolation=cv2.INTER_CUBIC)
    detector.reset()
    found = detector.detect([large])
    assert np.abs(found.body_xy[0, :25] / 2 - landmarks.body_xy[0, :25]).max() < 0.03 * side
    assert np.abs(found.person_box[0] / 2 - landmarks.person_box[0]).max() < 0.03 * side


def test_frames_of_another_size_need_a_reset(detector, frames):
    detector.reset()
    detector.detect(frames[:1])
    with pytest.raises(ValueError, match=r"reset\(\)"):
        detector.detect([frames[0][:-2]])


def test_networks_outside_the_wheel_are_refused():
    with pytest.raises(ValueError, match="inside the wheel"):
        HolisticDetector(model_complexity=2)


def test_nothing_is_written_to_the_user_s_terminal():
    code = (
        "import numpy as np; from tango_models.perception import HolisticDetector as D; d = D();"
        "f = [np.zeros((64, 64, 3), np.uint8)] * 2; d.detect(f); d.reset(); d.detect(f); d.close()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stderr == "" and done.stdout == ""
