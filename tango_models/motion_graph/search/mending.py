"""Searches pieces of a path again and again until it keeps the limits and costs little: large neighbourhood search
(Shaw 1998) whose moves are exact searches of a piece, accepted as in simulated annealing."""

from dataclasses import dataclass

import numba
import numpy as np

from tango_models.motion_graph.search.limits import Limits
from tango_models.motion_graph.search.multipliers import Prices
from tango_models.motion_graph.search.objective import Objective
from tango_models.motion_graph.search.repeats import any_repeated
from tango_models.motion_graph.search.viterbi import NEAR, viterbi

PENALTY = 8.0
"""Of something superfluous in a path that is given back because none keeps the limits."""
_SHORTEST, _LONGEST = 12, 300  # slots of a piece
_AT_FAULT = 0.7  # share of the pieces that are laid around something superfluous, while there is any
_AGAIN = 4
_UNLIMITED = 1 << 60


@dataclass(frozen=True)
class Mended:
    """The best path met: the cheapest within the limits, or if there is none the cheapest with penalties."""

    nodes: np.ndarray
    """(T,) int32."""
    jumped: np.ndarray
    """(T,) bool."""
    over: int
    """Superfluous uses, jumps and repeats."""
    cost: float
    """Without penalties."""

    @property
    def key(self) -> tuple[bool, float]:
        """Better is smaller."""
        return self.over > 0, self.cost + PENALTY * self.over


def mend(
    node_cost: np.ndarray,
    objective: Objective,
    limits: Limits,
    price: Prices,
    nodes: np.ndarray,
    jumped: np.ndarray,
    *,
    work: int,
    noise: float,
    heat: float,
    fines: tuple[float, float],
    enough: float,
    seed: int,
) -> Mended:
    """A path within the limits near a given one.

    A piece of the path is searched again between what is shown before and after. Nodes that are used up elsewhere, and
    arrivals that would repeat a jump, cost a fine.

    Args:
        node_cost: (T, N) float32.
        price: of uses and jumps (`multipliers.raise_prices`); a random part of it is asked in every piece.
        nodes, jumped: (T,) where to begin. May break the limits.
        work: slots searched in all.
        noise: most that is added to the node costs of a piece, so that no two searches of it are alike.
        heat: how much more a path may cost to be gone on with, on average in the beginning; falls to 0.
        fines: what something superfluous costs in the beginning and at the end.
        enough: a path within the limits of this cost ends the search.
    """
    incoming = objective.incoming
    count = node_cost.shape[1]
    uses = np.full(count, _UNLIMITED) if limits.uses is None else limits.uses.astype(np.int64)
    node_at = np.full(int(limits.place.max(initial=0)) + 2 * NEAR + 2, -1, np.int64)
    node_at[limits.place + NEAR] = np.arange(count)
    before, age = limits.before or (-1, 0)
    nodes, jumped, over, cost = _mend(
        node_cost, incoming.start, incoming.src, incoming.cost, incoming.predecessor, incoming.ends,
        objective.min_dwell, float(objective.early_penalty),
        uses, _UNLIMITED if limits.jumps is None else int(limits.jumps), int(limits.repeat_within),
        limits.place, node_at,
        limits.earlier.time.astype(np.int64), limits.earlier.src.astype(np.int64),
        limits.earlier.dst.astype(np.int64), int(before), int(age),
        price.node.astype(np.float64), float(price.jump), nodes.astype(np.int32), jumped.astype(np.bool_),
        int(work), float(noise), float(heat), float(fines[0]), float(fines[1]), float(enough), int(seed),
    )  # fmt: skip
    return Mended(nodes, jumped, int(over), float(cost))


@numba.njit(cache=True, nogil=True)
def _edge_cost(start, edge_src, edge_cost, src, dst):
    best = np.inf
    for e in range(start[dst], start[dst + 1]):
        if edge_src[e] == src and edge_cost[e] < best:
            best = edge_cost[e]
    return best


