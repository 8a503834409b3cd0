"""Whatever of the speaker is out of sight, for as long as it is: the fit is finite, and says what it did not see.

Over many masks and other landmarks: `python -m tests.tango_models.body.fit.test_hardly_seen 500 A.npz B.npz`.
"""

import dataclasses
import sys

import numpy as np
import pytest

from tango_models.body.fit.confidence import PARTS, SEEN
from tango_models.body.fit.fitting import FitConfig, fit_smplx
from tango_models.body.fit.landmark_source import spans
from tango_models.body.skeleton import JOINT
from tango_models.errors import InputError
from tests.tango_models.body.exact_landmarks import joints
from tests.tango_models.body.faulty import without_hands
from tests.tango_models.body.masked import HIDDEN, hide, times

FRAMES = 90
QUICK = FitConfig(shape_frames=8, shape_iterations=40, iterations=40)
ROUGH = FitConfig(
    shape_frames=6, shape_iterations=3, iterations=2, sample_frames=30, window=32, overlap=6, chunk=60
)  # several excerpts, windows and chunks within 90 frames


def check_any_mask(whole, body, seed):
    """A random part of (T,) landmarks with random parts of the speaker hidden for random times: finite, and unsure."""
    random, frames = np.random.default_rng(seed), len(whole)
    start = int(random.integers(0, frames - 1))
    landmarks = whole.frames(start, int(random.integers(start + 1, frames + 1)))
    unseen = np.zeros((len(landmarks), len(PARTS)), bool)
    for _ in range(random.integers(1, 4)):
        part, at = str(random.choice(list(HIDDEN))), times(random, len(landmarks))
        landmarks = hide(landmarks, part, at, random)
        unseen |= at[:, None] & np.array([name in HIDDEN[part] for name in PARTS])
    cuts = random.integers(0, frames, random.integers(0, 3)).tolist()
    try:
        fit = fit_smplx(landmarks, body, config=ROUGH, cuts=cuts)
    except InputError:
        assert landmarks.found.mean() < ROUGH.min_person_share
        return
    for name in ("poses", "trans", "betas"):
        assert np.isfinite(getattr(fit.motion, name)).all(), name
    assert np.isfinite(fit.confidence).all() and len(fit.confidence) == len(landmarks)
    assert (fit.parts[unseen] < SEEN).all()
    assert (fit.confidence[~landmarks.found] < SEEN).all()


@pytest.mark.parametrize("seed", range(20))
def test_any_mask_gives_a_finite_fit_that_trusts_only_what_was_seen(seen, body, seed):
    check_any_mask(seen[0], body, seed)


def test_a_hand_seen_in_a_few_frames_rests_in_the_others(seen, body):
    hidden = without_hands(seen[0], sides=(0,))
    for name in ("hands_xy", "hands_local", "hands_score"):
        getattr(hidden, name)[40:43, 0] = getattr(seen[0], name)[40:43, 0]
    fit, whole = fit_smplx(hidden, body, config=QUICK), fit_smplx(seen[0], body, config=QUICK)
    left, right = PARTS.index("left hand"), PARTS.index("right hand")
    assert set(np.flatnonzero(fit.parts[:, left] >= SEEN)) == {40, 41, 42} and (fit.parts[:, right] >= SEEN).all()
    assert (fit.confidence < whole.confidence).mean() > 0.9 and (fit.confidence > 0.6).all()
    other = [JOINT[name] for name in ("right_elbow", "right_wrist", "left_elbow", "head")]
    apart = (joints(fit, body) - joints(whole, body))[:, other]
    assert np.median(np.linalg.norm(apart - apart.mean(1, keepdims=True), axis=-1)) < 0.01


def test_an_arm_never_in_the_picture_hangs(seen, body):
    landmarks = hide(seen[0], "left arm", np.ones(FRAMES, bool), np.random.default_rng(1))
    points = joints(fit_smplx(landmarks, body, config=QUICK), body)
    shoulder, elbow, wrist = (points[:, JOINT[f"left_{name}"]] for name in ("shoulder", "elbow", "wrist"))
    assert (shoulder[:, 1] - elbow[:, 1] > 0.15).all() and (wrist[:, 1] < elbow[:, 1] + 0.05).all()


def test_beside_a_cut_a_shot_is_fitted_as_if_it_were_alone(seen, body):
    early, late = seen[0].frames(0, 45), seen[0].frames(45, FRAMES)
    middle = np.float32([384, 384])
    nearer = {name: (getattr(late, name) - middle) * 1.3 + middle for name in ("body_xy", "hands_xy", "face_xy")}
    late = dataclasses.replace(late, **nearer, face_z=late.face_z * 1.3, person_box=late.person_box * 1.1)
    landmarks = type(early).concatenate([early, late])
    fit = fit_smplx(landmarks, body, config=QUICK, cuts=[45])
    distance = -fit.motion.trans[:, 2]
    assert 1.2 < np.median(distance[:45]) / np.median(distance[45:]) < 1.4
    assert np.ptp(distance[:45]) < 0.1 and np.ptp(distance[45:]) < 0.1
    assert (fit.confidence > 0.6).all()


def test_spans_of_a_video_without_and_with_cuts():
    assert spans(10, []) == [(0, 10)]
    assert spans(10, [7, 4, 4, 0, 10, 12]) == [(0, 4), (4, 7), (7, 10)]


if __name__ == "__main__":
    from tango_models.body.smplx_body import Body
    from tango_models.perception.landmarks import Landmarks

    faults, the_body = 0, Body.load()
    for file in sys.argv[2:]:
        of_file = Landmarks.from_columns(dict(np.load(file)))
        for number in range(int(sys.argv[1])):
            try:
                check_any_mask(of_file, the_body, number)
            except Exception as error:
                faults += 1
                print(f"{file}: seed {number}: {type(error).__name__}: {error}", flush=True)
        print(f"{file}: {sys.argv[1]} masks done, {faults} faults so far", flush=True)
