"""Hands and forearms go where their landmarks go, and nothing around them tears."""

import numpy as np
import pytest

from tango_models.interpolation.warping.arms import HAND, POINTS, SHOULDER, arm_flow, bridged, steady

HEIGHT, WIDTH = 120, 160
GRID = {"height": HEIGHT, "width": WIDTH, "scale": 1.0}


def arms(x: float, y: float, *, elbow: tuple[float, float] = (30, 100), turn: float = 0.0) -> np.ndarray:
    """(2, 24, 2) a left arm with its hand's middle at (x, y), no right arm."""
    angle = np.linspace(0, 2 * np.pi, 20, endpoint=False) + np.radians(turn)
    hand = np.array([x, y]) + 8 * np.stack([np.cos(angle), 0.7 * np.sin(angle)], axis=-1)
    found = np.full((2, POINTS, 2), np.nan, np.float32)
    found[0] = np.concatenate([[[np.nan, np.nan]], [elbow], [[x, y + 8]], [[x, y + 8]], hand])
    return found


def test_the_hand_goes_its_way_the_elbow_stays_and_the_rest_keeps_still():
    field = arm_flow(arms(70, 50), arms(90, 40), **GRID)
    assert np.allclose(field.flow[50, 70], [20, -10], atol=0.5) and field.weight[50, 70] > 0.99
    assert np.abs(field.flow[100, 30]).max() < 4
    assert field.weight[10, 150] == 0 and field.weight[110, 150] == 0
    halfway = field.flow[78, 50]  # the middle of the forearm
    assert 0.3 < halfway[0] / 20 < 0.75


@pytest.mark.parametrize("share", [0.2, 0.5, 1.0])
def test_it_follows_where_the_hand_was_and_where_it_is_and_nothing_jumps_between(share):
    field = arm_flow(arms(70, 50), arms(100, 40), share=share, **GRID)
    for way in (0.0, 0.5, 1.0):
        x, y = 70 + way * share * 30, 50 - way * share * 10
        assert field.weight[round(y), round(x)] > 0.99
    step = np.maximum(*(np.abs(np.diff(field.weight, axis=k)).max() for k in (0, 1)))
    assert step < 0.2


def test_unknown_still_and_impossible_arms_guide_nothing():
    here = arms(70, 50)
    unknown = np.full_like(here, np.nan)
    assert arm_flow(here, unknown, **GRID) is None and arm_flow(unknown, here, **GRID) is None
    assert arm_flow(here, here + 0.3, **GRID) is None
    assert arm_flow(arms(10, 50), arms(140, 50), **GRID) is None  # another thing taken for the hand


def test_a_hand_without_fingers_follows_the_wrist():
    old, new = arms(70, 50), arms(90, 50)
    old[:, HAND:], new[:, HAND:] = np.nan, np.nan
    field = arm_flow(old, new, **GRID)
    assert np.allclose(field.flow[58, 70], [20, 0], atol=0.5)


def test_hands_at_the_edge_and_beyond_are_fine():
    field = arm_flow(arms(158, 3), arms(170, -6), **GRID)
    assert field.flow.shape == (HEIGHT, WIDTH, 2) and np.isfinite(field.flow).all()


def test_short_gaps_are_bridged_long_ones_and_ends_are_not():
    track = np.arange(12, dtype=np.float32)[:, None] * [1.0, 2.0]
    track[[0, 3, 4]] = np.nan
    filled = bridged(track, longest=2)
    assert np.isnan(filled[0]).all() and np.allclose(filled[3:5], [[3, 6], [4, 8]])
    track[3:6] = np.nan
    assert np.isnan(bridged(track, longest=2)[3:6]).all()


def test_the_way_between_two_runs_is_steadier_than_their_landmarks():
    noise = np.random.default_rng(0).normal(0, 2, (9, 2, POINTS, 2))
    still = np.tile(arms(70, 50), (9, 1, 1, 1))
    apart = steady(still, still + 20 + noise)
    assert np.nanstd(apart[1:-1, 0]) < 0.7 * noise.std() and np.isnan(apart[:, 1]).all()
    assert abs(np.nanmean(apart) - 20) < 1


def test_the_upper_arm_turns_about_a_shoulder_that_stays():
    old, new = arms(90, 60, elbow=(30, 100)), arms(120, 60, elbow=(60, 100))
    old[0, SHOULDER] = new[0, SHOULDER] = (30, 20)
    field = arm_flow(old, new, share=0.5, **GRID)
    assert np.abs(field.flow[20, 30]).max() < 3 and field.weight[20, 30] > 0.99
    assert 9 < field.flow[60, 30, 0] < 21  # its middle goes half as far as the elbow
    assert field.flow[60, 90, 0] == pytest.approx(30, abs=1)  # the hand all the way


def test_a_head_is_not_bent_by_a_hand_beside_it():
    old, new = arms(70, 50), arms(90, 50)
    head = np.array([88, 36, 10], np.float32)
    beside, bent = (arm_flow(old, new, heads=heads, share=0.5, **GRID) for heads in ([head, head], []))
    assert bent.weight[36, 88] > 0.3 and beside.weight[36, 88] == 0
    assert beside.weight[50, 70] > 0.99
    unknown = arm_flow(old, new, heads=[np.full(3, np.nan)], share=0.5, **GRID)
    np.testing.assert_array_equal(unknown.weight, bent.weight)
