"""What makes other seeds choose other clips."""

from dataclasses import dataclass, replace

import numpy as np

from tango_models.motion_graph.search.cost_rows import CostRows

_PASSAGE = 8
"""Clips that a seed likes or dislikes together: about a second."""
_ABOUT = 2
"""Slots each way within which the same clip is the same choice."""


@dataclass(frozen=True)
class PricedRows:
    """Rows of node costs with a taste per node added, and with what some paths show made dearer when they show it."""

    rows: CostRows
    taste: np.ndarray | None = None
    """(N,) float32."""
    paths: tuple[tuple[np.ndarray, float], ...] = ()
    """Nodes (T,) and what showing one of them costs more, within `_ABOUT` slots."""

    @property
    def shape(self) -> tuple[int, ...]:
        return self.rows.shape

    def discouraging(self, nodes: np.ndarray, amount: float) -> "PricedRows":
        """The same with one more path."""
        return replace(self, paths=(*self.paths, (nodes, amount)))

    def __getitem__(self, rows: slice) -> np.ndarray:
        cost = self.rows[rows]
        if self.taste is None and not self.paths:
            return cost
        cost = np.array(cost, np.float32)
        start, stop, _ = rows.indices(self.shape[0])
        if self.taste is not None:
            cost += self.taste[None, :]
        for nodes, amount in self.paths:
            for shift in range(-_ABOUT, _ABOUT + 1):
                t = np.arange(max(start, shift), min(stop, len(nodes) + shift))
                cost[t - start, nodes[t - shift]] += np.float32(amount)
        return cost


def passage_taste(nodes: int, seed: int) -> np.ndarray:
    """(N,) float32 in [0, 1), the same for all clips of a passage."""
    passages = -(-nodes // _PASSAGE)
    return np.random.default_rng(seed).random(passages, dtype=np.float32).repeat(_PASSAGE)[:nodes]
