"""The best path within limits: prices for a bound, then many small searches that mend the path piece by piece."""

from dataclasses import dataclass

import numpy as np

from tango_models.errors import InputError
from tango_models.motion_graph.limits import Excess, Limits, excess
from tango_models.motion_graph.multipliers import Prices, raise_prices
from tango_models.motion_graph.objective import Before, Objective
from tango_models.motion_graph.repeats import Jumps, fine_arrivals

_SHORTEST, _LONGEST = 12, 160  # slots of a piece
_AT_FAULT = 0.7  # share of the pieces that are laid around something superfluous, while there is any
_TRIES = ((0.1, 1.2), (0.3, 5.0), (0.1, 2.5))
"""Of each: noise in the node costs of a piece, so that no two searches of it are alike; heat, by how much more a path
may cost to be gone on with, on average in the beginning. None of them alone finds most (random avatars of 13 s)."""
_GOOD = 0.1  # gap with which no other try is made
_PENALTY = 8.0  # of something superfluous in a path that is given back because none keeps the limits
_LOWEST_FINE, _HIGHEST_FINE = 0.5, 32.0  # what something superfluous costs
_RISE = 1.01  # of the fine, with every piece


@dataclass(frozen=True)
class Limited:
    nodes: np.ndarray
    """(T,)."""
    jumped: np.ndarray
    """(T,) bool."""
    bound: float
    """No path that keeps the limits costs less."""
    feasible: bool
    """This one keeps them. If not: it costs least among those met when everything superfluous costs 8."""
    prices: Prices


