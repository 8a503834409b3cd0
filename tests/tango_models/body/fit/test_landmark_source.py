"""A long video is fitted a chunk at a time: with the result of one piece, and never more than a chunk in memory."""

import dataclasses

import numpy as np

from tango_models.body.fit.cleaning import repair_sides
from tango_models.body.fit.fitting import FitConfig, fit_in_chunks, fit_smplx
from tango_models.body.fit.subject import estimate_subject
from tango_models.body.skeleton import JOINT
from tests.tango_models.body.exact_landmarks import gesture, joints, see
from tests.tango_models.body.faulty import with_swapped_sides, without

FRAMES = 150
WHOLE = FitConfig(shape_frames=8, shape_iterations=30, iterations=15, window=40, overlap=8)
PIECES = dataclasses.replace(WHOLE, chunk=64)  # borders at 64 and 128, with windows of 32 new frames


class Counted:
    """Landmarks that note which frames are asked for."""

    def __init__(self, landmarks):
        self.landmarks, self.found, self.asked = landmarks, landmarks.found, []

    def __len__(self):
        return len(self.landmarks)

    def frames(self, start, stop):
        self.asked.append((start, stop))
        return self.landmarks.frames(start, stop)


def test_chunks_give_the_fit_of_the_whole_without_a_jump_at_their_borders(seen, body):
    whole, pieces = (fit_smplx(seen[0], body, config=config) for config in (WHOLE, PIECES))
    assert np.abs(joints(whole, body) - joints(pieces, body)).max() < 1e-3
    np.testing.assert_allclose(whole.confidence, pieces.confidence, atol=1e-3)
    step = np.abs(np.diff(pieces.motion.poses, axis=0)).max(1)
    assert step[[63, 127]].max() < 1.5 * step.max(initial=0, where=~np.isin(np.arange(FRAMES - 1), [63, 127]))


def test_what_is_held_does_not_grow_with_the_video(seen, body):
    long = Counted(type(seen[0]).concatenate([seen[0]] * 6))
    config = dataclasses.replace(PIECES, sample_frames=120, iterations=1)
    subject = estimate_subject(long, body, config)
    assert sum(stop - start for start, stop in long.asked) <= 120
    long.asked.clear()
    parts = [len(part.motion) for part in fit_in_chunks(long, subject, body, config=config)]
    assert sum(parts) == len(long) and max(parts) == 64
    assert max(stop - start for start, stop in long.asked) <= 64 + 8 + 2 * 90


def test_gaps_over_a_border_are_bridged_or_held_as_elsewhere(seen, body):
    faulty = without(seen[0], [*range(61, 67), *range(120, 135)])
    whole, pieces = (fit_smplx(faulty, body, config=config) for config in (WHOLE, PIECES))
    np.testing.assert_array_equal(np.flatnonzero(~pieces.tracked), range(120, 135))
    assert (pieces.motion.poses[120:135] == pieces.motion.poses[119]).all()
    assert np.abs(joints(whole, body) - joints(pieces, body)).max() < 1e-3


def test_somebody_who_comes_late_stands_still_before(seen, body):
    fit = fit_smplx(without(seen[0], list(range(80))), body, config=dataclasses.replace(PIECES, chunk=32))
    assert len(fit.motion) == FRAMES and not fit.tracked[:80].any() and fit.tracked[80:].all()
    assert (fit.motion.poses[:80] == fit.motion.poses[80]).all() and (fit.confidence[:80] == 0).all()


def test_sides_exchanged_over_a_border_are_put_right_in_both_chunks(seen):
    faulty = with_swapped_sides(seen[0], range(20, 120))  # most of what either chunk sees
    for part in (slice(0, 70), slice(50, 150)):
        found = repair_sides(faulty.frames(part.start, part.stop))
        np.testing.assert_array_equal(found.body_xy, seen[0].body_xy[part])


def test_nothing_turns_round_at_a_border(seen, body):
    """Of the two axis-angles of a rotation near 180 degrees, the one near the frame before is taken."""
    pose = gesture(FRAMES)
    pose[:, 0, 1] = np.pi - 0.05 + 0.1 * np.sin(np.arange(FRAMES) / 20)
    landmarks, _ = see(pose, body)
    landmarks = dataclasses.replace(landmarks, face_score=np.zeros(FRAMES, np.float32))  # seen from behind
    fit = fit_smplx(landmarks, body, config=PIECES)
    pelvis = fit.motion.poses.reshape(FRAMES, 55, 3)[:, JOINT["pelvis"]]
    assert np.linalg.norm(np.diff(pelvis, axis=0), axis=-1).max() < 1.0
