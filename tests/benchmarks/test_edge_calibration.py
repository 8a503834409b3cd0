"""The calibration ranks seams by what is seen and finds the terms that tell."""

import numpy as np
import pytest

from benchmarks.edge_calibration import Seams, artificial_seams, fit_weights, flow_over_person
from tango_models.motion_graph.terms import EdgeConfig
from tests.tango_models.motion_graph.test_graph import speaker


def test_flow_is_measured_over_the_person_in_percent_of_the_height():
    rng = np.random.default_rng(0)
    import cv2

    texture = cv2.GaussianBlur(rng.uniform(0, 255, (300, 300)), (0, 0), 3)
    texture = cv2.normalize(texture, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)
    frames = [texture[20:276, 20:276], texture[20:276, 25:281]]  # 5 px of 256
    mask = np.zeros((2, 64, 64), bool)
    mask[:, 20:50, 20:44] = True
    flow = flow_over_person(lambda t: frames[t], mask, np.array([0, 0]), np.array([1, 0]))
    assert flow[0] == pytest.approx(100 * 5 / 256, rel=0.1)
    assert flow[1] == 0


def test_seams_stay_in_their_run_and_leave_out_repeats():
    video = speaker(30)
    pictures = np.random.default_rng(1).integers(0, 255, (120, 64, 64)).astype(np.uint8)
    left_out = np.arange(120) % 5 == 4
    seams = artificial_seams(video, lambda t: pictures[t], EdgeConfig(), left_out=left_out, gaps=(0, 4, 200), step=1)
    assert set(seams.gap.tolist()) == {0, 4}
    assert np.count_nonzero(seams.gap == 0) == 95  # all but frame 0 and the repeats
    assert (seams.badness[seams.gap == 0] == 0).all() and (seams.badness[seams.gap == 4] > 0).all()
    np.testing.assert_allclose(seams.cost(EdgeConfig().weights)[seams.gap == 0], 0, atol=1e-5)


def test_weights_go_to_the_terms_that_tell_and_the_prior_holds_them_back():
    rng = np.random.default_rng(2)
    videos = []
    for scale in (1.0, 10.0):  # a calm and a lively speaker
        relative = rng.uniform(0, 2, (400, 8)).astype(np.float32)
        badness = scale * (3 * relative[:, 5] + relative[:, 7]) + rng.normal(0, 0.05, 400)
        videos.append(Seams(relative, badness, np.ones(400, np.int64)))
    even = np.full(8, 1 / 8)
    fitted = fit_weights(videos, even, ridge=0)
    np.testing.assert_allclose(fitted, [0, 0, 0, 0, 0, 0.75, 0, 0.25], atol=0.02)
    held_back = fit_weights(videos, even, ridge=1)
    assert held_back.sum() == pytest.approx(1)
    assert held_back.min() > 0.02 and held_back.argmax() == 5
    assert videos[0].rank_correlation(fitted) > 0.99 > videos[0].rank_correlation(even)
