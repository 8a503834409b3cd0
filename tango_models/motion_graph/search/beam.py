"""Beam search for a path within limits, led by what the rest of the way costs under the prices of the limits."""

import numba
import numpy as np

from tango_models.motion_graph.search.limits import Limits
from tango_models.motion_graph.search.multipliers import Prices
from tango_models.motion_graph.search.objective import Objective
from tango_models.motion_graph.search.viterbi import NEAR

_RECENT = 16
"""Jumps that a path remembers; older ones it may repeat. With a dwell of 3 they reach back 6 s and more."""


def beam_path(
    node_cost: np.ndarray,
    objective: Objective,
    limits: Limits,
    price: Prices,
    *,
    width: int,
    per_state: int,
    fine: float,
) -> tuple[np.ndarray, np.ndarray] | None:
    """A path that nearly keeps the limits, or None when all `width` paths that were followed met a dead end.

    Slot by slot the paths are kept whose cost so far, with the prices, plus the least cost of the rest of the way
    without the limits, is least: an exact bound (the backward pass of the dynamic programming), so that a path is only
    dropped for what the prices cannot know. Of those that end in one state (node, clips since the last jump)
    `per_state` are kept. Uses, jumps and repeats are counted exactly on each path; what is superfluous costs `fine`.

    Args:
        node_cost: (T, N) float32.
        limits: of a path with nothing before it.

    Returns:
        nodes (T,) int32 and jumped (T,) bool.
    """
    incoming = objective.incoming
    count = node_cost.shape[1]
    uses = np.full(count, len(node_cost)) if limits.uses is None else limits.uses
    priced = node_cost.astype(np.float64) + price.node[None, :]
    found, nodes, jumped = _beam(
        priced, incoming.start, incoming.src, incoming.cost.astype(np.float64) + price.jump, incoming.predecessor,
        incoming.ends, objective.min_dwell, float(objective.early_penalty), uses.astype(np.int64),
        len(node_cost) if limits.jumps is None else int(limits.jumps), int(limits.repeat_within),
        np.asarray(limits.place, np.int64), int(width), int(per_state), float(fine),
    )  # fmt: skip
    return (nodes, jumped) if found else None


@numba.njit(cache=True, nogil=True)
def _rest(cost, start, src, jump_cost, predecessor, ends, min_dwell, early_penalty):
    """(T, min_dwell, N) least cost of what follows slot t in each state."""
    steps, count = cost.shape
    ripe = min_dwell - 1
    rest = np.full((steps, min_dwell, count), np.inf)
    rest[steps - 1] = 0.0
    leave = np.empty(count)
    for t in range(steps - 2, -1, -1):
        leave[:] = np.inf
        for n in range(count):
            arrive = cost[t + 1, n] + rest[t + 1, 0, n]
            for e in range(start[n], start[n + 1]):
                leave[src[e]] = min(leave[src[e]], jump_cost[e] + arrive)
            p = predecessor[n]
            if p >= 0:
                for age in range(min_dwell):
                    rest[t, age, p] = cost[t + 1, n] + rest[t + 1, min(age + 1, ripe), n]
        for n in range(count):
            rest[t, ripe, n] = min(rest[t, ripe, n], leave[n])
            if ends[n]:
                for age in range(ripe):
                    rest[t, age, n] = min(rest[t, age, n], leave[n] + early_penalty)
    return rest


