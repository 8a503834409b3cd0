"""A speaker set into a wider picture stands where his place says."""

import numpy as np
import pytest

from tango_models.synthetic.company import Place, add_person


@pytest.mark.parametrize("place", [Place(60), Place(100, 0.5), Place(70, 1.5)])
def test_what_is_drawn_lies_where_the_points_are_mapped_to(place):
    picture, coverage = np.zeros((40, 40, 3), np.uint8), np.zeros((40, 40), np.float32)
    picture[12:20, 24:32], coverage[12:20, 24:32] = (250, 0, 0), 1.0
    canvas = np.full((50, 160, 3), 90, np.uint8)
    found = add_person(canvas, picture, coverage, place)
    rows, columns = np.nonzero(found[..., 0] > 170)
    middle = place.map(np.array([28.0, 16.0]), 40, 50)
    assert np.abs(np.array([columns.mean() + 0.5, rows.mean() + 0.5]) - middle).max() < 0.6
    assert abs(np.sqrt(len(rows)) - 8 * place.scale) < 0.6
    assert (found[rows.max() + 3 :] == 90).all() and (canvas == 90).all()


def test_who_comes_later_stands_in_front_and_the_edge_of_the_picture_cuts_off():
    solid, whole = np.full((40, 40, 3), 200, np.uint8), np.ones((40, 40), np.float32)
    first = add_person(np.zeros((40, 80, 3), np.uint8), solid, whole, Place(30))
    both = add_person(first, solid // 4, whole, Place(50))
    assert both[20, 20, 0] == 200 and both[20, 45, 0] == 50
    outside = add_person(first, solid // 4, whole, Place(120))
    assert np.array_equal(outside, first)
