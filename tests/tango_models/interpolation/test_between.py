"""Pictures in place of repeated frames."""

import numpy as np

from tango_models.interpolation.between import between, moving_box
from tango_models.interpolation.stand_ins import StandIn, stand_ins
from tests.tango_models.interpolation.scenes import SIDE, backdrop, figure


def centre(frame: np.ndarray) -> float:
    difference = np.abs(frame.astype(int) - backdrop()).max(-1)[50:100] > 25
    return float(np.average(np.arange(SIDE), weights=difference.sum(0)))


def test_each_repeat_lies_evenly_between_the_pictures_beside_it():
    repeated = np.zeros(12, bool)
    repeated[[4, 7, 8]] = True
    assert stand_ins(repeated, []) == {
        4: StandIn(3, 5, 0.5),
        7: StandIn(6, 9, 1 / 3),
        8: StandIn(6, 9, 2 / 3),
    }


def test_nothing_is_made_across_a_cut_at_the_ends_or_in_a_frozen_picture():
    repeated = np.zeros(20, bool)
    repeated[[0, 4, 19]] = True
    repeated[10:15] = True
    assert stand_ins(repeated, [5]) == {}
    assert list(stand_ins(repeated, [4])) == []  # the first frame behind a cut repeats nothing of its shot


def test_the_figure_is_halfway_and_what_does_not_move_keeps_every_pixel():
    first, second = figure(57, 75), figure(63, 75)
    made = between(first, second, 0.5)
    assert abs(centre(made) - (centre(first) + centre(second)) / 2) < 1.0
    assert np.array_equal(made[:30], first[:30])


def test_a_picture_that_does_not_move_stays_as_it_is():
    first = figure(60, 75)
    noisy = np.clip(first.astype(int) + np.random.default_rng(0).integers(-3, 4, first.shape), 0, 255).astype(np.uint8)
    assert moving_box(first, noisy) is None and between(first, noisy, 0.5) is first
