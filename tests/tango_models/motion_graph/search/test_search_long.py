"""Speech too long to be searched at once."""

import dataclasses

import numpy as np
import pytest

from tango_models.errors import InputError
from tango_models.motion_graph.reuse import even_reuse
from tango_models.motion_graph.search.path_search import Edges, path_cost, search_path
from tango_models.motion_graph.search.search_config import SearchConfig

LAG = SearchConfig(exact_cells=0, window=120, lag=60)


def graph(nodes=90, jumps=900, seed=0):
    rng = np.random.default_rng(seed)
    successor = np.arange(1, nodes + 1, dtype=np.int32)
    successor[29::30] = -1
    src, dst = rng.integers(0, nodes, (2, jumps)).astype(np.int32)
    return Edges(src, dst, rng.random(jumps, dtype=np.float32), successor)


class Rows:
    """Costs computed when asked for; remembers how many rows were asked for at once."""

    def __init__(self, cost):
        self.cost, self.most = cost, 0

    @property
    def shape(self):
        return self.cost.shape

    def __getitem__(self, rows):
        part = self.cost[rows]
        self.most = max(self.most, len(part))
        return part


def test_fixed_lag_costs_hardly_more_than_the_optimum():
    cost = np.random.default_rng(1).random((900, 90), dtype=np.float32)
    exact = search_path(cost, graph())
    lagged = search_path(cost, graph(), config=LAG)
    assert exact.cost - 1e-3 <= lagged.cost <= 1.01 * exact.cost
    assert np.diff(lagged.seams, prepend=0).min() >= 3
    assert lagged.bound == -np.inf
    again = path_cost(lagged.nodes, lagged.seams, cost, graph(), min_dwell=3, config=LAG)
    assert again == pytest.approx(lagged.cost)


def test_rows_are_asked_for_piece_by_piece(monkeypatch):
    monkeypatch.setattr("tango_models.motion_graph.search.cost_rows._BLOCK", 90 * 100)
    cost = np.random.default_rng(1).random((900, 90), dtype=np.float32)
    rows = Rows(cost)
    path = search_path(rows, graph(), config=LAG, seed=3)
    assert rows.most <= LAG.window
    assert np.array_equal(path.nodes, search_path(cost, graph(), config=LAG, seed=3).nodes)


def test_uses_are_spread_over_the_whole_speech():
    cost = np.random.default_rng(2).random((1200, 90), dtype=np.float32)
    cost[:, 10:16] *= 0.1
    limit = even_reuse(1200, 90)
    path = search_path(cost, graph(), max_reuse=limit, config=dataclasses.replace(LAG, limited_steps=600))
    assert path.feasible
    assert path.most_used <= limit
    half = np.bincount(path.nodes[:600], minlength=90).max()
    assert half <= limit // 2 + 3


def test_a_dead_end_beyond_the_lag_is_not_walked_into():
    successor = np.append(np.arange(1, 300), -1).astype(np.int32)
    successor[49] = -1  # a run that can be played for ever, and one that ends
    edges = Edges(np.array([49], np.int32), np.array([0], np.int32), np.zeros(1, np.float32), successor)
    cost = np.ones((400, 300), np.float32)
    cost[:, 50:] = 0.0
    path = search_path(cost, edges, config=LAG)
    assert path.nodes.max() < 50


def test_a_provider_that_gives_other_rows_is_named():
    class Wrong(Rows):
        def __getitem__(self, rows):
            return self.cost[rows][:, :5]

    with pytest.raises(InputError, match="have shape"):
        search_path(Wrong(np.zeros((50, 90), np.float32)), graph())
