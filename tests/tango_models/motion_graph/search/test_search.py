"""The path search against brute force, and what a caller relies on."""

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tango_models.errors import InputError
from tango_models.motion_graph.edge_config import CUT
from tango_models.motion_graph.reuse import even_reuse
from tango_models.motion_graph.search.path_search import Edges, path_cost, search_path
from tango_models.motion_graph.search.search_config import SearchConfig


def brute_force(node_cost, edges, min_dwell, max_reuse, config, phrase=None):
    """Cheapest cost over all node sequences, by the definition in `search_path`."""
    steps, nodes = node_cost.shape
    jump: dict[tuple[int, int], float] = {}
    for s, d, c in zip(edges.src.tolist(), edges.dst.tolist(), edges.cost.tolist(), strict=True):
        jump[s, d] = min(c, jump.get((s, d), np.inf))
    best = np.inf
    for path in itertools.product(range(nodes), repeat=steps):
        if max_reuse is not None and max(path.count(n) for n in path) > max_reuse:
            continue
        cost, shown = float(node_cost[0, path[0]]), 1
        for t in range(1, steps):
            before, now = path[t - 1], path[t]
            cost += float(node_cost[t, now])
            if edges.successor[before] == now:
                shown += 1
                continue
            if (before, now) not in jump:
                cost = np.inf
            elif shown < min_dwell:
                cost += config.early_penalty if edges.successor[before] < 0 else np.inf
            if not np.isfinite(cost):
                break
            cut = phrase is not None and phrase[t] and jump[before, now] >= CUT
            seen = config.edge_weight * min(jump[before, now], 4) ** 4
            cost += config.jump_cost + seen * (1 + config.phrase_weight * cut)
            shown = 1
        best = min(best, cost)
    return best


@st.composite
def problems(draw):
    nodes, steps = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    ends = rng.random(nodes) < draw(st.sampled_from([0.0, 0.3, 0.7]))
    ends[-1] = True
    successor = np.where(ends, -1, np.arange(1, nodes + 1)).astype(np.int32)
    count = draw(st.integers(0, 10))
    edges = Edges(
        src=rng.integers(0, nodes, count).astype(np.int32),
        dst=rng.integers(0, nodes, count).astype(np.int32),
        cost=rng.integers(0, 4, count).astype(np.float32) / 4,
        successor=successor,
    )
    node_cost = rng.integers(0, 9, (steps, nodes)).astype(np.float32) / 8
    node_cost[rng.random(node_cost.shape) < 0.1] = np.inf
    return node_cost, edges, draw(st.integers(1, 4))


CONFIG = SearchConfig(jump_cost=0.25, edge_weight=1.0, early_penalty=0.5)


@settings(max_examples=300, deadline=None)
@given(problems())
def test_cheapest_path_equals_brute_force(problem):
    node_cost, edges, min_dwell = problem
    expected = brute_force(node_cost, edges, min_dwell, None, CONFIG)
    if not np.isfinite(expected):
        with pytest.raises(InputError, match="no path"):
            search_path(node_cost, edges, min_dwell=min_dwell, config=CONFIG)
        return
    path = search_path(node_cost, edges, min_dwell=min_dwell, config=CONFIG)
    assert path.cost == pytest.approx(expected, abs=1e-5)
    assert path.gap == pytest.approx(0, abs=1e-5)
    natural = edges.successor[path.nodes[:-1]] == path.nodes[1:]
    assert np.array_equal(np.flatnonzero(~natural) + 1, path.seams)


@settings(max_examples=60, deadline=None)
@given(problems(), st.integers(1, 3))
def test_limits_are_kept_and_the_bound_is_one(problem, max_reuse):
    node_cost, edges, min_dwell = problem
    limited = brute_force(node_cost, edges, min_dwell, max_reuse, CONFIG)
    limits = {"max_reuse": max_reuse}
    config = dataclasses.replace(CONFIG, rounds=60)
    too_few = max_reuse * np.isfinite(node_cost).any(axis=0).sum() < len(node_cost)
    if too_few or not np.isfinite(brute_force(node_cost, edges, min_dwell, None, CONFIG)):
        assert not np.isfinite(limited)
        with pytest.raises(InputError, match="cannot fill" if too_few else "no path"):
            search_path(node_cost, edges, min_dwell=min_dwell, config=config, **limits)
        return
    path = search_path(node_cost, edges, min_dwell=min_dwell, config=config, **limits)
    assert path.bound <= limited + 1e-4
    keeps = np.bincount(path.nodes).max() <= max_reuse
    assert path.feasible == keeps
    assert path.overused == np.maximum(np.bincount(path.nodes) - max_reuse, 0).sum()
    if keeps:
        assert limited - 1e-5 <= path.cost <= limited + path.gap + 1e-4
    assert path_cost(path.nodes, path.seams, node_cost, edges, min_dwell=min_dwell, config=CONFIG) == pytest.approx(
        path.cost, abs=1e-5
    )


def loop(nodes=40):
    """One run with jumps of equal cost from everywhere to everywhere."""
    src, dst = np.meshgrid(np.arange(nodes), np.arange(nodes), indexing="ij")
    successor = np.append(np.arange(1, nodes), -1).astype(np.int32)
    cost = np.full(src.size, 0.2, np.float32)
    return Edges(src.reshape(-1).astype(np.int32), dst.reshape(-1).astype(np.int32), cost, successor)