@numba.njit(cache=True, nogil=True)
def _judge(
    node_cost, start, edge_src, edge_cost, min_dwell, early_penalty, uses, jumps, within, place,
    time, src, dst, earlier, before, before_age, nodes, jumped, used, fault,
):  # fmt: skip
    """Cost of a path, how much in it is superfluous, and how many jumps it has with those `earlier`.

    Fills time, src and dst from `earlier` on with its jumps, used (N,), and fault (T,) with what is superfluous: nodes
    shown too often, jumps too many, jumps repeated.
    """
    used[:] = 0
    cost, over, count, entered = 0.0, 0, earlier, -before_age
    for t in range(nodes.size):
        fault[t] = False
        used[nodes[t]] += 1
        cost += node_cost[t, nodes[t]]
        if jumped[t]:
            time[count], dst[count] = t, nodes[t]
            src[count] = nodes[t - 1] if t else before
            cost += _edge_cost(start, edge_src, edge_cost, src[count], dst[count])
            if t - entered < min_dwell:
                cost += early_penalty
            entered = t
            count += 1
    for n in range(used.size):
        over += max(used[n] - uses[n], 0)
    superfluous = max(count - earlier - jumps, 0)
    over += superfluous
    if over:
        for t in range(nodes.size):
            fault[t] = used[nodes[t]] > uses[nodes[t]] or (superfluous > 0 and jumped[t])
    if within:
        for k in range(earlier, count):
            if any_repeated(time, place, src, dst, k, within):
                fault[time[k]] = True
                over += 1
    return cost, over, count


