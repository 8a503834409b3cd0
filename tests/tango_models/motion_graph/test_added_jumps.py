"""Bridges between videos that nothing else joins."""

import numpy as np

from tango_models.motion_graph.added_jumps import join
from tango_models.motion_graph.edge_config import EdgeConfig
from tango_models.motion_graph.graph import assemble_graph, build_graph
from tests.tango_models.motion_graph.test_graph import speaker


def test_only_what_is_needed_is_added_and_it_costs_what_is_seen_of_it():
    videos = [speaker(40), speaker(30, seed=1)]
    bare = assemble_graph(videos, [])
    graph = join(bare, videos)
    assert 2 <= len(graph.jumps) <= 12  # 4 in each round at most, of 70 clips
    assert graph.bridge.all()
    rich = build_graph(videos, EdgeConfig(budget_other=1000, budget_same=1000, budget_node=10_000))
    price = dict(zip(zip(rich.jumps.src.tolist(), rich.jumps.dst.tolist(), strict=True), rich.jumps.cost, strict=True))
    for src, dst, cost in zip(graph.jumps.src.tolist(), graph.jumps.dst.tolist(), graph.jumps.cost, strict=True):
        assert np.isclose(price[src, dst], cost)
    assert not join(build_graph(videos), videos).bridge.any()