def test_reuse_limit_is_met_on_a_small_avatar_with_a_small_gap():
    edges = loop()
    node_cost = np.random.default_rng(3).random((200, 40), dtype=np.float32)
    node_cost[:, 10:14] *= 0.02  # four clips that everybody wants
    limit = even_reuse(200, 40)
    free = search_path(node_cost, edges, min_dwell=3)
    path = search_path(node_cost, edges, min_dwell=3, max_reuse=limit)
    assert free.most_used > limit >= path.most_used
    assert path.feasible
    assert path.bound >= free.cost - 1e-3
    assert path.gap < 0.15 * path.cost


def test_dwell_is_kept_and_seeds_differ():
    edges = loop()
    node_cost = np.random.default_rng(1).random((60, 40), dtype=np.float32)
    first, seeded = (search_path(node_cost, edges, min_dwell=4, seed=seed) for seed in (0, 5))
    for path in (first, seeded):
        assert np.diff(path.seams, prepend=0).min() >= 4
    assert (first.nodes != seeded.nodes).mean() > 0.3
    assert first.cost <= seeded.cost < first.cost * 1.2
    assert np.array_equal(seeded.nodes, search_path(node_cost, edges, min_dwell=4, seed=5).nodes)


def test_one_clip_plays_over_and_over():
    edges = Edges(np.zeros(1, np.int32), np.zeros(1, np.int32), np.full(1, 1.5, np.float32), np.full(1, -1, np.int32))
    path = search_path(np.zeros((5, 1), np.float32), edges)
    assert path.nodes.tolist() == [0] * 5
    assert path.seams.tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("cost", "fault"),
    [
        (np.zeros((0, 40)), "shape"),
        (np.zeros((3, 39)), "39 clips"),
        (np.full((3, 40), np.nan), "NaN"),
        (np.where(np.arange(120).reshape(3, 40) == 71, np.nan, 0.5), "NaN"),
        (np.where(np.arange(120).reshape(3, 40) == 71, -np.inf, 0.5), "-inf"),
        (np.full((3, 40), np.inf), "no path"),
    ],
)
def test_malformed_costs_are_named(cost, fault):
    with pytest.raises(InputError, match=fault):
        search_path(cost.astype(np.float32), loop())


def test_impossible_reuse_says_what_is_possible():
    with pytest.raises(InputError, match="at least 3"):
        search_path(np.zeros((81, 40), np.float32), loop(), max_reuse=2)


def test_nothing_flips_back_and_forth():
    """Speech that wants two places in turn, 0.8 s each, while a third fits nearly as well."""
    edges = loop(60)
    cost = np.ones((180, 60), np.float32)
    turn = np.arange(180) // 6 % 2 == 0
    cost[np.ix_(turn, range(0, 10))] = 0.0
    cost[np.ix_(~turn, range(20, 30))] = 0.0
    cost[:, 35:60] = 0.3
    free = search_path(cost, edges)
    assert flips(free, edges, 30) > 5
    path = search_path(cost, edges, repeat_within=30)
    assert path.feasible
    assert path.repeats == 0 == flips(path, edges, 30)
    assert path.bound >= free.cost - 1e-3


def flips(path, edges, within):
    """Jumps A-B that come back within so many slots and some other jump; places reach half a second."""
    found = 0
    for a, b in itertools.combinations(range(len(path.seams)), 2):
        t, u = path.seams[a], path.seams[b]
        same = abs(path.nodes[t - 1] - path.nodes[u - 1]) <= 4 and abs(path.nodes[t] - path.nodes[u]) <= 4
        found += bool(b > a + 1 and u - t <= within and same)
    return found


def test_unreachable_clips_are_left_alone_unless_they_are_best():
    successor = np.array([1, 2, -1, 4, 5, -1], np.int32)
    back = Edges(np.array([2], np.int32), np.array([0], np.int32), np.zeros(1, np.float32), successor)
    cost = np.ones((9, 6), np.float32)
    cost[:, 3:] = 0.0  # three slots of free footage that nothing leads out of
    path = search_path(cost, back)
    assert set(path.nodes.tolist()) == {0, 1, 2}
    assert search_path(cost[:3], back).nodes.tolist() == [3, 4, 5]


def test_empty_graphs_and_costs_are_named():
    nothing = np.zeros(0, np.int32)
    with pytest.raises(InputError, match="at least one of each"):
        search_path(np.zeros((4, 0), np.float32), Edges(nothing, nothing, np.zeros(0, np.float32), nothing))
    one = Edges(nothing, nothing, np.zeros(0, np.float32), np.full(1, -1, np.int32))
    assert search_path(np.zeros((1, 1), np.float32), one).nodes.tolist() == [0]
    with pytest.raises(InputError, match="no path"):
        search_path(np.zeros((2, 1), np.float32), one)


def test_clips_that_nothing_leads_out_of_are_named_when_they_are_all_there_is():
    successor = np.array([1, -1, 3, -1], np.int32)
    nothing = np.zeros(0, np.int32)
    islands = Edges(nothing, nothing, np.zeros(0, np.float32), successor)
    assert search_path(np.zeros((2, 4), np.float32), islands, max_reuse=1).nodes.tolist() in ([0, 1], [2, 3])
    with pytest.raises(InputError, match=r"no path of 5 clips .* join the graph"):
        search_path(np.zeros((5, 4), np.float32), islands, max_reuse=3, repeat_within=2)


@pytest.mark.parametrize("limits", [{"repeat_within": -1}, {"min_dwell": 0}])
def test_impossible_settings_are_named(limits):
    with pytest.raises(InputError, match=next(iter(limits))):
        search_path(np.zeros((3, 40), np.float32), loop(), **limits)
