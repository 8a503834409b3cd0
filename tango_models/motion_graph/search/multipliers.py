"""Prices of the limits: a lower bound on what a path within them costs, and where to look for one."""

from dataclasses import dataclass

import numpy as np

from tango_models.motion_graph.search.limits import Limits
from tango_models.motion_graph.search.objective import Objective

_STEP = 0.3  # first step of the price of a node; node costs are about 0 to 1
_JUMP_STEP = 1.0  # and of the price of a jump


@dataclass
class Prices:
    """Lagrange multipliers: what showing each node, and each jump, costs more."""

    node: np.ndarray
    """(N,)."""
    jump: float = 0.0

    @classmethod
    def none(cls, nodes: int) -> "Prices":
        return cls(np.zeros(nodes))

    def copy(self) -> "Prices":
        return Prices(self.node.copy(), self.jump)

    def allowance(self, limits: Limits) -> float:
        """What a path that just keeps the limits pays for it."""
        total = 0.0
        if limits.uses is not None:
            total += float((limits.uses * self.node).sum())
        if limits.jumps is not None:
            total += limits.jumps * self.jump
        return total

    def move(self, limits: Limits, used: np.ndarray, jumps: int, size: float) -> bool:
        """One step along the subgradient, in place. used (N,). False: there is nothing to move."""
        moved = False
        if limits.uses is not None:
            violation = used - limits.uses
            step = np.where((violation > 0) | (self.node > 0), violation, 0) / np.maximum(limits.uses, 1)
            moved = bool(step.any())
            self.node = np.maximum(self.node + _STEP * size * step, 0.0)
        if limits.jumps is not None and (jumps > limits.jumps or self.jump > 0):
            difference = (jumps - limits.jumps) / max(limits.jumps, 1)
            moved = moved or difference != 0
            self.jump = max(self.jump + _JUMP_STEP * size * difference, 0.0)
        return moved


def raise_prices(
    node_cost: np.ndarray,
    objective: Objective,
    limits: Limits,
    first: tuple[np.ndarray, np.ndarray],
    rounds: int,
    prices: Prices | None = None,
) -> tuple[Prices, float, list[tuple[np.ndarray, np.ndarray]]]:
    """Projected subgradient ascent on the Lagrangian dual of the limits on uses and jumps.

    Args:
        node_cost: (T, N).
        first: nodes and jumped (T,) of the best path without limits.
        rounds: searches spent at most.
        prices: to begin with, those of a similar problem.

    Returns:
        The best prices, the bound they give, and the paths met.
    """
    price = prices.copy() if prices else Prices.none(node_cost.shape[1])
    best, bound = price.copy(), -np.inf
    met: list[tuple[np.ndarray, np.ndarray]] = []
    nodes, jumped = first
    for k in range(rounds):
        if k or prices is None:
            used = np.bincount(nodes, minlength=node_cost.shape[1])
            if not price.move(limits, used, int(jumped.sum()), 1.0 / (1.0 + 0.1 * k)):
                break
        priced = (node_cost + price.node[None, :]).astype(np.float32)
        nodes, jumped, total = objective.best(priced, jump_price=price.jump, before=limits.before)
        met.append((nodes, jumped))
        dual = total - price.allowance(limits)
        if dual > bound:
            best, bound = price.copy(), dual
    return best, bound, met
