"""The focal length is told by palms that point at the camera, and is a portrait lens's without them."""

import numpy as np
import pytest

from tango_models.body.camera import DEFAULT_FOCAL
from tango_models.body.fit.fitting import FitConfig
from tango_models.body.fit.focal import likely_focal, mean_misfit
from tango_models.body.fit.subject import estimate_subject
from tests.tango_models.body.exact_landmarks import SIZE, gesture, see

QUICK = FitConfig(shape_frames=8, shape_iterations=30)


def test_a_wide_and_a_long_lens_are_told_apart(body):
    found = []
    for focal in (1.4, 2.2, 3.6):
        landmarks, _ = see(gesture(40), body, focal=focal, place=(0, -0.35, -2.3 * focal / 2.2))
        found.append(estimate_subject(landmarks, body, QUICK).camera["focal"] / max(SIZE))
    assert found[0] < 1.6 and 1.8 < found[1] < 2.5 and found[2] > 2.25
    assert found == sorted(found)


def test_a_lens_that_is_given_is_taken(body):
    landmarks, _ = see(gesture(20), body)
    subject = estimate_subject(landmarks, body, FitConfig(shape_frames=4, shape_iterations=5, focal=3.0))
    assert subject.camera["focal"] == 3.0 * max(SIZE)


def test_what_tells_nothing_leaves_the_default_and_what_is_sure_leaves_it_behind():
    assert likely_focal(lambda focal: 1.0) == pytest.approx(DEFAULT_FOCAL, rel=1e-3)
    assert likely_focal(lambda focal: 30 * np.log(focal / 3.2) ** 2) == pytest.approx(3.2, rel=0.05)
    assert 1.3 <= likely_focal(lambda focal: 100 * focal) < 1.4


def test_misfit_counts_hands_that_were_seen_and_no_outliers():
    assert mean_misfit(np.array([[1.0, np.nan], [3.0, np.nan]])) == 2.0
    assert mean_misfit(np.array([[1.0, 1000.0]])) < 5
    assert mean_misfit(np.full((5, 2), np.nan)) == 0
