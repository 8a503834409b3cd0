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
    seen = np.isfinite(hands).all(1)
    assert seen.any() and (hands[:, 0] > hands[:, 1])[seen].all()
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


# What footage does to a speaker. Each keeps his landmarks where they are on the plain frames.
UPPER = slice(0, 17)  # head, shoulders, elbows, wrists


@pytest.fixture(scope="module")
def talk():
    """Sixteen frames of the speaker, about half a second apart in gesture, 384 x 384."""
    import av
    import cv2

    from tango_models.synthetic.speaker import SPEAKER_VIDEO

    found = []
    with av.open(str(SPEAKER_VIDEO)) as container:
        for index, frame in enumerate(container.decode(video=0)):
            if 60 <= index < 92 and index % 2 == 0:
                found.append(cv2.resize(frame.to_ndarray(format="rgb24"), (384, 384), interpolation=cv2.INTER_AREA))
            if index == 92:
                return found
    raise AssertionError("the speaker's video is too short")


@pytest.fixture(scope="module")
def plain(detector, talk):
    detector.reset()
    return detector.detect(talk)


def hands_found(landmarks):
    return np.isfinite(landmarks.hands_xy[:, :, 0, 0])


def test_portrait_with_letterbox_bars(detector, talk, plain):
    bars = []
    for frame in talk:  # 9:16, the upright part of the picture between black bars
        tall = np.zeros((512, 288, 3), np.uint8)
        tall[64:448] = frame[:, 48:336]
        bars.append(tall)
    detector.reset()
    found = detector.detect(bars)
    assert found.image_size == (288, 512) and found.found.all() and found.face_score.all()
    moved = found.body_xy[:, UPPER] - (plain.body_xy[:, UPPER] + [-48, 64])
    inside = ((found.body_xy[:, UPPER] > 0) & (found.body_xy[:, UPPER] < [288, 512])).all(-1)
    assert np.percentile(np.linalg.norm(moved, axis=-1)[inside], 95) < 0.04 * 384
    # The bars are nobody's: neither the outline nor what is seen of the person reaches far into them.
    assert (found.person_box[:, 1] > 64 - 12).all() and found.mask[:, :6].mean() < 0.02
    assert np.abs(np.nanmedian(found.body_world[:, 11, 1] - plain.body_world[:, 11, 1])) < 0.08  # metres stay metres


def test_exposure_that_changes_within_the_video(detector, talk, plain):
    gains = np.linspace(0.5, 1.6, len(talk))
    changed = [np.clip(frame * gain, 0, 255).astype(np.uint8) for frame, gain in zip(talk, gains, strict=True)]
    detector.reset()
    found = detector.detect(changed)
    assert found.found.all() and found.face_score.all()
    off = np.linalg.norm(found.body_xy - plain.body_xy, axis=-1)[:, UPPER]
    assert np.percentile(off, 95) < 0.03 * 384
    assert hands_found(found).mean() > hands_found(plain).mean() - 0.1
    both = hands_found(found) & hands_found(plain)
    assert np.percentile(np.linalg.norm(found.hands_xy - plain.hands_xy, axis=-1)[both], 95) < 0.03 * 384


def test_a_speaker_who_leaves_and_returns(detector, talk, plain):
    room = np.full_like(talk[0], 120)
    room[:] = np.linspace(90, 150, room.shape[1])[None, :, None]
    detector.reset()
    found = detector.detect([*talk[:6], *[room] * 8, *talk[6:]])
    assert found.found[:6].all() and found.found[14:].all()  # back from the first frame on
    away = found.frames(7, 14)
    assert not away.found.any() and not away.mask.any() and np.isnan(away.person_box).all()
    back = np.linalg.norm(found.body_xy[14:] - plain.body_xy[6:], axis=-1)[:, UPPER]
    assert np.percentile(back, 95) < 0.04 * 384
    assert hands_found(found)[14:].mean() > hands_found(plain)[6:].mean() - 0.1
