"""A path within limits, of speech of any length: the best way on is searched a window ahead, its first part is kept.

What was shown is counted exactly, so a limit can only be broken where every way on breaks it, and memory does not grow
with the speech.
"""

from dataclasses import dataclass

import numpy as np

from tango_models.motion_graph.graph import Edges
from tango_models.motion_graph.search.cost_rows import CostRows, read
from tango_models.motion_graph.search.limits import Limits
from tango_models.motion_graph.search.objective import Before, Objective
from tango_models.motion_graph.search.repeats import NEAR

FINE = 20.0
"""What something superfluous costs where there is no other way on: more than the worst clip of a slot, a lively one in
silence, so that none is shown too often to rest."""


@dataclass(frozen=True)
class Pace:
    """Slots looked at together, and how many of them are kept at most; fewer where there are limits and a second jump
    is among them."""

    window: int
    keep: int


def roll(
    rows: CostRows, edges: Edges, objective: Objective, limits: Limits, price: np.ndarray, pace: Pace, *, evenly: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Nodes (T,) int32 and jumped (T,) bool of a path through all rows.

    Args:
        price: (N,) added to every node's cost while its uses are counted.
        evenly: a node's uses are given out in proportion to the time, rounded up, and one more. Else all at once.

    Raises:
        InputError: there is no path.
    """
    steps, count = rows.shape
    dead = ~playable(edges)
    used = np.zeros(count, np.int64)
    barred = np.zeros(len(objective.incoming.src), np.int64)  # slot up to which a jump along an edge repeats one
    nodes, jumped = np.empty(steps, np.int32), np.zeros(steps, bool)
    before: Before | None = None
    start = 0
    while start < steps:
        stop = min(start + pace.window, steps)
        cost = read(rows, start, stop) + price[None, :].astype(np.float32)
        if limits.uses is not None:
            most = _share(limits.uses, stop / steps) if evenly else limits.uses
            cost[:, used >= most] += np.float32(FINE)
        if stop < steps:
            cost[:, dead] = np.inf
        shown, leaps, _ = objective.best(cost, barred=(barred - start, FINE), before=before, start=start)
        kept = stop - start if stop == steps and evenly else min(pace.keep, stop - start)
        second = np.flatnonzero(leaps[:kept])[1:2]
        limited = limits.uses is not None or limits.repeat_within > 0
        if second.size and limited:  # what the first jump used up was not known when the second was chosen
            kept = int(second[0])
        nodes[start : start + kept], jumped[start : start + kept] = shown[:kept], leaps[:kept]
        used += np.bincount(shown[:kept], minlength=count)
        age = (before[1] if before else 0) + kept
        for t in np.flatnonzero(leaps[:kept]).tolist():
            src = int(shown[t - 1]) if t else before[0]  # type: ignore[index]
            _bar(barred, objective, limits, src, int(shown[t]), start + t)
            age = kept - t
        before = int(shown[kept - 1]), age
        start += kept
    return nodes, jumped


def _bar(barred: np.ndarray, objective: Objective, limits: Limits, src: int, dst: int, time: int) -> None:
    """Note, in place, for which edges a jump at `time` is a repetition and for how long."""
    if limits.repeat_within:
        place = limits.place
        near = (np.abs(place[objective.incoming.src] - place[src]) <= NEAR) & (
            np.abs(place[objective.dst] - place[dst]) <= NEAR
        )
        barred[near] = time + limits.repeat_within + 1


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
