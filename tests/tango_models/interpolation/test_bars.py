"""Black bars around a picture stay as they are, and the picture within is made as if they were not there."""

from dataclasses import fields, replace

import numpy as np
import pytest

from tango_models.interpolation.auto import make
from tango_models.interpolation.bars import picture_box, without_bars
from tango_models.interpolation.seam import Seam
from tango_models.interpolation.warping.flow import FlowInterpolator
from tests.tango_models.interpolation.scenes import SIDE, seam

COUNT = 8
LETTERBOX, PILLARBOX, BOTH = (0, 20), (14, 0), (14, 20)


def scene() -> Seam:
    """A figure whose hand goes down beyond the lower edge, and a place where the person is."""
    runs = [[{"x": x + k, "y": 75, "hand": (x, 90 + 8 * k)} for k in range(COUNT)] for x in (50, 64)]
    person = np.zeros((COUNT, 32, 32), bool)
    person[:, 8:, 8:24] = True
    heads = np.full((COUNT, 3), 40, np.float32)
    found = seam(*runs)
    return replace(found, outgoing_person=person, incoming_person=person, outgoing_heads=heads, incoming_heads=heads)


def boxed(picture: Seam, across: int, down: int) -> Seam:
    """The same in a frame with bars of so many pixels, not quite black as coding leaves them."""
    shift = np.array([across, down], np.float32)
    parts = {}
    for part in fields(picture):
        value = getattr(picture, part.name)
        if value is None:
            continue
        if part.name in ("outgoing", "incoming"):
            bars = np.random.default_rng(0).integers(0, 4, (COUNT, SIDE + 2 * down, SIDE + 2 * across, 3), np.uint8)
            bars[:, down : down + SIDE, across : across + SIDE] = value
            value = bars
        elif part.name.endswith("points"):
            value = value + shift
        elif part.name.endswith("heads"):
            value = value + np.array([across, down, 0], np.float32)
        parts[part.name] = value
    return replace(picture, **parts)


@pytest.mark.parametrize("bars", [LETTERBOX, PILLARBOX, BOTH])
def test_the_picture_within_bars_is_made_as_without_them_and_they_stay(bars):
    across, down = bars
    framed = boxed(replace(scene(), outgoing_person=None, incoming_person=None), across, down)
    x0, y0, x1, y1 = picture_box(framed)
    inside = np.s_[:, y0:y1, x0:x1]
    shift = np.array([x0, y0], np.float32)
    alone = Seam(
        framed.outgoing[inside], framed.incoming[inside],
        framed.outgoing_points - shift, framed.incoming_points - shift,
        outgoing_heads=framed.outgoing_heads - [x0, y0, 0], incoming_heads=framed.incoming_heads - [x0, y0, 0],
    )  # fmt: skip
    made, plain = make("flow", FlowInterpolator(), framed), make("flow", FlowInterpolator(), alone)
    np.testing.assert_array_equal(made.frames[inside], plain.frames)
    assert made.visibility == plain.visibility
    blank, filmed = made.frames.copy(), framed.cut_at(framed.half)
    blank[inside] = filmed[inside]
    np.testing.assert_array_equal(blank, filmed)


def test_places_and_masks_are_those_of_the_picture():
    framed = boxed(scene(), *BOTH)
    box = picture_box(framed)
    assert box == (16, 22, 12 + SIDE, 18 + SIDE)  # the edges beside the bars are left to them
    cut = without_bars(framed, box)
    np.testing.assert_allclose(cut.outgoing_points, scene().outgoing_points - 2)
    np.testing.assert_allclose(cut.incoming_heads, np.tile([38, 38, 40], (COUNT, 1)))
    # the mask lies over the whole frame: a person in its upper left quarter is further up and left in the picture
    quarter = np.zeros((COUNT, 32, 32), bool)
    quarter[:, :16, :16] = True
    seen = without_bars(replace(framed, outgoing_person=quarter), box).outgoing_person
    assert seen[0, :16, :16].all() and not seen[0, 16:].any() and not seen[0, :, 16:].any()


def test_a_picture_without_bars_a_bar_in_one_run_and_a_black_frame_are_left_alone():
    plain = scene()
    assert picture_box(plain) == (0, 0, SIDE, SIDE)
    framed = boxed(plain, *LETTERBOX)
    bright = framed.incoming.copy()
    bright[-1, 2:5] = 200
    assert picture_box(replace(framed, incoming=bright))[1] == 4
    assert picture_box(replace(plain, outgoing=plain.outgoing * 0, incoming=plain.incoming * 0)) == (0, 0, SIDE, SIDE)