def meet_limits(
    node_cost: np.ndarray,
    objective: Objective,
    limits: Limits,
    rounds: int,
    *,
    tolerance: float,
    tries: int = len(_TRIES),
    prices: Prices | None = None,
) -> Limited:
    """The best path found that keeps the limits.

    First a third of the rounds for the prices of `multipliers.raise_prices`, which give the bound. A price alone cannot
    choose between uses that are worth the same, so these paths flip between all and none of them. The best of them is
    therefore mended: pieces of it are searched again between what is shown before and after, in which nodes that are
    used up elsewhere, and arrivals that would repeat a jump, cost a fine (large neighbourhood search, Shaw 1998).

    Args:
        node_cost: (T, N).
        rounds: searches of the whole length spent at most, besides the first; pieces count by their length.
        tries: how often the pieces are searched at most: again as long as no path within the limits is found, or only
            one with a gap above a tenth.
        tolerance: a path this fraction of its cost above the bound is good enough to stop at.
        prices: to begin with, those of a similar problem.
    """
    nodes, jumped, bound = objective.best(node_cost, before=limits.before)
    if not excess(nodes, jumped, limits).total:
        return Limited(nodes, jumped, bound, True, prices or Prices.none(node_cost.shape[1]))
    price, dual, met = raise_prices(node_cost, objective, limits, (nodes, jumped), rounds // 3, prices)
    bound = max(bound, dual)
    mender = _Mender(node_cost, objective, limits, price)
    for candidate in [(nodes, jumped), *met]:
        mender.consider(*candidate)
    for noise, heat in _TRIES[:tries]:
        mender.mend((rounds - rounds // 3) * len(node_cost), noise, heat, bound, tolerance)
        over, cost, nodes, jumped = mender.best
        if not over and cost - bound <= _GOOD * abs(cost):
            break
    return Limited(nodes, jumped, bound, not over, price)


@dataclass(frozen=True)
class _State:
    nodes: np.ndarray
    jumped: np.ndarray
    cost: float
    over: Excess

    @property
    def key(self) -> tuple[bool, float]:
        return self.over.total > 0, self.value(_PENALTY)

    def value(self, fine: float) -> float:
        return self.cost + fine * self.over.total


class _Mender:
    def __init__(self, node_cost: np.ndarray, objective: Objective, limits: Limits, price: Prices) -> None:
        self.node_cost, self.objective, self.limits, self.price = node_cost, objective, limits, price
        self.random = np.random.default_rng(0)
        self.step = np.arange(len(node_cost))
        self.fine, self.noise = _PENALTY, 0.0
        nothing = np.zeros(0, np.int32)
        self.best = (True, np.inf, nothing, nothing.astype(bool))  # over the limits, cost with the penalty

    def consider(self, nodes: np.ndarray, jumped: np.ndarray) -> "_State":
        """What a path costs and by how much it breaks the limits; it is kept when it is the best so far."""
        cost = float(self.node_cost[self.step, nodes].astype(np.float64).sum())
        cost += self.objective.jumps(nodes, jumped, self.limits.before)
        over = excess(nodes, jumped, self.limits)
        state = _State(nodes, jumped, cost, over)
        if state.key < self.best[:2]:
            self.best = (*state.key, nodes, jumped)
        return state

    def mend(self, work: int, noise: float, heat: float, bound: float, tolerance: float) -> None:
        """Search pieces of some `work` slots in all again; stop when the best path is near enough to the bound.

        Simulated annealing; the fine rises while limits are broken and falls while they are not.
        """
        _, _, nodes, jumped = self.best
        self.noise = noise
        state, left = self.consider(nodes, jumped), work
        while left > 0 and (self.best[0] or self.best[1] - bound > tolerance * abs(self.best[1])):
            start, stop = self._piece(state)
            left -= stop - start
            changed = self._search_piece(state.nodes, state.jumped, start, stop)
            if changed is not None:
                new = self.consider(*changed)
                warmth = heat * left / work
                worse = new.value(self.fine) - state.value(self.fine)
                if worse <= warmth * self.random.exponential():
                    state = new
            factor = _RISE if state.over.total else 1.0 / _RISE
            self.fine = min(max(self.fine * factor, _LOWEST_FINE), _HIGHEST_FINE)

    def _piece(self, state: "_State") -> tuple[int, int]:
        steps, over = len(state.nodes), state.over
        length = min(int(np.exp(self.random.uniform(np.log(_SHORTEST), np.log(_LONGEST)))), steps)
        centre = int(self.random.integers(steps))
        if over.total and self.random.random() < _AT_FAULT:
            where = [*np.flatnonzero(over.uses[state.nodes] > 0), *over.repeats.time]
            if over.jumps:
                where.extend(np.flatnonzero(state.jumped))
            centre = int(self.random.choice(where))
        start = min(max(centre - int(self.random.integers(length)), 0), steps - length)
        return start, start + length

    def _search_piece(
        self, nodes: np.ndarray, jumped: np.ndarray, start: int, stop: int
    ) -> tuple[np.ndarray, np.ndarray] | None:
        """The path with slots start to stop searched again. What follows stays: its first slots, in which jumps may
        still be too early after a new one in the piece, take part in the search with nothing to choose."""
        limits, random = self.limits, self.random
        end = min(stop + self.objective.min_dwell + 1, len(nodes))
        asked = self.node_cost[start:end] + self._node_fines(nodes, start, stop)[None, :]
        asked = asked + np.float32(self.noise * random.random()) * random.random(asked.shape, dtype=np.float32)
        for t in range(stop, end):
            asked[t - start] = np.inf
            asked[t - start, nodes[t]] = 0.0
        elsewhere = jumped.copy()
        elsewhere[start:stop] = False
        jump_price = self.price.jump * 2.0 * random.random()
        if limits.jumps is not None and int(elsewhere.sum()) >= limits.jumps:
            jump_price += self.fine
        arrival = self._arrival_fines(nodes, elsewhere, start, end)
        try:
            piece, leaps, _ = self.objective.best(
                asked.astype(np.float32),
                jump_price=jump_price,
                arrival=arrival,
                before=_shown_before(nodes, jumped, start, limits.before),
            )
        except InputError:  # noise cannot forbid anything, but infinities can where the path itself was not possible
            return None
        if np.array_equal(piece, nodes[start:end]):
            return None
        nodes, jumped = nodes.copy(), jumped.copy()
        nodes[start:end], jumped[start:end] = piece, leaps
        return nodes, jumped

    def _node_fines(self, nodes: np.ndarray, start: int, stop: int) -> np.ndarray:
        fines = self.price.node * self.random.random()
        if self.limits.uses is not None:
            inside = np.bincount(nodes[start:stop], minlength=len(fines))
            used = np.bincount(nodes, minlength=len(fines)) - inside
            fines = fines + self.fine * (used >= self.limits.uses)
        return fines.astype(np.float32)

    def _arrival_fines(self, nodes: np.ndarray, elsewhere: np.ndarray, start: int, end: int) -> np.ndarray | None:
        """(end - start, N): a fine for arriving where a jump outside the piece arrives shortly before or after."""
        limits, within = self.limits, self.limits.repeat_within
        if not within:
            return None
        if self.random.random() < 0.5:  # what only a loop has to keep clear of
            within //= 2
        arrival = np.zeros((end - start, self.node_cost.shape[1]), np.float32)
        jumps = limits.earlier.then(Jumps.of_path(nodes, elsewhere, limits.before)).shifted(-start)
        recent = (jumps.time >= -within) & (jumps.time <= end - start + within)
        jumps = Jumps(jumps.time[recent], jumps.src[recent], jumps.dst[recent])
        fine_arrivals(arrival, jumps, limits.place, within, self.fine)
        return arrival


def _shown_before(nodes: np.ndarray, jumped: np.ndarray, start: int, before: Before | None) -> Before | None:
    if start == 0:
        return before
    seams = np.flatnonzero(jumped[:start])
    if seams.size:
        return int(nodes[start - 1]), start - int(seams[-1])
    return int(nodes[start - 1]), start + (before[1] if before else 0)
