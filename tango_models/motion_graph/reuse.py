"""How often a clip may be shown, and how soon a jump may come again: what keeps a path from being seen to repeat."""

import numpy as np

from tango_models.motion_graph.edge_config import CUT, WORST
from tango_models.motion_graph.graph import Edges


def even_reuse(steps: int, nodes: int) -> int:
    """A `max_reuse` that spreads `steps` over `nodes` evenly with some room: 1.25 times the mean, but at least 3, so
    that short speech need not leave its rests."""
    return max(-(-5 * steps // (4 * max(nodes, 1))), 3)


def repeat_window(nodes: int) -> int:
    """A `repeat_within`: 4 s, or a third of the footage where that is less."""
    return min(30, nodes // 3)


def clips_to_share(edges: Edges, usable: np.ndarray) -> int:
    """Over how many clips uses are spread: those that a path goes round in without a jump that everybody sees.

    Where something in the picture changes for good, an inset picture say, footage falls into parts that no jump joins
    unseen. A limit over all clips would send the path through such a jump for no other reason than to be even (a news
    desk of 73 clips of which 48 hang together: once a minute, seen as 10 times what just can be). So where most clips
    hang together, by jumps that can be made or by cuts into another scene, which nobody misses, the limit is theirs;
    where no part has most, variety is worth a jump.

    Args:
        usable: (N,) bool, clips that may be shown.

    Returns:
        1 to N; 0 where no clip is usable.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    nodes = len(edges.successor)
    cost = np.asarray(edges.cost)
    unseen = (cost < WORST) | (cost >= CUT)
    followed = np.flatnonzero(edges.successor >= 0)
    src = np.concatenate([np.asarray(edges.src)[unseen], followed])
    dst = np.concatenate([np.asarray(edges.dst)[unseen], np.asarray(edges.successor)[followed]])
    there = usable[src] & usable[dst]
    matrix = coo_array((np.ones(int(there.sum()), np.int8), (src[there], dst[there])), shape=(nodes, nodes))
    _, label = connected_components(matrix, directed=True, connection="strong")
    shown = int(usable.sum())
    largest = int(np.bincount(label[usable]).max()) if shown else 0
    return largest if 2 * largest > shown else shown
