"""Keeps a path from showing the same clip too often."""

from collections.abc import Callable

import numpy as np

Solution = tuple[np.ndarray, np.ndarray, float]  # nodes (T,), jumped (T,) bool, cost under the costs solved with
_STEP = 0.3  # first step of the multipliers; node costs are about 0 to 1
_DRAW = 0.3  # reward for showing a node when the fractional solution does
_CHARGE = 0.15  # price of a superfluous use, each time it is met ...
_LOCAL = 2  # ... and the steps each way in which it is asked


def limit_reuse(
    node_cost: np.ndarray,
    nodes: np.ndarray,
    jumped: np.ndarray,
    unlimited: float,
    max_reuse: int,
    solve: Callable[[np.ndarray], Solution],
    rounds: int,
) -> tuple[np.ndarray, np.ndarray, float, bool]:
    """The best path found in which no node is shown more than `max_reuse` times.

    First half of the rounds: projected subgradient on a multiplier per node (price of showing it), which also gives the
    lower bound `cost(multipliers) - max_reuse * sum(multipliers)`. A price alone cannot choose between uses that are
    worth the same, so the path flips between all and none of them. How often each node was shown at each time over
    these rounds, however, comes near the best fractional solution (as in the volume algorithm, Barahona & Anbil 2000).
    The second half draws the path towards that and prices, per node and time, each use beyond the cheapest
    `max_reuse`; once the limit is met, the prices are let down again until it is not, and so on.

    Args:
        node_cost: (T, N). nodes, jumped: (T,) the unlimited optimum, which costs `unlimited`.
        solve: best path under given (T, N) costs, with the sum it minimised.

    Returns:
        nodes (T,), jumped (T,), lower bound, whether the limit is met. If it never is: the path with the least cost
        when every superfluous use costs 1.
    """
    count = node_cost.shape[1]
    step = np.arange(len(nodes))
    price, best_price = np.zeros(count), np.zeros(count)
    bound = unlimited
    best = (True, np.inf, nodes, jumped)  # (over the limit, cost with the excess, nodes, jumped)

    def consider(candidate: np.ndarray, leaps: np.ndarray, cost: float) -> int:
        nonlocal best
        excess = int(np.maximum(np.bincount(candidate, minlength=count) - max_reuse, 0).sum())
        if (excess > 0, cost + excess) < best[:2]:
            best = (excess > 0, cost + excess, candidate, leaps)
        return excess

    consider(nodes, jumped, unlimited)
    used = np.bincount(nodes, minlength=count)
    shown = np.zeros_like(node_cost)  # running mean, the last rounds weigh most
    for k in range(rounds // 2):
        violation = used - max_reuse
        move = np.where((violation > 0) | (price > 0), violation, 0) / max_reuse
        if not move.any():
            break
        price = np.maximum(price + _STEP / (1.0 + 0.1 * k) * move, 0.0)
        candidate, leaps, total = solve((node_cost + price[None, :]).astype(np.float32))
        used = np.bincount(candidate, minlength=count)
        shown *= 1.0 - 3.0 / (k + 3.0)
        shown[step, candidate] += 3.0 / (k + 3.0)
        dual = total - max_reuse * price.sum()
        if dual > bound:
            bound, best_price = dual, price.copy()
        consider(candidate, leaps, total - float(price[candidate].sum()))

    drawn = (node_cost + best_price[None, :] - _DRAW * shown).astype(np.float32)
    offset = best_price[None, :] - _DRAW * shown
    charged = np.zeros_like(node_cost)
    for _ in range(rounds - rounds // 2):
        candidate, leaps, total = solve(drawn + charged)
        own = total - float((offset + charged)[step, candidate].sum())
        if consider(candidate, leaps, own) == 0:
            charged *= np.float32(0.8)
            continue
        for node in np.flatnonzero(np.bincount(candidate, minlength=count) > max_reuse):
            when = np.flatnonzero(candidate == node)
            worth = drawn[when, node] + charged[when, node]
            for t in when[np.argsort(worth, kind="stable")[max_reuse:]]:
                charged[max(t - _LOCAL, 0) : t + _LOCAL + 1, node] += np.float32(_CHARGE)
    over, _, candidate, leaps = best
    return candidate, leaps, bound, not over
