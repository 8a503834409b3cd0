"""How well lips are told, also where not all frames show a face."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tango_models.lips.held_out import held_out
from tango_models.lips.visemes import LipTargets
from tests.tango_models.lips.faces import library

SLOW = 0.15 + 0.15 * np.sin(np.arange(160) / 5)


def asked(known, late: int = 0) -> LipTargets:
    """What a speech asks for whose lips are those of a library, so many frames later."""
    wanted = np.roll((known.mouths.opening - known.range.closed) / known.range.span, late)
    flat = np.zeros(len(wanted), np.float32)
    return LipTargets(wanted.astype(np.float32), flat, flat > 0)


def without_faces(known, rows):
    """The same library, some of whose frames show no face."""
    for name in ("opening", "width", "yaw", "pitch", "sharpness", "light"):
        getattr(known.mouths, name)[rows] = np.nan
    shape, usable = known.shape.copy(), known.usable.copy()
    shape[rows], usable[rows] = np.nan, False
    return replace(known, shape=shape, usable=usable)


@settings(max_examples=5, deadline=None)
@given(st.sets(st.integers(0, 159), max_size=40))
def test_frames_without_a_face_do_not_count(rows):
    known = library(SLOW)
    wanted = asked(known)
    found = held_out(without_faces(known, sorted(rows)), wanted)
    assert found is not None and found.corr > 0.9 and abs(found.lag) <= 1
    assert 0 < found.best < 0.7 and 0 < found.error < 0.7 and 0 < found.average < 1.2


def test_what_the_sound_does_not_tell_is_not_the_mouths_fault():
    known = library(SLOW)
    wrong = np.random.default_rng(0).permutation(asked(known).opening)
    found = held_out(known, LipTargets(wrong, np.zeros_like(wrong), wrong > 9))
    assert found is not None and found.corr < 0.5 and found.oracle > 0.9


def test_mouths_that_one_half_does_not_have_lower_the_oracle():
    # The first half only ever shows what the second does not: nearly shut lips, and wide open ones.
    known = library(np.concatenate([0.02 + 0.02 * np.sin(np.arange(80)), 0.4 + 0.02 * np.sin(np.arange(80))]))
    found, whole = held_out(known, asked(known)), held_out(library(SLOW), asked(library(SLOW)))
    assert found is not None and whole is not None and found.oracle < whole.oracle - 0.1


def test_lips_that_are_made_late_do_not_count_as_right():
    known = library(SLOW)
    found = held_out(known, asked(known, late=5))
    assert found is not None and found.lag == pytest.approx(5, abs=1)
    right = held_out(known, asked(known))
    assert right is not None and found.corr < right.corr - 0.2


@pytest.mark.parametrize("rows", [range(80), range(60, 160)], ids=["a half", "nearly all"])
def test_a_half_that_shows_hardly_any_mouth_tells_nothing(rows):
    known = library(SLOW)
    wanted = asked(known)
    assert held_out(without_faces(known, list(rows)), wanted) is None


def test_lips_that_are_never_asked_to_move_tell_nothing():
    known = library(np.full(160, 0.1))
    flat = np.zeros(160, np.float32)
    assert held_out(known, LipTargets(flat, flat, flat > 0)) is None
