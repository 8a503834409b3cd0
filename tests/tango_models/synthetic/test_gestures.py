import itertools

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

pytest.importorskip("espeakng_loader")

from tango_models.body.skeleton import JAW, JOINT, LEFT_HAND, RIGHT_HAND
from tango_models.body.smplx_body import Body
from tango_models.synthetic.arms import ELBOW_LIMIT, ArmState, solve_arm
from tango_models.synthetic.gestures import FPS, Style, arm_tracks, perform, plan_strokes
from tango_models.synthetic.speaker import voice_text
from tango_models.synthetic.vocabulary import GESTURES

TEXT = "Every morning the baker opens the window and the whole street wakes.\n\nPeople wave, dogs bark, buses stop."


@pytest.fixture(scope="module")
def performance():
    utterance = voice_text(TEXT, pause=1.8)
    body = Body.load()
    joints = body.rest_joints().numpy().astype(float)
    motion = perform(utterance, joints=joints, betas=np.zeros(10), seed=5)
    return utterance, motion, body.joints(motion.poses).numpy()


def wrist_speed(points):
    wrists = points[:, [JOINT["left_wrist"], JOINT["right_wrist"]]]
    return np.linalg.norm(np.gradient(wrists, axis=0), axis=2).max(1) * FPS


def test_length_is_the_speechs_and_values_are_finite(performance):
    utterance, motion, _ = performance
    assert len(motion.poses) == round(utterance.seconds * FPS)
    assert all(np.isfinite(a).all() for a in (motion.poses, motion.expressions))


def test_hands_rest_in_the_pause_and_move_in_speech(performance):
    utterance, _, points = performance
    speed, words = wrist_speed(points), utterance.words
    index = next(i for i, (a, b) in enumerate(itertools.pairwise(words)) if b.start - a.end > 1.5)
    quiet = speed[int((words[index].end + 0.85) * FPS) : int((words[index + 1].start - 0.55) * FPS)]
    spoken = speed[int(words[0].start * FPS) : int(words[index].end * FPS)]
    assert len(quiet) >= 6
    assert quiet.mean() < 0.2 * spoken.mean()
    assert speed[:6].mean() < 0.2 * spoken.mean() and speed[-5:].mean() < 0.5 * spoken.mean()


def test_strokes_end_on_stressed_words_and_are_fast_just_before(performance):
    utterance, _, points = performance
    strokes = plan_strokes(utterance, np.random.default_rng(5), Style())
    assert len(strokes) >= 5
    speed = wrist_speed(points)
    peaks = []
    for stroke in strokes:
        assert stroke.word.stressed and stroke.word.start <= stroke.time <= stroke.word.end + 0.05
        end = int(stroke.time * FPS)
        peaks.append(speed[max(end - 8, 0) : end + 1].max())
    assert np.median(peaks) > 1.8 * np.median(speed)


def test_every_gesture_is_within_human_limits():
    joints = Body.load().rest_joints().numpy().astype(float)
    for gesture in GESTURES:
        for side, state in (("left", gesture.left), ("right", gesture.right)):
            if state is None:
                continue
            found = solve_arm(state.vector(), joints, side)
            assert np.degrees(np.linalg.norm(found[f"{side}_wrist"])) < 75
            fingers = [rotation for name, rotation in found.items() if name[-1].isdigit()]
            assert len(fingers) == 15 and np.degrees(np.linalg.norm(fingers, axis=1)).max() < 100


def test_solver_puts_the_wrist_where_it_was_asked_on_both_sides():
    body = Body.load()
    joints = body.rest_joints().numpy().astype(float)
    for side, sign in (("left", 1), ("right", -1)):
        pose = np.zeros((55, 3))
        for name, rotation in solve_arm(ArmState(0.25, 0.25, 0.25, twist=40).vector(), joints, side).items():
            pose[JOINT[name]] = rotation
        wrist = body.joints(pose.reshape(1, 165))[0, JOINT[f"{side}_wrist"]].numpy()
        assert np.abs(wrist - [sign * 0.25, 0.25, 0.25]).max() < 0.004


def test_elbows_stay_hinges_and_hands_apart_and_before_the_body(performance):
    _, motion, points = performance
    poses = motion.poses.reshape(-1, 55, 3)
    for side, sign in (("left", 1), ("right", -1)):
        direction = Rotation.from_rotvec(poses[:, JOINT[f"{side}_elbow"]]).apply([sign, 0, 0])
        bend = np.degrees(np.arccos(np.clip(sign * direction[:, 0], -1, 1)))
        assert bend.min() > ELBOW_LIMIT[0] - 1 and bend.max() < ELBOW_LIMIT[1] + 1
        assert np.abs(direction[:, 1]).max() < 1e-3  # bends about its hinge only, and forward
        assert direction[:, 2].min() > 0
    left, right = points[:, JOINT["left_wrist"]], points[:, JOINT["right_wrist"]]
    assert (left[:, 0] - right[:, 0]).min() > 0.15
    assert min(left[:, 2].min(), right[:, 2].min()) > 0.15


def test_hands_never_pass_through_each_other(performance):
    from scipy.spatial import cKDTree

    _, motion, _ = performance
    body = Body.load()
    own = body.arrays["weights"].argmax(1)
    left = np.isin(own, (JOINT["left_wrist"], *LEFT_HAND))
    right = np.isin(own, (JOINT["right_wrist"], *RIGHT_HAND))
    for vertices in body.vertices(motion.poses[::20]).numpy():
        assert cKDTree(vertices[left]).query(vertices[right])[0].min() > 0.004


def test_motion_has_no_jumps(performance):
    _, _, points = performance
    acceleration = np.diff(points, n=2, axis=0) * FPS**2
    assert np.linalg.norm(acceleration[:, [20, 21]], axis=2).max() < 60
    assert wrist_speed(points).max() < 3.0


def test_lips_open_in_speech_and_close_in_silence(performance):
    utterance, motion, _ = performance
    jaw = motion.poses[:, 3 * JAW]
    words = utterance.words
    index = next(i for i, (a, b) in enumerate(itertools.pairwise(words)) if b.start - a.end > 1.5)
    quiet = jaw[int((words[index].end + 0.3) * FPS) : int((words[index + 1].start - 0.2) * FPS)]
    assert np.abs(quiet - quiet.mean()).max() < 0.01 and quiet.max() < 0
    assert jaw[: int(words[index].end * FPS)].max() > 0.04


def test_seed_decides_the_performance(performance):
    utterance, motion, _ = performance
    joints = Body.load().rest_joints().numpy().astype(float)
    same = perform(utterance, joints=joints, betas=np.zeros(10), seed=5)
    other = perform(utterance, joints=joints, betas=np.zeros(10), seed=6)
    assert np.array_equal(same.poses, motion.poses)
    assert not np.allclose(other.poses, motion.poses, atol=0.05)


def test_rests_are_reported_between_the_paragraphs(performance):
    utterance, _, _ = performance
    rng = np.random.default_rng(5)
    strokes = plan_strokes(utterance, rng, Style())
    _, rests = arm_tracks(utterance, strokes, rng, Style(), utterance.seconds)
    assert any(b - a > 0.4 for a, b in rests)
