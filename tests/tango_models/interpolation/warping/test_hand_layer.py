"""Hands are cut out of both runs and brought along one path: one hand in every frame, and nothing left behind."""

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest

from tango_models.interpolation.seam import Seam
from tango_models.interpolation.warping import flow
from tango_models.interpolation.warping.arms import steady
from tango_models.interpolation.warping.flow import FlowInterpolator
from tango_models.interpolation.warping.hand_layer import HandLayer, between_hands, paint, unlikeness
from tango_models.interpolation.warping.hand_matte import forearm_matte, hand_matte
from tango_models.interpolation.warping.matching import match_frames
from tests.tango_models.interpolation.drawn_hands import UNIT, cloth, draw_hand, hand_mask, hand_points, skin


@pytest.mark.parametrize("seed", range(6))
def test_a_matte_holds_the_hand_and_little_else(seed):
    rng = np.random.default_rng(seed)
    points = hand_points(rng, (100, 130), turn=rng.uniform(-90, 90), curl=rng.uniform(0, 0.6))
    frame = draw_hand(cloth(rng), points)
    jitter = rng.normal(0, 1.5, points.shape).astype(np.float32)
    matte = hand_matte(frame, points + jitter, [])
    found = np.zeros(frame.shape[:2], np.float32)
    found[matte.top : matte.top + len(matte.alpha), matte.left : matte.left + matte.alpha.shape[1]] = matte.alpha
    truth = hand_mask(points)
    assert np.minimum(found, truth).sum() / np.maximum(found, truth).sum() > 0.8


def test_a_hand_outside_of_the_picture_has_no_matte():
    rng = np.random.default_rng(0)
    assert hand_matte(cloth(rng), hand_points(rng, (100, 130)) + 1000, []) is None
    assert forearm_matte(cloth(rng), np.array([900.0, 900]), np.array([990.0, 990]), UNIT) is None


@pytest.mark.parametrize("turn", [0, 60, -120, 170])
def test_a_hand_turns_and_keeps_its_size_between_its_ends(turn):
    rng = np.random.default_rng(1)
    old, new = hand_points(rng, (50, 100)), hand_points(rng, (120, 90), turn=turn)
    assert np.allclose(between_hands(old, new, 0.0), old, atol=1e-3)
    assert np.allclose(between_hands(old, new, 1.0), new, atol=1e-3)
    spread = [np.linalg.norm(between_hands(old, new, a) - between_hands(old, new, a).mean(0)) for a in (0, 0.5, 1)]
    assert spread[1] > 0.9 * min(spread[0], spread[2])


@hypothesis.given(
    st.integers(0, 10**6), st.floats(-180, 180), st.floats(1e-3, 1), st.floats(0.3, 3), st.floats(0.05, 0.95)
)
def test_a_hand_is_never_larger_on_its_way_than_at_both_ends(seed, turn, alike, grows, alpha):
    """Not even where the two have next to nothing in common, so that no turn brings one to the other."""
    rng = np.random.default_rng(seed)
    old = hand_points(rng, (50, 100), curl=rng.uniform(0, 0.9))
    hand = (old - old.mean(0)) @ np.array([1, 1j])
    turned_over = np.conj(hand)
    common = (np.conj(hand) * turned_over).sum() / (np.abs(hand) ** 2).sum()
    other = grows * np.exp(1j * np.deg2rad(turn)) * (turned_over - (1 - alike) * common * hand)
    new = np.column_stack([other.real + 120, other.imag + 90])
    spread = [np.linalg.norm(hand - hand.mean(0)) for hand in (old, between_hands(old, new, alpha), new)]
    assert spread[1] < 1.01 * max(spread[0], spread[2])


def test_unlikeness_knows_shape_and_not_place_or_size():
    rng = np.random.default_rng(2)
    hand = hand_points(rng, (100, 130))
    assert unlikeness(hand, 1.3 * hand + 20) < 0.01 < unlikeness(hand, hand_points(rng, (100, 130), curl=0.9))
    assert np.isnan(unlikeness(hand, np.full((21, 2), np.nan)))


def brought(seed: int, count: int = 10) -> tuple[np.ndarray, list[np.ndarray], list[np.ndarray]]:
    """Frames of a seam between two hands, and the points of both runs."""
    rng = np.random.default_rng(seed)
    behind = cloth(rng)
    old = [hand_points(rng, (55 + 2 * k, 120), turn=-20) for k in range(count)]
    new = [hand_points(rng, (135 - 2 * k, 150), turn=25, curl=0.5) for k in range(count)]
    arms = []
    for run in (old, new):
        arm = np.full((count, 2, 24, 2), np.nan, np.float32)
        arm[:, 0, 3:], arm[:, 0, 2] = np.stack(run), np.stack(run)[:, 0]
        arms.append(arm)
    pictures = [np.stack([draw_hand(behind, points) for points in run]) for run in (old, new)]
    seam = Seam(*pictures, outgoing_arms=arms[0], incoming_arms=arms[1])
    return FlowInterpolator().interpolate(seam), old, new