@numba.njit(cache=True, nogil=True)
def _beam(
    cost, start, src, jump_cost, predecessor, ends, min_dwell, early_penalty, uses, jumps, within, place,
    width, per_state, fine,
):  # fmt: skip
    steps, count = cost.shape
    ripe = min_dwell - 1
    rest = _rest(cost, start, src, jump_cost, predecessor, ends, min_dwell, early_penalty)
    # jumps by where they leave
    first = np.zeros(count + 1, np.int64)
    for e in range(src.size):
        first[src[e] + 1] += 1
    first = np.cumsum(first)
    fill, out, out_cost = first.copy(), np.empty(src.size, np.int64), np.empty(src.size)
    successor = np.full(count, -1, np.int64)
    for n in range(count):
        if predecessor[n] >= 0:
            successor[predecessor[n]] = n
        for e in range(start[n], start[n + 1]):
            out[fill[src[e]]], out_cost[fill[src[e]]] = n, jump_cost[e]
            fill[src[e]] += 1
    most_out = 1
    for n in range(count):
        most_out = max(most_out, first[n + 1] - first[n] + 1)

    shown = np.zeros((steps, width), np.int32)
    parent = np.zeros((steps, width), np.int32)
    leapt = np.zeros((steps, width), np.bool_)
    age, new_age = np.zeros(width, np.int64), np.zeros(width, np.int64)
    paid, new_paid = np.zeros(width), np.zeros(width)
    used, new_used = np.zeros((width, count), np.uint16), np.zeros((width, count), np.uint16)
    taken, new_taken = np.zeros(width, np.int64), np.zeros(width, np.int64)
    recent = np.zeros((width, _RECENT, 3), np.int64)  # time, place left, place reached
    new_recent = np.zeros((width, _RECENT, 3), np.int64)
    size = max(width * most_out, count)
    value, spent = np.empty(size), np.empty(size)
    origin, target, jump = np.empty(size, np.int64), np.empty(size, np.int64), np.zeros(size, np.bool_)
    held = np.zeros((min_dwell, count), np.int64)
    alive = 0
    for t in range(steps):
        found = 0
        if t == 0:
            for n in range(count):
                if uses[n] > 0:
                    spent[found] = cost[0, n]
                    value[found] = cost[0, n] + rest[0, 0, n]
                    origin[found], target[found], jump[found] = -1, n, False
                    found += 1
        for k in range(alive):
            node = shown[t - 1, k]
            n = successor[node]
            if n >= 0:
                spent[found] = paid[k] + cost[t, n] + (fine if used[k, n] >= uses[n] else 0.0)
                value[found] = spent[found] + rest[t, min(age[k] + 1, ripe), n]
                origin[found], target[found], jump[found] = k, n, False
                found += 1
            if age[k] < ripe and not ends[node]:
                continue
            more = (early_penalty if age[k] < ripe else 0.0) + (fine if taken[k] >= jumps else 0.0)
            for e in range(first[node], first[node + 1]):
                n = out[e]
                toll = more + (fine if used[k, n] >= uses[n] else 0.0)
                for back in range(1, min(taken[k], _RECENT) + 1):
                    other = recent[k, (taken[k] - back) % _RECENT]
                    ago = t - other[0]
                    if ago > within:
                        break
                    if (
                        (back > 1 or 2 * ago <= within)
                        and abs(place[node] - other[1]) <= NEAR
                        and abs(place[n] - other[2]) <= NEAR
                    ):
                        toll += fine
                        break
                spent[found] = paid[k] + toll + out_cost[e] + cost[t, n]
                value[found] = spent[found] + rest[t, 0, n]
                origin[found], target[found], jump[found] = k, n, True
                found += 1
        held[:] = 0
        kept = 0
        for c in np.argsort(value[:found]):
            if kept == width or not np.isfinite(value[c]):
                break
            k, n = origin[c], target[c]
            now = 0 if jump[c] or k < 0 else min(age[k] + 1, ripe)
            if held[now, n] >= per_state:
                continue
            held[now, n] += 1
            shown[t, kept], parent[t, kept], leapt[t, kept] = n, k, jump[c]
            new_age[kept], new_paid[kept] = now, spent[c]
            if k >= 0:
                new_used[kept] = used[k]
                new_recent[kept] = recent[k]
                new_taken[kept] = taken[k]
            else:
                new_used[kept] = 0
                new_taken[kept] = 0
            new_used[kept, n] += 1
            if jump[c]:
                slot = new_taken[kept] % _RECENT
                new_recent[kept, slot, 0] = t
                new_recent[kept, slot, 1] = place[shown[t - 1, k]]
                new_recent[kept, slot, 2] = place[n]
                new_taken[kept] += 1
            kept += 1
        alive = kept
        age, new_age = new_age, age
        paid, new_paid = new_paid, paid
        used, new_used = new_used, used
        taken, new_taken = new_taken, taken
        recent, new_recent = new_recent, recent
        if not alive:
            break
    nodes, jumped = np.empty(steps, np.int32), np.zeros(steps, np.bool_)
    if not alive:
        return False, nodes, jumped
    k = 0
    for t in range(steps - 1, -1, -1):
        nodes[t], jumped[t] = shown[t, k], leapt[t, k]
        k = parent[t, k]
    return True, nodes, jumped
