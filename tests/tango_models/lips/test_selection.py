"""Which mouths are chosen."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tango_models.lips import selection, shapes
from tango_models.lips.blending import painted_lips, source_runs
from tango_models.lips.library import collect, mouth_shapes, width_speed
from tango_models.lips.selection import Heads, SelectionConfig, select_mouths
from tango_models.lips.shapes import gap_of, painted_shapes, with_gap
from tango_models.lips.visemes import LipTargets
from tests.tango_models.lips.faces import face, library, mouths


def targets(opening: np.ndarray, closed: np.ndarray | None = None) -> LipTargets:
    count = len(opening)
    closed = np.zeros(count, bool) if closed is None else closed
    return LipTargets(opening.astype(np.float32), np.zeros(count, np.float32), closed)


def heads(count: int, own: np.ndarray | None = None) -> Heads:
    own = np.full(count, -1) if own is None else own
    return Heads(np.zeros(count), np.zeros(count), np.full((count, 3), 120.0), own)


SLOW = 0.15 + 0.15 * np.sin(np.arange(240) / 8)


def test_the_mouth_opens_as_the_speech_asks():
    known = library(SLOW)
    wanted = 0.5 + 0.5 * np.sin(np.arange(90) / 6)
    chosen = select_mouths(targets(wanted), heads(90), known)
    found = known.mouths.opening[chosen]
    assert np.corrcoef(found, wanted)[0, 1] > 0.95
    assert np.abs(found - known.range.gap(wanted)).mean() < 0.15 * known.range.span


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 5))
def test_a_source_stays_and_ends_at_cuts_and_unusable_frames(seed, stay):
    random = np.random.default_rng(seed)
    cuts = sorted(random.choice(np.arange(20, 220), 3, replace=False).tolist())
    known = library(SLOW, cuts)
    unusable = random.uniform(size=240) < 0.05
    known.usable[unusable] = False
    chosen = select_mouths(targets(random.uniform(size=40)), heads(40), known, SelectionConfig(stay=stay))
    assert known.usable[chosen].all()
    runs = source_runs(chosen, known)
    lengths = np.bincount(runs)
    ends = {*(cut - 1 for cut in cuts), 239, *(np.flatnonzero(unusable) - 1)}
    for run, length in enumerate(lengths[:-1]):
        last = int(chosen[runs == run][-1])
        assert length >= stay or last in ends or last + 1 in ends, "it went before its time"
    for run in range(len(lengths)):
        part = chosen[runs == run]
        assert not any(part[0] < cut <= part[-1] for cut in cuts)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 30))
def test_what_was_decided_and_forgotten_on_the_way_changes_no_choice(seed, every):
    known, wanted = library(SLOW), targets(np.random.default_rng(seed).uniform(size=80))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(selection, "_SETTLED_EVERY", 10**6)
        at_the_end = select_mouths(wanted, heads(80), known)
        patch.setattr(selection, "_SETTLED_EVERY", every)
        assert np.array_equal(select_mouths(wanted, heads(80), known), at_the_end)


def test_shapes_are_the_same_whatever_is_made_at_a_time(monkeypatch):
    known, wanted = library(SLOW), targets(np.random.default_rng(1).uniform(size=90))
    chosen = np.random.default_rng(2).integers(0, 240, 90)
    whole = painted_shapes(chosen, wanted, known)
    for at_a_time in (1, 7, 89):
        monkeypatch.setattr(shapes, "_AT_A_TIME", at_a_time)
        assert np.array_equal(painted_shapes(chosen, wanted, known), whole)


def test_memory_of_a_choice_does_not_grow_with_the_speech(monkeypatch):
    """What is not decided yet is what the states that are left do not have in common."""
    open_frames = []
    add = selection._WayBack.add

    def noted(way, *state):
        add(way, *state)
        open_frames.append(len(way._open))

    monkeypatch.setattr(selection._WayBack, "add", noted)
    select_mouths(targets(np.random.default_rng(0).uniform(size=1500)), heads(1500), library(SLOW))
    assert max(open_frames) < 700


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 10**6), st.booleans())
def test_of_mouths_that_open_alike_those_that_are_caught_in_a_fast_move_are_not_shown(seed, moving_first):
    openings = np.tile(SLOW[:120], 2)
    moving = np.repeat([moving_first, not moving_first], 120)
    widths = np.where(moving, 0.55 + 0.03 * (-1.0) ** np.arange(240), 0.55)
    seen, reference = mouths(openings, widths), face()
    known = collect([(np.arange(240), seen, [120])], mouth_shapes(seen.mesh, reference), reference)
    assert known is not None
    wanted = targets(np.random.default_rng(seed).uniform(size=5).repeat(12))

    def shown(price: float) -> float:
        config = SelectionConfig(width=0.0, join=0.0, moving=price)
        return moving[select_mouths(wanted, heads(60), known, config)].mean()

    assert shown(SelectionConfig().moving) < 0.05
    assert shown(0.0) >= 0.1 or not moving_first, "without the price nothing is against them"


def test_how_fast_a_width_changes_is_not_told_across_cuts():
    seen, reference = mouths(SLOW[:120], np.repeat([0.50, 0.60], 60)), face()
    for cuts, most in (([60], 0.0), ([], 0.4)):
        known = collect([(np.arange(120), seen, cuts)], mouth_shapes(seen.mesh, reference), reference)
        assert known is not None and width_speed(known).max() == pytest.approx(most, abs=0.15)
        assert np.isfinite(width_speed(known)).all()


def test_a_frame_whose_own_mouth_fits_is_left_alone():
    known = library(SLOW)
    opening = (known.mouths.opening[:60] - known.range.closed) / known.range.span
    wanted, own = targets(opening), np.arange(60)
    chosen = select_mouths(wanted, heads(60, own), known)
    shapes = painted_shapes(chosen, wanted, known)
    painted = painted_lips(chosen, own, np.ones(60, bool), shapes, known)
    assert (chosen == own).mean() > 0.9 and (painted.strength == 0).mean() > 0.8


def test_a_hand_before_the_mouth_fades_the_painting_out():
    known = library(SLOW)
    shown = np.ones(60, bool)
    shown[30:35] = False
    chosen = np.arange(100, 160)
    painted = painted_lips(chosen, np.arange(60), shown, known.shape[chosen], known)
    assert (painted.strength[30:35] == 0).all() and (painted.strength[[0, 27, 38, 59]] == 1).all()
    assert 0 < painted.strength[28] < 1


@settings(max_examples=25, deadline=None)
@given(st.floats(0, 0.3), st.floats(0, 0.3))
def test_a_gap_is_closed_or_opened_and_lips_never_cross(given_gap, wanted):
    shape = mouth_shapes(mouths(np.array([given_gap])).mesh, face()).astype(np.float64)
    found = with_gap(shape, np.array([wanted]))
    assert abs(gap_of(found)[0] - gap_of(shape)[0]) <= 0.1 + 0.01, "no further than a real mouth can be bent"
    reach = min(abs(wanted - gap_of(shape)[0]), 0.1)
    assert abs(gap_of(found)[0] - wanted) <= abs(wanted - gap_of(shape)[0]) - 0.6 * reach + 0.02
    corners = [0, 10]
    np.testing.assert_allclose(found[0, corners], shape[0, corners], atol=1e-6)
    upper, lower = found[0, 21:30, 1], found[0, 39:30:-1, 1]
    assert (upper <= lower + 1e-9).all()


def two_videos():
    """70 mouths of each of two videos; the first of the second looks like the one after the last of the first."""
    seen, parts = mouths(SLOW[:140]), []
    for k in (0, 1):
        rows = slice(70 * k, 70 * k + 70)
        parts.append((np.arange(70), seen[rows], [30] if k else []))
    known = collect(parts, mouth_shapes(seen.mesh, face()), face())
    assert known is not None
    return known


@settings(max_examples=30, deadline=None)
@given(st.integers(3, 136), st.sampled_from([1, 2]))
def test_a_run_ends_where_its_video_or_its_shot_does(first, pace):
    known = two_videos()
    mouth = np.arange(first, 140, pace)[:12]
    border = [b for b in (70, 100) if mouth[0] < b <= mouth[-1]]
    runs = source_runs(mouth, known)
    assert runs.max() == len(border)
    for k, b in enumerate(border):
        assert (runs[mouth < b] <= k).all() and (runs[mouth >= b] > k).all()
    shapes, own = known.shape[mouth], np.full(len(mouth), -1)
    painted = painted_lips(mouth, own, np.ones(len(mouth), bool), shapes, known)
    assert (painted.other >= 0).any() == bool(border), "and it fades there, nowhere else"


def test_lips_are_shut_where_the_speech_closes_them():
    known = library(SLOW)
    closed = np.zeros(60, bool)
    closed[[20, 40]] = True
    wanted = targets(np.full(60, 0.4), closed)
    shapes = painted_shapes(select_mouths(wanted, heads(60), known), wanted, known)
    assert (gap_of(shapes)[[20, 40]] < 0.2 * known.range.span + known.range.closed).all()


def test_hardly_any_mouth_is_no_library():
    seen = mouths(SLOW[:40])
    seen.covered[:20] = True
    assert collect([(np.arange(40), seen, [])], mouth_shapes(seen.mesh, face()), face()) is None


def test_a_mouth_that_never_opens_does_not_speak():
    assert not library(np.full(60, 0.02)).range.speaks and library(SLOW).range.speaks


def test_of_much_footage_the_nearest_openings_are_looked_at_and_nothing_else_changes(monkeypatch):
    known = library(SLOW)
    wanted = targets(0.5 + 0.5 * np.sin(np.arange(40) / 6))
    chosen = select_mouths(wanted, heads(40), known)
    monkeypatch.setattr(selection, "_LOOKED_AT", 60)
    few = select_mouths(wanted, heads(40), known)
    gap = known.range.gap(wanted.opening)
    off = [np.abs(known.mouths.opening[found] - gap).mean() for found in (chosen, few)]
    assert off[1] < 1.2 * off[0] + 0.01
