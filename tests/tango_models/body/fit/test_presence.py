"""A body counts as the speaker's where a face or a hand was seen about then; close up, elbows are guesses."""

import dataclasses

import numpy as np
import pytest

from tango_models.body.fit.fitting import FitConfig, fit_smplx
from tango_models.body.fit.presence import OfSpeaker, speaker_present
from tango_models.errors import InputError
from tests.tango_models.body.exact_landmarks import gesture, see

QUICK = FitConfig(shape_frames=8, shape_iterations=40, iterations=40)
USABLE = 0.2  # of `create_clips`


def everywhere(*runs, total=400):
    flags = np.zeros(total, bool)
    for start, stop in runs:
        flags[start:stop] = True
    return flags


def test_a_logo_behind_a_cut_is_nobody():
    found, face = everywhere((0, 150), (220, 400)), everywhere((0, 150))
    assert (speaker_present(found, face, cuts=[160]) == face).all()


def test_a_logo_that_fades_in_is_nobody_a_second_and_a_half_later():
    assert (speaker_present(everywhere((0, 400)), everywhere((0, 300))) == everywhere((0, 345))).all()


def test_who_turns_away_for_a_moment_is_still_there():
    found, face = everywhere((10, 390)), everywhere((10, 150), (235, 390))
    assert (speaker_present(found, face) == found).all()


def test_where_faces_and_hands_are_hardly_ever_seen_nothing_is_left_out():
    found = everywhere((0, 100), (200, 400))
    assert (speaker_present(found, everywhere((50, 60)), cuts=[150]) == found).all()
    with pytest.raises(InputError, match="neither a face nor a hand in any of its 400 frames"):
        speaker_present(found, everywhere((100, 200)))
    assert not speaker_present(everywhere(), everywhere()).any()


@pytest.mark.parametrize("seed", range(20))
def test_whatever_is_seen_when_bodies_are_left_out_and_none_is_added(seed):
    random = np.random.default_rng(seed)
    found, evident = (random.random(400) < random.random() for _ in range(2))
    found[7] = evident[7] = True
    cuts = random.integers(0, 400, random.integers(0, 5)).tolist()
    present = speaker_present(found, evident, cuts)
    assert not (present & ~found).any()
    assert present[found & evident].all()


def test_nobody_is_in_the_frames_that_are_left_out(body):
    landmarks, _ = see(gesture(90), body)
    fit = fit_smplx(OfSpeaker(landmarks, everywhere((0, 40), total=90)), body, config=QUICK)
    assert fit.tracked[:40].all() and not fit.tracked[48:].any() and (fit.confidence[48:] == 0).all()


@pytest.mark.parametrize("distance", [0.6, 0.8])
def test_head_and_shoulders_that_fill_the_picture_are_a_speaker(body, distance):
    landmarks, _ = see(gesture(90), body, place=(0.0, -0.62, -distance))
    outside = ((landmarks.body_xy < 0) | (landmarks.body_xy > 768)).any(-1)
    assert outside[:, 13:17].all() and not outside[:, 0].any(), "a close-up"
    random = np.random.default_rng(0)
    guesses = landmarks.body_xy + outside[..., None] * random.normal(0, 120, (1, 33, 2)).astype(np.float32)
    unsure = np.where(outside, 0.1, landmarks.body_visibility).astype(np.float32)
    hands = {"hands_score": np.zeros_like(landmarks.hands_score), "hands_xy": landmarks.hands_xy * np.nan}
    landmarks = dataclasses.replace(landmarks, body_xy=guesses, body_visibility=unsure, **hands)
    fit = fit_smplx(landmarks, body, config=QUICK)
    assert (fit.confidence > USABLE).all()
