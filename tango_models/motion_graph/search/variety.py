"""What makes other seeds choose other clips."""

from dataclasses import dataclass

import numpy as np

from tango_models.motion_graph.search.cost_rows import CostRows

_PASSAGE = 8
"""Clips that a seed likes or dislikes together: about a second."""
_ABOUT = 2
"""Slots each way within which the same clip is the same choice."""


@dataclass(frozen=True)
class PricedRows:
    """Rows of node costs with a taste per node added, and with what a path shows made dearer when it shows it."""

    rows: CostRows
    taste: np.ndarray
    """(N,) float32."""
    path: np.ndarray
    """(T,) nodes: showing one of them within `_ABOUT` slots costs `amount` more."""
    amount: float

    @property
    def shape(self) -> tuple[int, ...]:
        return self.rows.shape

    def __getitem__(self, rows: slice) -> np.ndarray:
        cost = (self.rows[rows] + self.taste).astype(np.float32)
        start, stop, _ = rows.indices(self.shape[0])
        for shift in range(-_ABOUT, _ABOUT + 1):
            t = np.arange(max(start, shift), min(stop, len(self.path) + shift))
            cost[t - start, self.path[t - shift]] += np.float32(self.amount)
        return cost


def passage_taste(nodes: int, seed: int) -> np.ndarray:
    """(N,) float32 in [0, 1), the same for all clips of a passage."""
    passages = -(-nodes // _PASSAGE)
    return np.random.default_rng(seed).random(passages, dtype=np.float32).repeat(_PASSAGE)[:nodes]
