"""The inner loop of the path search: exact dynamic programming over (node, clips played since the last jump)."""

from dataclasses import dataclass

import numba
import numpy as np

from tango_models.motion_graph.graph import Edges


@dataclass(frozen=True)
class IncomingEdges:
    """Edges grouped by destination: those into node n are [start[n], start[n + 1])."""

    start: np.ndarray
    """(N + 1,) int64."""
    src: np.ndarray
    """(E,) int32."""
    cost: np.ndarray
    """(E,) float32, weighted and with the constant per jump added."""
    within: np.ndarray
    """(E,) float32, the same within a phrase; not less."""
    predecessor: np.ndarray
    """(N,) int32 the natural predecessor, -1 at the start of a run."""
    ends: np.ndarray
    """(N,) bool: no natural successor."""


def group_by_destination(edges: Edges, cost: np.ndarray, within: np.ndarray) -> IncomingEdges:
    """CSR by destination. cost (E,): what each jump costs the search; within (E,): within a phrase. Copies of
    natural playback are left out."""
    successor = np.asarray(edges.successor, np.int64)
    src, dst = np.asarray(edges.src, np.int64), np.asarray(edges.dst, np.int64)
    order = np.flatnonzero(successor[src] != dst) if src.size else np.zeros(0, np.int64)
    order = order[np.lexsort((src[order], dst[order]))]
    predecessor = np.full(successor.size, -1, np.int32)
    natural = np.flatnonzero(successor >= 0)
    predecessor[successor[natural]] = natural
    return IncomingEdges(
        start=np.searchsorted(dst[order], np.arange(successor.size + 1)).astype(np.int64),
        src=src[order].astype(np.int32),
        cost=np.asarray(cost, np.float32)[order],
        within=np.asarray(within, np.float32)[order],
        predecessor=predecessor,
        ends=successor < 0,
    )


def best_path(
    node_cost: np.ndarray,
    incoming: IncomingEdges,
    *,
    min_dwell: int,
    early_penalty: float,
    phrase: np.ndarray | None = None,
    barred: tuple[np.ndarray, float] | None = None,
    before: tuple[int, int] | None = None,
) -> tuple[np.ndarray, np.ndarray, float]:
    """The cheapest path of T nodes.

    Args:
        node_cost: (T, N) float32, infinity where a node may not be.
        min_dwell, early_penalty: see `search_path`.
        phrase: (T,) bool, true where a jump into a slot is within a phrase; None: nowhere.
        barred: for each of E edges the slot up to which (exclusive) it costs more, (E,) int64, and how much more.
        before: the node shown just before the path and how many clips of its passage were shown by then, itself
            counted; the path goes on from there. None: it starts anywhere.

    Returns:
        nodes (T,) int32; jumped (T,) bool, True where the node was entered by a jump; the cost (infinite: no path).

    Time T x (E + N x min_dwell); memory 6 bytes x T x N for the way back, sums in float64.
    """
    node, shown = before if before is not None else (-1, 1)
    if phrase is None:
        phrase = np.zeros(len(node_cost), bool)
    nodes, jumped, cost = _viterbi(
        node_cost, incoming.start, incoming.src, incoming.cost, incoming.within, phrase, incoming.predecessor,
        incoming.ends, int(min_dwell), float(early_penalty), *(barred or (np.zeros(0, np.int64), 0.0)), int(node),
        min(int(shown), min_dwell) - 1,
    )  # fmt: skip
    return nodes, jumped, float(cost)


@numba.njit(cache=True, nogil=True)
def _viterbi(
    node_cost, start, src, jump_cost, within, phrase, predecessor, ends, min_dwell, early_penalty, barred, fine,
    before, before_age,
):  # fmt: skip
    steps, count = node_cost.shape
    # ages are 0-based here: a node entered by a jump (or the first one) has age 0, min_dwell - 1 stands for "or more"
    ripe = min_dwell - 1
    value = np.full((min_dwell, count), np.inf)
    fresh = np.full((min_dwell, count), np.inf)
    came_from = np.full((steps, count), -1, np.int32)  # node a jump into (t, n) left
    left_at_age = np.zeros((steps, count), np.uint8)  # and the age it had
    ripe_from_ripe = np.zeros((steps, count), np.bool_)
    leave = np.empty(count)
    leave_age = np.empty(count, np.uint8)
    last_bar = barred.max() if barred.size else 0
    first = 0
    if before >= 0:
        value[before_age, before] = 0.0
    else:
        first = 1
        for n in range(count):
            value[0, n] = node_cost[0, n]
    for t in range(first, steps):
        price = within if phrase[t] else jump_cost
        for n in range(count):
            leave[n] = value[ripe, n]
            leave_age[n] = ripe
            if ends[n]:
                for age in range(ripe):
                    if value[age, n] + early_penalty < leave[n]:
                        leave[n] = value[age, n] + early_penalty
                        leave_age[n] = age
        for n in range(count):
            own = node_cost[t, n]
            best = np.inf
            origin = -1
            for e in range(start[n], start[n + 1]):
                candidate = leave[src[e]] + price[e]
                if t < last_bar and t < barred[e]:
                    candidate += fine
                if candidate < best:
                    best = candidate
                    origin = src[e]
            came_from[t, n] = origin
            if origin >= 0:
                left_at_age[t, n] = leave_age[origin]
            p = predecessor[n]
            if ripe == 0:  # no dwell: one age, entered either way
                if p >= 0 and value[0, p] <= best:
                    best = value[0, p]
                    ripe_from_ripe[t, n] = True
                fresh[0, n] = best + own
                continue
            fresh[0, n] = best + own
            for age in range(1, ripe + 1):
                fresh[age, n] = value[age - 1, p] + own if p >= 0 else np.inf
            if p >= 0 and value[ripe, p] < value[ripe - 1, p]:
                fresh[ripe, n] = value[ripe, p] + own
                ripe_from_ripe[t, n] = True
        value, fresh = fresh, value

    total = np.inf
    node = 0
    age = 0
    for a in range(min_dwell):
        for n in range(count):
            if value[a, n] < total:
                total = value[a, n]
                node = n
                age = a
    nodes = np.empty(steps, np.int32)
    jumped = np.zeros(steps, np.bool_)
    if not np.isfinite(total):
        return nodes, jumped, total
    for t in range(steps - 1, -1, -1):
        nodes[t] = node
        if t < first:
            break
        if age == 0 and not (ripe == 0 and ripe_from_ripe[t, node]):
            jumped[t] = True
            age = left_at_age[t, node]
            node = came_from[t, node]
        else:
            if not (age == ripe and ripe_from_ripe[t, node]):
                age -= 1
            node = predecessor[node]
    return nodes, jumped, total
