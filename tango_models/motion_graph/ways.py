"""More jumps for short footage, which has few that are admissible by themselves."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tango_models.motion_graph.connectivity import Judge
from tango_models.motion_graph.edges import EdgeConfig, concatenate_edges
from tango_models.motion_graph.features import FrameFeatures
from tango_models.motion_graph.graph import MotionGraph

_WAYS = 4
"""Jumps that every clip should have. Three real speakers with 13 s of footage each had 1.5, 2.2 and 5.6 on average: too
few to show no clip more than six times in a minute and to rest in its pauses."""
_MOST_COST = 0.8
"""From about 0.7 on a hand is seen to change place; the bridges that such footage is played by without these jumps cost
0.9 to 1.5."""
_MOST_WORST = 1.5
"""No term beyond so many times the threshold of the source's own surroundings."""
_LARGEST = 2_000
"""Clips above which nothing is added: 4 minutes of footage have jumps enough, and every pair is judged."""


def add_ways(graph: MotionGraph, videos: Sequence[FrameFeatures], config: EdgeConfig | None = None) -> MotionGraph:
    """Up to `_WAYS` jumps out of every clip: the cheapest among those that nearly are admissible.

    Args:
        graph: over the clips of `videos`, in that order.

    Returns:
        The same nodes; `jumps` with those added, not flagged in `bridge`: by cost they are as good as admissible ones.
        Large graphs come back as they are. Deterministic.
    """
    if graph.nodes > _LARGEST:
        return graph
    config = config or EdgeConfig()
    judge = Judge.of_videos(videos, config)
    usable = np.flatnonzero(graph.usable)
    has = np.bincount(graph.jumps.src, minlength=graph.nodes)
    given = {*zip(graph.jumps.src.tolist(), graph.jumps.dst.tolist(), strict=True)}
    parts = []
    for clip in usable[has[usable] < _WAYS].tolist():
        step = usable - clip
        far = (judge.run[usable] != judge.run[clip]) | (np.abs(step) > config.separation)
        target = usable[far & (usable != graph.successor[clip])]
        target = target[[(clip, node) not in given for node in target.tolist()]]
        if not target.size:
            continue
        edges, worst = judge.judged(np.full(target.size, clip), target)
        fits = np.flatnonzero((edges.cost <= _MOST_COST) & (worst <= _MOST_WORST))
        parts.append(edges.take(fits[np.argsort(edges.cost[fits], kind="stable")][: _WAYS - has[clip]]))
    jumps = concatenate_edges([graph.jumps, *parts])
    flagged = {*zip(graph.jumps.src[graph.bridge].tolist(), graph.jumps.dst[graph.bridge].tolist(), strict=True)}
    bridge = [pair in flagged for pair in zip(jumps.src.tolist(), jumps.dst.tolist(), strict=True)]
    return replace(graph, jumps=jumps, bridge=np.array(bridge, bool))
