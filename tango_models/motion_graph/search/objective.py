"""What a path costs, and the cheapest one without limits."""

import numpy as np

from tango_models.errors import InputError
from tango_models.motion_graph.search.viterbi import IncomingEdges, best_path

Before = tuple[int, int]
"""The node shown before a path, and how many clips of its passage were shown by then, itself counted."""


class Objective:
    """Node costs along a path, its jumps, and `early_penalty` for jumps that leave a run's end too early.

    Args:
        phrase: (T,) of all slots, see `viterbi.best_path`.
    """

    def __init__(
        self, incoming: IncomingEdges, min_dwell: int, early_penalty: float, phrase: np.ndarray | None = None
    ) -> None:
        self.incoming, self.min_dwell, self.early_penalty = incoming, min_dwell, early_penalty
        self.phrase = None if phrase is None else np.asarray(phrase, bool)
        nodes = len(incoming.start) - 1
        self.dst = np.repeat(np.arange(nodes, dtype=np.int64), np.diff(incoming.start))
        key = self.dst * nodes + incoming.src  # ascending: edges are grouped by destination, then by source
        first = np.flatnonzero(np.diff(key, prepend=-1))
        self._key = key[first]
        self._cheapest, self._within = (
            np.minimum.reduceat(cost.astype(np.float64), first) if key.size else np.zeros(0)
            for cost in (incoming.cost, incoming.within)
        )

    def best(
        self,
        node_cost: np.ndarray,
        *,
        barred: tuple[np.ndarray, float] | None = None,
        before: Before | None = None,
        start: int = 0,
    ) -> tuple[np.ndarray, np.ndarray, float]:
        """See `viterbi.best_path`; `start`: the slot of the first row. InputError: there is no path."""
        nodes, jumped, total = best_path(
            node_cost,
            self.incoming,
            min_dwell=self.min_dwell,
            early_penalty=self.early_penalty,
            phrase=None if self.phrase is None else self.phrase[start : start + len(node_cost)],
            barred=barred,
            before=before,
        )
        if not np.isfinite(total):
            fault = f"no path of {len(node_cost)} clips exists through its jumps"
            raise InputError("motion graph", fault, "join the graph, or lower min_dwell")
        return nodes, jumped, total

    def jumps(self, nodes: np.ndarray, jumped: np.ndarray) -> float:
        """What the jumps of a path (T,) cost. KeyError when it jumps where there is no edge."""
        time = np.flatnonzero(jumped)
        if not time.size:
            return 0.0
        count = len(self.incoming.start) - 1
        key = nodes[time].astype(np.int64) * count + nodes[time - 1]
        at = np.minimum(np.searchsorted(self._key, key), max(len(self._key) - 1, 0))
        if not self._key.size or (self._key[at] != key).any():
            raise KeyError("the path jumps where there is no edge")
        entered = np.concatenate([[0], time[:-1]])
        within = False if self.phrase is None else self.phrase[time]
        cost = float(np.where(within, self._within[at], self._cheapest[at]).sum())
        return cost + self.early_penalty * int((time - entered < self.min_dwell).sum())
