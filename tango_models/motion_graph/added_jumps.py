"""Jumps that are added to the cheapest of each clip: bridges that join a motion graph into one strongly connected
component."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tango_models.motion_graph.edge_config import EdgeConfig
from tango_models.motion_graph.edges import EdgeArrays, Judge, concatenate_edges
from tango_models.motion_graph.features import FrameFeatures
from tango_models.motion_graph.graph import MotionGraph

# A bridge back into the last second would loop there; it is taken only when there is nothing farther away.
_SHORTEST_LOOP = 8
_CANDIDATES = 16


def join(graph: MotionGraph, videos: Sequence[FrameFeatures], config: EdgeConfig | None = None) -> MotionGraph:
    """Add the cheapest bridges until every usable clip can be reached from every other one.

    In rounds: every component that nothing leads out of gets its cheapest jump to a clip outside, every component that
    nothing leads into its cheapest jump from outside, as in Borůvka's spanning tree; each round at least halves the
    number of such ends. A bridge costs what is seen of it, as every jump.
    A single clip gets a jump to its own start; a run that nothing resembles, a jump from its end to its beginning.

    Args:
        graph: over the clips of `videos`, in that order.

    Returns:
        The same nodes; `jumps` with the bridges added and flagged in `bridge`. Deterministic.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    config = config or EdgeConfig()
    judge = Judge(videos, config)
    usable = np.flatnonzero(graph.usable)
    bridges: list[EdgeArrays] = []
    if usable.size == 1 and not (graph.jumps.src == usable[0]).any():
        bridges.append(judge.score(usable, usable))
    while True:
        src, dst = _all_edges(graph, bridges)
        matrix = coo_array((np.ones(src.size, np.int8), (src, dst)), shape=(graph.nodes, graph.nodes))
        _, label = connected_components(matrix, directed=True, connection="strong")
        label = np.where(graph.usable, label, -1)
        if np.unique(label[usable]).size == 1:
            break
        across = label[src] != label[dst]
        leaving, entering = set(label[src[across]].tolist()), set(label[dst[across]].tolist())
        added: dict[tuple[int, int], EdgeArrays] = {}
        # components in the order of their first clip, so that nothing hangs on how scipy numbers them
        for component in dict.fromkeys(label[usable].tolist()):
            inside, outside = usable[label[usable] == component], usable[label[usable] != component]
            if component not in leaving:
                bridge = _cheapest(judge, inside, outside)
                added[int(bridge.src[0]), int(bridge.dst[0])] = bridge
            if component not in entering:
                bridge = _cheapest(judge, outside, inside)
                added[int(bridge.src[0]), int(bridge.dst[0])] = bridge
        bridges.extend(added.values())
    return _with_bridges(graph, bridges)


def _all_edges(graph: MotionGraph, bridges: list[EdgeArrays]) -> tuple[np.ndarray, np.ndarray]:
    natural = np.flatnonzero(graph.successor >= 0)
    src = [natural, graph.jumps.src, *(bridge.src for bridge in bridges)]
    dst = [graph.successor[natural], graph.jumps.dst, *(bridge.dst for bridge in bridges)]
    return np.concatenate(src).astype(np.int64), np.concatenate(dst).astype(np.int64)


def _with_bridges(graph: MotionGraph, bridges: list[EdgeArrays]) -> MotionGraph:
    jumps = concatenate_edges([graph.jumps, *bridges])
    new = {(int(bridge.src[0]), int(bridge.dst[0])) for bridge in bridges}
    old = {(int(s), int(d)) for s, d, flag in zip(graph.jumps.src, graph.jumps.dst, graph.bridge, strict=True) if flag}
    flagged = new | old
    bridge = np.array([pair in flagged for pair in zip(jumps.src.tolist(), jumps.dst.tolist(), strict=True)], bool)
    return replace(graph, jumps=jumps, bridge=bridge.reshape(len(jumps)))


def _cheapest(judge: Judge, src: np.ndarray, dst: np.ndarray) -> EdgeArrays:
    """The cheapest jump from any clip of `src` to any of `dst`; short loops back only when there is no other."""
    for separation in (_SHORTEST_LOOP, judge.config.separation, 0):
        a, b = judge.nearest(src, dst, _CANDIDATES, separation=separation)
        if a.size:
            edges = judge.score(a, b)
            return edges.take(np.lexsort((edges.dst, edges.src, edges.cost))[:1])
    raise AssertionError("two disjoint sets of clips always have a pair between them")
