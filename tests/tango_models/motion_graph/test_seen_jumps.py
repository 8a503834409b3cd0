"""Jumps that were seen to pop: dear to a path from then on, those beside them too, and still no cut."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tango_models.motion_graph.edge_config import CUT
from tango_models.motion_graph.graph import Edges
from tango_models.motion_graph.search.path_search import path_cost, search_path
from tango_models.motion_graph.search.search_config import SearchConfig
from tango_models.motion_graph.seen_jumps import priced_as_seen, search_without

N = 40


def edges(src, dst, cost):
    successor = np.arange(1, N + 1, dtype=np.int32)
    successor[-1] = -1
    return Edges(np.array(src, np.int32), np.array(dst, np.int32), np.array(cost, np.float32), successor)


def test_a_path_takes_another_way_round_a_jump_that_was_seen():
    graph = edges([10, 20], [30, 32], [0.5, 0.6])
    wanted = np.full((16, N), 3.0, np.float32)
    for t in range(16):  # the first clips, then the last ones
        wanted[t, 3 + t if t < 8 else 22 + t] = 0.0
    first = search_path(wanted, graph, min_dwell=1)
    taken = [(int(first.nodes[t - 1]), int(first.nodes[t])) for t in first.seams]
    assert taken == [(10, 30)]
    again = search_path(wanted, priced_as_seen(graph, [(10, 30, 4.0)]), min_dwell=1)
    assert (10, 30) not in [(int(again.nodes[t - 1]), int(again.nodes[t])) for t in again.seams]
    only = priced_as_seen(edges([10], [30], [0.5]), [(10, 30, 2.6)])
    assert len(search_path(10 * wanted, only, min_dwell=1).seams) == 1  # for want of another way


@given(
    seed=st.integers(0, 10**6),
    steps=st.integers(1, 90),
    seen=st.lists(st.floats(2.5, 9), min_size=1, max_size=3),
)
def test_away_from_what_was_seen_the_path_stays_and_no_limit_is_forgotten(seed, steps, seen):
    random = np.random.default_rng(seed)
    count = 300
    graph = edges(random.integers(0, N, count), random.integers(0, N, count), random.random(count))
    back = edges(range(N), [0] * N, [3.0] * N)  # every clip has a way on
    graph = Edges(
        *(np.concatenate([getattr(graph, f), getattr(back, f)]) for f in ("src", "dst", "cost")), graph.successor
    )
    rows = random.random((steps, N), np.float32) * 4
    limits, how = (
        {"max_reuse": max(3, -(-2 * steps // N)), "repeat_within": 6},
        {"min_dwell": 2, "phrase": None, "config": SearchConfig()},
    )
    path = search_path(rows, graph, **limits, **how)
    bad = path.seams[: len(seen)].tolist()
    jumps = [(int(path.nodes[t - 1]), int(path.nodes[t]), v) for t, v in zip(bad, seen, strict=False)]
    again = search_without(path, rows, graph, jumps, **limits, **how)
    if not jumps:
        assert again is path
        return
    all_bad = {(a, b) for a, b, _ in jumps}
    places = [t for t in path.seams.tolist() if (int(path.nodes[t - 1]), int(path.nodes[t])) in all_bad]
    near = np.zeros(steps, bool)
    for t in places:
        near[max(0, t - 10) : t + 10] = True
    assert (again.nodes[~near] == path.nodes[~near]).all()
    assert again.cost >= path.bound - 1e-3 or not again.feasible
    assert np.isclose(again.cost, path_cost(again.nodes, again.seams, rows, graph, **how), rtol=1e-4)
    price = priced_as_seen(graph, jumps)
    dear = [path_cost(p.nodes, p.seams, rows, price, **how) for p in (path, again)]
    assert dear[1] <= dear[0] + 1e-3 or not (path.feasible and again.feasible)


@given(
    jumps=st.lists(st.tuples(st.integers(0, N - 1), st.integers(0, N - 1), st.floats(0, 9)), max_size=30),
    seen=st.lists(st.tuples(st.integers(0, N - 1), st.integers(0, N - 1), st.floats(2.5, 60)), max_size=5),
)
def test_nothing_gets_cheaper_or_a_cut_and_what_lies_elsewhere_costs_what_it_did(jumps, seen):
    graph = edges(*(zip(*jumps, strict=True) if jumps else ([], [], [])))
    priced = priced_as_seen(graph, seen)
    assert (priced.cost >= graph.cost).all()
    for src, dst, before, now in zip(graph.src, graph.dst, graph.cost, priced.cost, strict=True):
        near = [v for a, b, v in seen if abs(a - src) <= 4 and abs(b - dst) <= 4]
        assert now == before if not near else now >= min(1.5, before)
        assert now < CUT or before >= CUT
        if any((a, b) == (src, dst) for a, b, _ in seen):
            assert now >= 1.5  # ten times what a jump costs as a rule