@pytest.mark.parametrize("seed", range(4))
def test_there_is_one_hand_in_every_frame_and_it_travels(seed):
    made, old, new = brought(seed)
    area = [skin(made[0]).sum(), skin(made[-1]).sum()]
    for k, frame in enumerate(made):
        found = skin(frame)
        assert 0.75 * min(area) < found.sum() < 1.25 * max(area), k
        low, high = (np.minimum(old[k].mean(0), new[k].mean(0)) - 15, np.maximum(old[k].mean(0), new[k].mean(0)) + 15)
        centre = np.argwhere(found).mean(0)[::-1]
        assert (centre > low).all() and (centre < high).all(), k
    steps = np.linalg.norm(np.diff([np.argwhere(skin(frame)).mean(0) for frame in made], axis=0), axis=-1)
    assert steps.max() < 0.35 * steps.sum()


def test_a_hand_that_is_known_in_one_run_alone_is_left_to_the_rest():
    rng = np.random.default_rng(3)
    behind, count = cloth(rng), 10
    frames = np.stack([draw_hand(behind, hand_points(rng, (60, 120)))] * count)
    arms = np.full((2, count, 2, 24, 2), np.nan, np.float32)
    arms[0, :, 0, 3:] = hand_points(rng, (60, 120))
    seam = Seam(frames, np.stack([behind] * count), outgoing_arms=arms[0], incoming_arms=arms[1])
    made = FlowInterpolator().interpolate(seam)
    assert np.array_equal(made[0], frames[0]) and not skin(made[-1]).any()


@pytest.mark.parametrize("seed", range(12))
def test_a_hand_that_one_run_alone_has_is_not_half_transparent(seed):
    """Wherever in the window each run loses it; only what one run never has again comes or goes, within two frames."""
    rng, count = np.random.default_rng(seed), 14
    known = np.ones((2, count), bool)
    first, last = np.sort(rng.integers(0, count, (2, 2)), axis=1).T
    for run in (0, 1):
        known[run, first[run] : last[run]] = False
    known[:, rng.integers(1, count - 1)] = True  # else there is nothing to bring
    arms = np.full((2, count, 2, 24, 2), np.nan, np.float32)
    for run in (0, 1):
        points = hand_points(rng, (60 + 70 * run, 120 + 30 * run), turn=rng.uniform(-30, 30), curl=rng.uniform(0, 0.6))
        arms[run][known[run], 0, 3:] = points
    frame = draw_hand(cloth(rng), hand_points(rng, (60, 120)))
    seam = Seam(*[np.stack([frame] * count)] * 2, outgoing_arms=arms[0], incoming_arms=arms[1])
    layer = HandLayer(seam, steady(*arms))
    white, opaque = np.full_like(frame, 255), np.full(count, np.nan)
    for k in range(1, count - 1):
        black = np.zeros_like(frame)
        for hand in layer.at(k):
            paint(black, hand, white, white)
            opaque[k] = black.max() / 255
    ends = (np.cumsum(known[0]) == 0) | (np.cumsum(known[1][::-1])[::-1] == 0)
    half = (opaque > 0.02) & (opaque < 0.98)
    assert not half[~ends].any() and half.sum() <= 4
    assert (opaque[known.all(axis=0)][1:-1] > 0.98).all()


@pytest.mark.parametrize("seed", range(4))
def test_a_hand_that_is_brought_bends_nothing_and_its_sleeve_goes_with_it(seed, monkeypatch):
    """In a frame without a hand to bring, its arm moves the cloth; where one is brought, its sleeve alone does."""
    rng, count = np.random.default_rng(seed), 10
    arms = np.full((2, count, 2, 24, 2), np.nan, np.float32)
    for run in (0, 1):
        points = hand_points(rng, (60 + 60 * run, 120 + 20 * run))
        arms[run][:, 0, 3:], arms[run][:, 0, :3] = points, [(30, 40), (40, 100 + 9 * run), points[0]]
    arms[:, 6:, 0, 3:] = np.nan  # neither run knows the hand any more
    arms[:, rng.integers(1, 5), 0, 1] = np.nan  # without an elbow there is no forearm to bring
    behind, given = cloth(rng), []

    def noted(*args, arms, **kwargs):
        given.append(arms)
        return match_frames(*args, arms=arms, **kwargs)

    monkeypatch.setattr(flow, "match_frames", noted)
    seam = Seam(*[np.stack([behind] * count)] * 2, outgoing_arms=arms[0], incoming_arms=arms[1])
    layer = HandLayer(seam, steady(*arms))
    FlowInterpolator().interpolate(seam)
    for k, pair in enumerate(given, start=1):
        brought = {len(part.place) for part in layer.at(k)}  # points of a hand, or of a forearm
        for run, points in enumerate(pair):
            assert np.isnan(points[0, 3:]).all() or (not brought and np.isfinite(arms[run, k, 0, 3:]).all())
            assert (np.isfinite(points[0, :3]) == np.isfinite(arms[run, k, 0, :3])).all(), k
    assert any(2 in {len(part.place) for part in layer.at(k)} for k in range(1, count - 1))
    assert any({len(part.place) for part in layer.at(k)} == {21} for k in range(1, count - 1))
