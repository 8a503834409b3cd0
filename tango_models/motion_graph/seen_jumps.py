"""A path searched again around the jumps whose seams were made, looked at, and found to pop.

What a jump is predicted to show and what is seen of it in the end go together loosely; a seam that was made can be
measured. Few are bad, and a path has other ways: around each of them it is searched again, with a price for what was
seen by which such a jump is taken for want of anything else only. The rest of the path, and its seams, stay.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tango_models.metrics.seam_visibility import POP
from tango_models.motion_graph.graph import Edges
from tango_models.motion_graph.search.cost_rows import CostRows
from tango_models.motion_graph.search.path_search import Path, path_cost, search_path

_ALIKE = 4  # clips on either side: a jump from about there to about there shows about the same
_DEARER = 2.0
"""Times what the predicted price of such a seam would be: a prediction errs, this is known. With 1.5 three of 37 seams
of a news desk were still seen to pop for the sake of silence and beats, with this none of 43."""
_MOST = 4.0  # as with that, none is worse than the other from there on, and none becomes a cut
_FREE = 10  # slots (1.3 s) on either side that are searched again

SeenNodes = Sequence[tuple[int, int, float]]
"""The node that a jump leaves, the one it arrives at, and how visible its seam is, as by `visibility_between`."""


def search_without(
    path: Path, rows: CostRows, edges: Edges, seen: SeenNodes, *, max_reuse: int, repeat_within: int, **how: Any
) -> Path:
    """A path of the same costs, for another way around those of its jumps that were seen.

    Args:
        path, rows, edges: what `search_path` found, and in what. how: its `min_dwell`, `phrase` and `config`.

    Returns:
        the path itself where none of its jumps was seen. `cost` is by the edges as they were given.
    """
    jumps = {(src, dst) for src, dst, _ in seen}
    bad = [t for t in path.seams.tolist() if (int(path.nodes[t - 1]), int(path.nodes[t])) in jumps]
    if not bad:
        return path
    free = np.zeros(len(path.nodes), bool)
    for t in bad:
        free[max(0, t - _FREE) : t + _FREE] = True
    pinned, priced = _Pinned(rows, path.nodes, free), priced_as_seen(edges, seen)
    found = search_path(pinned, priced, max_reuse=max_reuse, repeat_within=repeat_within, **how)
    return replace(found, cost=path_cost(found.nodes, found.seams, rows, edges, **how), bound=path.bound)


def priced_as_seen(edges: Edges, seen: SeenNodes) -> Edges:
    """Edges whose cost is at least what was seen of them, or of one from about the same clip to about the same clip."""
    cost = np.array(edges.cost, np.float32)
    for src, dst, visibility in seen:
        near = (np.abs(edges.src - src) <= _ALIKE) & (np.abs(edges.dst - dst) <= _ALIKE)
        cost[near] = np.maximum(cost[near], min(_DEARER * visibility / POP, _MOST))
    return replace(edges, cost=cost)


@dataclass(frozen=True)
class _Pinned:
    """Rows of node costs with nothing but a path's own node in the slots that are not free."""

    rows: CostRows
    path: np.ndarray
    """(T,) nodes."""
    free: np.ndarray
    """(T,) bool."""

    @property
    def shape(self) -> tuple[int, ...]:
        return self.rows.shape

    def __getitem__(self, rows: slice) -> np.ndarray:
        cost = np.array(self.rows[rows], np.float32)
        first, stop, _ = rows.indices(self.shape[0])
        held = np.flatnonzero(~self.free[first:stop])
        own = self.path[first + held]
        kept = cost[held, own]
        cost[held] = np.inf
        cost[held, own] = kept
        return cost
