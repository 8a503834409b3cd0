"""Where seams are placed: by what moves and what differs, within their room, and only on footage that there is."""

from dataclasses import replace

import numpy as np
import pytest

from tango_models.interpolation.seam import window_alpha
from tango_models.interpolation.seam_placement import Placement, PlacementConfig, RunAround, place_seam

REACH = 16
HAND = np.random.default_rng(0).uniform(-0.04, 0.04, (21, 2))
ROOM = {"before": 12, "after": 12}


def run(hand: np.ndarray | float = 0.4, **changes) -> RunAround:
    """A person at rest whose right hand is at `hand` (2·REACH,) or everywhere, in image heights."""
    across = np.broadcast_to(np.asarray(hand, float), 2 * REACH)
    right = np.stack([across, np.full(2 * REACH, 0.6)], axis=-1)[:, None] + HAND
    left = np.broadcast_to(np.array([0.7, 0.6]) + HAND, right.shape)
    parts = {
        "hands": np.stack([left, right], axis=1).astype(np.float32),
        "wrists": np.full((2 * REACH, 2, 2), np.nan, np.float32),
        "head": np.tile(np.float32([0.5, 0.2, 0.15]), (2 * REACH, 1)),
        "face": np.full((2 * REACH, 24, 24), 100, np.uint8),
        "held": np.zeros(2 * REACH, bool),
        "repeated": np.zeros(2 * REACH, bool),
        "picture": np.full((2 * REACH, 1024), 100, np.uint8),
        "person": np.tile(np.arange(1024) < 300, (2 * REACH, 1)),
        "usual": np.float32([1.0, 0.5]),
    }
    return RunAround(**{**parts, **changes})


def fastest(placed: Placement, old: RunAround, new: RunAround) -> float:
    """Largest step of the right hand in the window, image heights per frame."""
    window = slice(REACH + placed.shift - placed.half, REACH + placed.shift + placed.half)
    alpha = window_alpha(2 * placed.half)[:, None]
    a, b = old.hands[window, 1].mean(1), new.hands[window, 1].mean(1)
    return float(np.linalg.norm(np.diff(a + alpha * (b - a), axis=0), axis=-1).max())


def test_runs_that_agree_get_the_shortest_window_where_their_clips_meet():
    placed = place_seam(run(), run(), **ROOM)
    assert (placed.shift, placed.half) == (0, PlacementConfig().min_half)


def test_the_further_a_hand_has_to_travel_the_longer_the_window_and_it_goes_no_faster_than_allowed():
    halves = []
    for gap in (0.005, 0.02, 0.04):
        old, new = run(0.4), run(0.4 + gap)
        placed = place_seam(old, new, **ROOM, config=PlacementConfig(min_half=2))
        halves.append(placed.half)
        assert fastest(placed, old, new) < 1.2 * PlacementConfig().slowest_hand
    assert halves == sorted(set(halves))


def test_a_hand_that_moves_fast_by_itself_needs_no_longer_window():
    moving = 0.4 + 0.02 * np.arange(2 * REACH)
    short = PlacementConfig(min_half=2)
    at_rest = place_seam(run(0.4), run(0.43), **ROOM, config=short)
    in_motion = place_seam(run(moving), run(moving - 0.03), **ROOM, config=short)
    assert in_motion.half < at_rest.half


def test_the_cut_moves_to_where_the_runs_meet():
    old = 0.4 + 0.012 * np.abs(np.arange(2 * REACH) - (REACH + 3))
    placed = place_seam(run(old), run(0.4), **ROOM)
    assert placed.shift in (2, 3, 4)


def test_the_picture_changes_over_where_the_faces_are_most_alike():
    face = np.full((2 * REACH, 24, 24), 160, np.uint8)
    face[REACH - 4 : REACH - 1] = 100
    placed = place_seam(run(), run(face=face), **ROOM)
    assert placed.shift in (-3, -2)


@pytest.mark.parametrize("shift", range(-4, 5))
@pytest.mark.parametrize("where", [slice(500, 600), slice(100, 200)], ids=["behind the speaker", "on the speaker"])
def test_the_cut_moves_to_where_the_pictures_are_alike(where, shift):
    """An inset, or a jacket, that differs all the time but for two frames."""
    old, new = run(), run()
    new.picture[:, where] = 160
    alike = slice(REACH + shift - 1, REACH + shift + 1)
    new.picture[alike, where] = 100
    assert place_seam(old, new, **ROOM).shift == shift
    new.picture[alike, where] = 160
    assert place_seam(old, new, **ROOM).shift == 0