@numba.njit(cache=True, nogil=True)
def _mend(
    node_cost, start, edge_src, edge_cost, predecessor, ends, min_dwell, early_penalty, uses, jumps, within, place,
    node_at, earlier_time, earlier_src, earlier_dst, before, before_age, price_node, price_jump, nodes, jumped,
    work, noise, heat, first_fine, last_fine, enough, seed,
):  # fmt: skip
    np.random.seed(seed)
    steps, count = node_cost.shape
    earlier = earlier_time.size
    time = np.empty(earlier + steps, np.int64)
    src, dst = np.empty_like(time), np.empty_like(time)
    time[:earlier], src[:earlier], dst[:earlier] = earlier_time, earlier_src, earlier_dst
    used, fault = np.zeros(count, np.int64), np.zeros(steps, np.bool_)
    longest = min(_LONGEST, steps) + min_dwell + 1
    asked = np.empty((longest, count), np.float32)
    like = np.zeros((longest if within else 0, count if within else 0), np.int32)
    like_from = np.zeros(earlier + steps, np.int64)
    elsewhere, inside = np.empty(count, np.int64), np.empty(count, np.int64)
    cost, over, _ = _judge(
        node_cost, start, edge_src, edge_cost, min_dwell, early_penalty, uses, jumps, within, place,
        time, src, dst, earlier, before, before_age, nodes, jumped, used, fault,
    )  # fmt: skip
    best_nodes, best_jumped, best_over, best_cost = nodes.copy(), jumped.copy(), over, cost
    left = work
    while left > 0 and (best_over or best_cost > enough):
        length = min(int(np.exp(np.random.uniform(np.log(_SHORTEST), np.log(_LONGEST)))), steps)
        centre = np.random.randint(steps)
        if over and np.random.random() < _AT_FAULT:
            faults = np.flatnonzero(fault)
            centre = faults[np.random.randint(faults.size)]
        first = min(max(centre - np.random.randint(length), 0), steps - length)
        stop = first + length
        end = min(stop + min_dwell + 1, steps)
        fine = first_fine * (last_fine / first_fine) ** (1.0 - max(left, 0) / work)

        elsewhere[:] = 0
        others = 0
        for t in range(steps):
            if t < first or t >= stop:
                elsewhere[nodes[t]] += 1
                others += jumped[t]
        share, loud = np.random.random(), noise * np.random.random()
        for t in range(first, stop):
            for n in range(count):
                asked[t - first, n] = node_cost[t, n] + share * price_node[n] + loud * np.random.random()
        for n in range(count):
            if elsewhere[n] >= uses[n]:
                asked[:length, n] += fine
        # What follows stays: its first slots, in which jumps may still be too early after a new one in the piece, take
        # part with nothing to choose.
        for t in range(stop, end):
            asked[t - first, :] = np.inf
            asked[t - first, nodes[t]] = 0.0
        jump_price = 2.0 * price_jump * np.random.random()
        allowed = jumps - others
        if allowed <= 0:
            jump_price += fine
        if within:
            reach = within if np.random.random() < 0.5 else within // 2  # half: what only a loop has to keep clear of
            like[: end - first] = 0
            marks = 0
            for k in range(earlier):
                _mark(like, end - first, earlier_time[k] - first, place[earlier_dst[k]], node_at, reach, k + 1)
                like_from[k] = place[earlier_src[k]]
            for t in range(max(first - reach, 0), min(end + reach, steps)):
                if jumped[t] and not first <= t < stop:
                    like_from[earlier + marks] = place[nodes[t - 1] if t else before]
                    marks += 1
                    _mark(like, end - first, t - first, place[nodes[t]], node_at, reach, earlier + marks)
        known, age = before, before_age
        if first:
            known, age = nodes[first - 1], 0
            for t in range(first - 1, -1, -1):
                age += 1
                if jumped[t]:
                    break
                if t == 0:
                    age += before_age
        for again in range(_AGAIN):  # what one node, or one jump, costs more cannot count: ask again what was too often
            left -= length
            piece, leaps, total = viterbi(
                asked[: end - first], start, edge_src, edge_cost, predecessor, ends, min_dwell, early_penalty,
                jump_price, known, min(age, min_dwell) - 1, like[: end - first], like_from, place, fine,
            )  # fmt: skip
            if again == _AGAIN - 1 or not np.isfinite(total):
                break
            inside[:] = 0
            for t in range(length):
                inside[piece[t]] += 1
            too_often = 0
            for n in range(count):
                if inside[n] > 0 and inside[n] + elsewhere[n] > uses[n] > elsewhere[n]:
                    asked[:length, n] += 0.3 * fine * np.random.random()
                    too_often += 1
            if allowed > 0 and leaps.sum() > allowed:
                jump_price += 0.3 * fine * np.random.random()
                too_often += 1
            if not too_often:
                break
        if not np.isfinite(total):
            continue
        same = True
        for t in range(first, end):
            if piece[t - first] != nodes[t]:
                same = False
                break
        if not same:
            old_nodes, old_jumped = nodes[first:end].copy(), jumped[first:end].copy()
            nodes[first:end], jumped[first:end] = piece, leaps
            new_cost, new_over, _ = _judge(
                node_cost, start, edge_src, edge_cost, min_dwell, early_penalty, uses, jumps, within, place,
                time, src, dst, earlier, before, before_age, nodes, jumped, used, fault,
            )  # fmt: skip
            if (new_over > 0, new_cost + PENALTY * new_over) < (best_over > 0, best_cost + PENALTY * best_over):
                best_nodes, best_jumped, best_over, best_cost = nodes.copy(), jumped.copy(), new_over, new_cost
            worse = new_cost + fine * new_over - cost - fine * over
            if worse <= heat * left / work * np.random.exponential():
                cost, over = new_cost, new_over
            else:
                nodes[first:end], jumped[first:end] = old_nodes, old_jumped
                cost, over, _ = _judge(
                    node_cost, start, edge_src, edge_cost, min_dwell, early_penalty, uses, jumps, within, place,
                    time, src, dst, earlier, before, before_age, nodes, jumped, used, fault,
                )  # fmt: skip
    return best_nodes, best_jumped, best_over, best_cost


@numba.njit(cache=True, nogil=True)
def _mark(like, length, t, place, node_at, reach, number):
    """Arriving about there within `reach` slots of t is like the jump of that number."""
    for near in range(place, place + 2 * NEAR + 1):
        n = node_at[near]
        if n >= 0:
            for when in range(max(t - reach, 0), min(t + reach + 1, length)):
                like[when, n] = number
