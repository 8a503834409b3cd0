"""Cuts, jumps that nobody misses, are made between two phrases."""

import dataclasses

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tango_models.errors import InputError
from tango_models.motion_graph.edge_config import CUT
from tango_models.motion_graph.scoring.silence import within_phrase
from tango_models.motion_graph.search.path_search import Edges, path_cost, search_path
from tests.tango_models.motion_graph.search.test_search import CONFIG, brute_force, problems


@settings(max_examples=150, deadline=None)
@given(problems(), st.data())
def test_cheapest_path_with_cuts_equals_brute_force(problem, data):
    node_cost, edges, min_dwell = problem
    cuts = data.draw(st.lists(st.booleans(), min_size=len(edges.cost), max_size=len(edges.cost)))
    edges = dataclasses.replace(edges, cost=np.where(cuts, np.float32(CUT), edges.cost))
    phrase = np.array(data.draw(st.lists(st.booleans(), min_size=len(node_cost), max_size=len(node_cost))), bool)
    expected = brute_force(node_cost, edges, min_dwell, None, CONFIG, phrase)
    assume(np.isfinite(expected))
    path = search_path(node_cost, edges, min_dwell=min_dwell, config=CONFIG, phrase=phrase)
    assert path.cost == pytest.approx(expected, abs=1e-4)
    assert path.cost == pytest.approx(
        path_cost(path.nodes, path.seams, node_cost, edges, min_dwell=min_dwell, config=CONFIG, phrase=phrase), abs=1e-4
    )


def rooms(each: int = 30) -> Edges:
    """Two runs, in two rooms: jumps within each are hardly seen, all between them are cuts."""
    src, dst = (grid.reshape(-1) for grid in np.meshgrid(np.arange(2 * each), np.arange(2 * each), indexing="ij"))
    cost = np.where(src // each == dst // each, 0.4, 12.0).astype(np.float32)
    successor = np.arange(1, 2 * each + 1)
    successor[[each - 1, 2 * each - 1]] = -1
    return Edges(src.astype(np.int32), dst.astype(np.int32), cost, successor.astype(np.int32))


@pytest.mark.parametrize("limit", [None, 3])  # exact; and only both rooms together have clips enough
@pytest.mark.parametrize("seed", range(6))
def test_a_change_of_room_falls_between_two_phrases(seed, limit):
    rng = np.random.default_rng(seed)
    steps = 120
    node_cost = rng.random((steps, 60), dtype=np.float32)
    half = int(rng.integers(50, 70))
    node_cost[:half, 30:] += 20  # one room is wanted first, and then the other
    node_cost[half:, :30] += 20
    phrase = np.ones(steps, bool)
    pause = half + int(rng.integers(-4, 5))
    phrase[pause - 1 : pause + 2] = False
    path = search_path(node_cost, rooms(), min_dwell=3, max_reuse=limit, seed=seed, phrase=phrase)
    (change,) = np.flatnonzero(np.diff(path.nodes // 30)) + 1
    assert not phrase[change]
    without = search_path(node_cost, rooms(), min_dwell=3, max_reuse=limit, seed=seed)
    assert (np.flatnonzero(np.diff(without.nodes // 30)) + 1 == [half]).all()


def test_speech_without_a_pause_may_still_change_the_room():
    node_cost = np.zeros((40, 60), np.float32)
    node_cost[20:, :30] = np.inf
    node_cost[:20, 30:] = np.inf
    path = search_path(node_cost, rooms(), phrase=np.ones(40, bool))
    assert path.nodes[19] < 30 <= path.nodes[20]


def test_a_phrase_of_another_length_is_refused():
    with pytest.raises(InputError, match="phrase"):
        search_path(np.zeros((40, 60), np.float32), rooms(), phrase=np.ones(39, bool))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(16, 60), st.integers(16, 40)), min_size=1, max_size=5), st.integers(0, 9))
def test_slots_are_within_a_phrase_or_in_a_pause(parts, more):
    """Phrases and pauses of half a second and more, in frames; the speech may be longer or shorter than its slots."""
    voice = np.concatenate([np.repeat([0.9, 0.1], part) for part in parts])
    steps = max(-(-len(voice) // 4) + more - 4, 1)
    phrase = within_phrase(voice, steps)
    assert phrase.shape == (steps,) and phrase.dtype == bool
    start = 0
    for spoken, silent in parts:
        for slot in range(steps):
            at = 4 * slot  # the frame before which a cut to this slot is made
            if start + 8 <= at <= start + spoken - 8:
                assert phrase[slot]
            if start + spoken + 6 <= at <= start + spoken + silent - 6:
                assert not phrase[slot]
        start += spoken + silent
