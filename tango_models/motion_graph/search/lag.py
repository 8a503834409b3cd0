"""Path search with a fixed lag: long speech in windows, with memory that does not grow with it."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from tango_models.motion_graph.graph import Edges
from tango_models.motion_graph.search.cost_rows import CostRows, read
from tango_models.motion_graph.search.limits import Limits
from tango_models.motion_graph.search.meet_limits import Limited
from tango_models.motion_graph.search.multipliers import Prices
from tango_models.motion_graph.search.objective import Before
from tango_models.motion_graph.search.repeats import Jumps

SolvePart = Callable[[np.ndarray, Limits, Prices | None], Limited]
"""Best path under costs (t, N), within limits, with prices to begin with."""


def windows(steps: int, window: int, lag: int) -> Iterator[tuple[int, int, int]]:
    """(start, stop, kept): slots start to stop are searched together, those before `kept` are kept."""
    start = 0
    while True:
        stop = min(start + window, steps)
        kept = steps if stop == steps else max(stop - lag, start + 1)
        yield start, stop, kept
        if kept == steps:
            return
        start = kept


def search_windows(rows: CostRows, edges: Edges, limits: Limits, solve: SolvePart, *, window: int, lag: int) -> Limited:
    """The path through all rows, window after window.

    A window begins where the kept part of the one before ends, with its dwell and its jumps. How often a node may be
    used, and how many jumps there may be, in a window and from the beginning to its end, is the whole limit in
    proportion to the time, rounded up, and one more.

    Returns:
        A path whose bound is not known (-inf); feasible: every window was.
    """
    steps, count = rows.shape
    dead = ~playable(edges)
    used, taken = np.zeros(count, np.int64), Jumps.none()
    nodes, jumped = np.empty(steps, np.int32), np.zeros(steps, bool)
    before: Before | None = None
    prices: Prices | None = None
    feasible = True
    for start, stop, kept in windows(steps, window, lag):
        cost = read(rows, start, stop)
        if dead.any():
            cost = cost.copy()
            cost[:, dead] = np.inf
        past, window_share = stop / steps, (stop - start) / steps
        uses, jumps = limits.uses, limits.jumps
        if uses is not None:
            uses = np.clip(_share(uses, past) - used, 0, _share(uses, window_share))
        if jumps is not None:
            total = np.array(jumps)
            jumps = int(np.clip(_share(total, past) - len(taken), 0, _share(total, window_share)))
        here = replace(
            limits,
            uses=uses,
            jumps=jumps,
            earlier=taken.since(start - limits.repeat_within).shifted(-start),
            before=before,
        )
        part = solve(cost, here, prices)
        prices = part.prices
        keep = kept - start
        nodes[start:kept], jumped[start:kept] = part.nodes[:keep], part.jumped[:keep]
        used += np.bincount(part.nodes[:keep], minlength=count)
        new = Jumps.of_path(part.nodes[:keep], part.jumped[:keep], before)
        taken = taken.then(new.shifted(start))
        shown = kept - int(new.time[-1] + start) if len(new) else kept - start + (before[1] if before else 0)
        before = int(nodes[kept - 1]), shown
        feasible &= part.feasible
    return Limited(nodes, jumped, -np.inf, feasible, prices or Prices.none(count))


def playable(edges: Edges) -> np.ndarray:
    """(N,) bool: nodes from which footage can go on for ever."""
    natural = np.flatnonzero(np.asarray(edges.successor) >= 0)
    src = np.concatenate([natural, np.asarray(edges.src, np.int64)])
    dst = np.concatenate([np.asarray(edges.successor, np.int64)[natural], np.asarray(edges.dst, np.int64)])
    alive = np.ones(len(edges.successor), bool)
    while True:
        onward = np.bincount(src[alive[dst]], minlength=len(alive)) > 0
        if np.array_equal(alive & onward, alive):
            return alive
        alive &= onward


def _share(limit: np.ndarray, share: float) -> np.ndarray:
    return np.minimum(np.ceil(limit * share).astype(np.int64) + 1, limit)
