"""The parts of the search within limits, each on its own."""

import numpy as np
import pytest

from tango_models.motion_graph.graph import Edges
from tango_models.motion_graph.search.beam import beam_path
from tango_models.motion_graph.search.limits import Limits, excess
from tango_models.motion_graph.search.mending import mend
from tango_models.motion_graph.search.multipliers import Prices
from tango_models.motion_graph.search.objective import Objective
from tango_models.motion_graph.search.repeats import places
from tango_models.motion_graph.search.viterbi import group_by_destination


def problem(steps=90, nodes=30, seed=0):
    """Two runs, jumps at random, four clips that every slot wants."""
    rng = np.random.default_rng(seed)
    successor = np.append(np.arange(1, nodes), -1).astype(np.int32)
    successor[nodes // 2] = -1
    src, dst = rng.integers(0, nodes, (2, 8 * nodes)).astype(np.int32)
    edges = Edges(src, dst, np.full(src.size, 0.3, np.float32), successor)
    cost = rng.random((steps, nodes), dtype=np.float32)
    cost[:, 5:9] *= 0.1
    objective = Objective(group_by_destination(edges, edges.cost), 3, 1.0)
    limits = Limits(np.full(nodes, 4), 20, 10, places(successor))
    return cost, objective, limits


def cost_of(cost, objective, path):
    nodes, jumped = path
    return float(cost[np.arange(len(nodes)), nodes].sum()) + objective.jumps(nodes, jumped)


def test_beam_keeps_limits_that_the_optimum_breaks():
    cost, objective, limits = problem()
    nodes, jumped, best = objective.best(cost)
    assert excess(nodes, jumped, limits).total > 10
    path = beam_path(cost, objective, limits, Prices.none(30), width=2000, per_state=50, fine=8.0)
    assert excess(*path, limits).total <= 2
    assert cost_of(cost, objective, path) >= best


def test_beam_without_limits_is_the_optimum():
    cost, objective, limits = problem()
    free = Limits(None, None, 0, limits.place)
    path = beam_path(cost, objective, free, Prices.none(30), width=500, per_state=50, fine=8.0)
    assert cost_of(cost, objective, path) == pytest.approx(objective.best(cost)[2], abs=1e-3)


def test_beam_says_that_there_is_no_path():
    edges = Edges(np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, np.float32), np.array([1, -1], np.int32))
    objective = Objective(group_by_destination(edges, edges.cost), 3, 1.0)
    limits = Limits(np.full(2, 5), None, 0, places(edges.successor))
    cost = np.zeros((4, 2), np.float32)
    assert beam_path(cost, objective, limits, Prices.none(2), width=100, per_state=5, fine=8.0) is None


@pytest.mark.parametrize("before", [None, (7, 1)])
def test_mending_ends_within_the_limits_and_tells_the_truth(before):
    cost, objective, limits = problem()
    limits = Limits(limits.uses, limits.jumps, limits.repeat_within, limits.place, before=before)
    nodes, jumped, _ = objective.best(cost, before=before)
    given = {"work": 100_000, "noise": 0.3, "heat": 1.0, "fines": (4.0, 40.0), "enough": -np.inf, "seed": 1}
    found = mend(cost, objective, limits, Prices.none(30), nodes, jumped, **given)
    assert found.over == excess(found.nodes, found.jumped, limits).total == 0
    cost_of_nodes = float(cost[np.arange(90), found.nodes].astype(np.float64).sum())
    assert found.cost == pytest.approx(cost_of_nodes + objective.jumps(found.nodes, found.jumped, before), abs=1e-4)
    again = mend(cost, objective, limits, Prices.none(30), nodes, jumped, **given)
    assert np.array_equal(again.nodes, found.nodes)
