"""Prices of the limits: a lower bound on what a path within them costs."""

import numpy as np

from tango_models.motion_graph.search.limits import Limits
from tango_models.motion_graph.search.objective import Objective

_STEP = 0.3  # first step of the price of a node; those of clips are 0 to 5 while one speaks


def raise_prices(
    node_cost: np.ndarray,
    objective: Objective,
    limits: Limits,
    first: np.ndarray,
    rounds: int,
) -> tuple[np.ndarray, float, list[tuple[np.ndarray, np.ndarray]]]:
    """Projected subgradient ascent on the Lagrangian dual of the limits on uses.

    Args:
        node_cost: (T, N).
        first: nodes (T,) of the best path without limits.
        rounds: searches spent at most.

    Returns:
        The best price (N,), the bound it gives, and the paths met.
    """
    price = np.zeros(node_cost.shape[1])
    best, bound = price, -np.inf
    met: list[tuple[np.ndarray, np.ndarray]] = []
    if limits.uses is None:
        return best, bound, met
    nodes = first
    for k in range(rounds):
        violation = np.bincount(nodes, minlength=len(price)) - limits.uses
        step = np.where((violation > 0) | (price > 0), violation, 0) / np.maximum(limits.uses, 1)
        if not step.any():
            break
        price = np.maximum(price + _STEP / (1.0 + 0.1 * k) * step, 0.0)
        priced = (node_cost + price[None, :]).astype(np.float32)
        nodes, jumped, total = objective.best(priced)
        met.append((nodes, jumped))
        dual = total - float((limits.uses * price).sum())
        if dual > bound:
            best, bound = price, dual
    return best, bound, met