def test_what_a_picture_is_apart_counts_by_how_much_it_changes_anyway():
    costs = []
    for usual in (0.5, 1.0, 4.0):
        new = run(usual=np.float32([2, 1]) * usual)
        new.picture[:, 500:600] = 160
        costs.append(place_seam(run(), new, **ROOM).cost - place_seam(run(), run(), **ROOM).cost)
    assert costs == sorted(costs, reverse=True) and costs[0] > 2 * costs[2] > 0


@pytest.mark.parametrize("before", [0, 1, 2, 6, 40])
@pytest.mark.parametrize("after", [0, 1, 2, 6, 40])
def test_the_window_stays_within_its_room(before, after):
    placed = place_seam(run(0.4), run(0.5), before=before, after=after)
    assert placed.half <= placed.shift + before and placed.half + placed.shift <= after
    assert placed.half > 0 or before + after < 2 or min(before, after) == 0


@pytest.mark.parametrize("before", range(17))
@pytest.mark.parametrize("after", [0, 1, 2, 3, 5, 9, 16])
def test_with_room_on_one_side_alone_the_cut_moves_to_where_the_longest_seam_fits(before, after):
    config, most = PlacementConfig(), REACH - 2
    for ends, begins in ((False, False), (True, False), (False, True), (True, True)):
        held = np.arange(2 * REACH) >= REACH
        old = run(0.4, held=held) if ends else run(0.4)  # the run is over at the border
        new = run(0.5, held=~held) if begins else run(0.5)
        placed = place_seam(old, new, before=before, after=after)
        fits = [
            half
            for half in range(1, config.max_half + 1)
            for shift in range(0 if begins else -config.max_shift, (0 if ends else config.max_shift) + 1)
            if half <= shift + min(before, most) and half + shift <= min(after, most)
        ]
        assert placed.half >= min(config.min_half, max(fits, default=0))
        assert placed.half == 0 or placed.half in fits


def test_no_frame_is_shown_that_there_is_no_footage_of():
    held = np.zeros(2 * REACH, bool)
    held[REACH:] = True  # the old run ends with its clip
    later = 0.4 + 0.012 * np.abs(np.arange(2 * REACH) - (REACH + 3))  # meets the other run behind the border
    assert place_seam(run(later), run(), **ROOM).shift > 0
    assert place_seam(run(later, held=held), run(), **ROOM).shift <= 0
    sooner = 0.4 + 0.012 * np.abs(np.arange(2 * REACH) - (REACH - 3))
    assert place_seam(run(), run(sooner), **ROOM).shift < 0
    ahead = place_seam(run(), run(sooner, held=held[::-1].copy()), **ROOM)  # the new one begins with its clip
    assert ahead.shift >= 0


def test_a_picture_does_not_stand_still_twice_at_a_cut():
    repeated = np.zeros(2 * REACH, bool)
    repeated[[REACH - 1]] = True
    again = np.zeros(2 * REACH, bool)
    again[[REACH]] = True
    assert place_seam(run(repeated=repeated), run(repeated=again), **ROOM).shift != 0


def test_where_a_hand_is_lost_its_wrist_counts():
    lost = np.full((2 * REACH, 2, 21, 2), np.nan)
    at = np.zeros((2 * REACH, 2, 2))
    assert place_seam(run(hands=lost, wrists=at), run(hands=lost, wrists=at + 0.04), **ROOM).half > 3


def test_a_person_without_hands_or_face_is_no_fault():
    nowhere = {"hands": np.full((2 * REACH, 2, 21, 2), np.nan), "head": np.full((2 * REACH, 3), np.nan)}
    unknown = run(face=np.full((2 * REACH, 24, 24), 200, np.uint8), **nowhere)
    pairs = ((unknown, unknown), (unknown, run()), (run(), unknown))
    neither, old, new = (place_seam(before, after, **ROOM) for before, after in pairs)
    assert {(p.shift, p.half) for p in (neither, old, new)} == {(0, PlacementConfig().min_half)}
    assert neither.cost < old.cost == pytest.approx(new.cost)  # hands lost at the cut cost, faces unseen do not


def test_settings_decide():
    calm = replace(PlacementConfig(), min_half=6, max_half=6, max_shift=0)
    assert place_seam(run(), run(0.5), config=calm, **ROOM) == replace(
        place_seam(run(), run(0.5), config=calm, **ROOM), shift=0, half=6
    )
