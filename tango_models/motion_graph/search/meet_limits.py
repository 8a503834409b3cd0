"""The best path within limits: prices for a bound, then many small searches that mend the path piece by piece."""

from dataclasses import dataclass

import numpy as np

from tango_models.motion_graph.search.beam import beam_path
from tango_models.motion_graph.search.limits import Limits, excess
from tango_models.motion_graph.search.mending import PENALTY, Mended, mend
from tango_models.motion_graph.search.multipliers import Prices, raise_prices
from tango_models.motion_graph.search.objective import Objective

_TRIES = ((1.0, 20), (1.2, 50), (0.9, 50), (1.0, 100), (1.1, 20), (1.3, 50))
"""Of each: times the prices, and paths kept per state, of the beam search that a path is mended from. None of them
alone finds most: on three real avatars of 13 s and a minute of speech each was best once or never found a path."""
_WIDTH = 4_000  # paths of the beam search
_BEAM_CLIPS = 1_000  # with more, counting the uses on every path takes longer than mending
_NOISE, _HEAT = 0.2, 0.5  # of mending a path of the beam search, which is good already
_FAR_NOISE, _FAR_HEAT = 0.3, 1.2  # and of one without limits
_FINES = 4.0, 40.0  # for what is superfluous, from the beginning to the end
_REPAIR_FINES, _REPAIR_HEAT = (16.0, 80.0), 2.0  # where all tries leave something superfluous
_REPAIRS = 3
_GOOD = 0.05  # gap with which no other try is made, nor when two tries in a row gain less than `_GAIN`
_GAIN = 0.01


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
    choose between uses that are worth the same, so these paths flip between all and none of them. Therefore a beam
    search led by the prices counts uses, jumps and repeats (`beam.beam_path`), and what it finds is mended piece by
    piece (`mending.mend`); large graphs, and windows of long speech, are mended from the best path of the prices.

    Args:
        node_cost: (T, N).
        rounds: searches of the whole length spent at most, besides the first; pieces count by their length.
        tries: how often the pieces are searched at most: again as long as no path within the limits is found, or only
            one with a gap above 5 % that still shrinks.
        tolerance: a path this fraction of its cost above the bound is good enough to stop at.
        prices: to begin with, those of a similar problem.
    """
    nodes, jumped, bound = objective.best(node_cost, before=limits.before)
    if not excess(nodes, jumped, limits).total:
        return Limited(nodes, jumped, bound, True, prices or Prices.none(node_cost.shape[1]))
    price, dual, met = raise_prices(node_cost, objective, limits, (nodes, jumped), rounds // 3, prices)
    bound = max(bound, dual)
    best = min((_judged(node_cost, objective, limits, *path) for path in [(nodes, jumped), *met]), key=lambda m: m.key)
    enough = bound + tolerance * abs(bound)
    best_cost, idle = np.inf, 0
    work = (rounds - rounds // 3) * len(node_cost)
    follow = limits.before is None and not len(limits.earlier) and node_cost.shape[1] <= _BEAM_CLIPS
    for attempt, (scale, per_state) in enumerate(_TRIES[:tries]):
        start, noise, heat = best, _FAR_NOISE, _FAR_HEAT
        if follow:
            led = Prices(price.node * scale, price.jump * scale)
            beam = beam_path(node_cost, objective, limits, led, width=_WIDTH, per_state=per_state, fine=PENALTY)
            if beam is not None:
                start, noise, heat = _judged(node_cost, objective, limits, *beam), _NOISE, _HEAT
        found = mend(
            node_cost, objective, limits, price, start.nodes, start.jumped,
            work=work, noise=noise, heat=heat, fines=_FINES, enough=enough, seed=attempt,
        )  # fmt: skip
        best = min(best, found, key=lambda m: m.key)
        idle = 0 if best.over or best.cost < best_cost - _GAIN * abs(best_cost) else idle + 1
        if not best.over and (best.cost - bound <= _GOOD * abs(best.cost) or idle == 2):
            break
        best_cost = np.inf if best.over else best.cost
    for repair in range(_REPAIRS if tries > 1 else 0):
        if not best.over:
            break
        repaired = best
        for fines, stop, heat in ((_REPAIR_FINES, np.inf, _REPAIR_HEAT), (_FINES, enough, _FAR_HEAT)):
            repaired = mend(
                node_cost, objective, limits, price, repaired.nodes, repaired.jumped,
                work=work, noise=_FAR_NOISE, heat=heat, fines=fines, enough=stop, seed=tries + repair,
            )  # fmt: skip
        best = min(best, repaired, key=lambda m: m.key)
    return Limited(best.nodes, best.jumped, bound, not best.over, price)


def _judged(
    node_cost: np.ndarray, objective: Objective, limits: Limits, nodes: np.ndarray, jumped: np.ndarray
) -> Mended:
    cost = float(node_cost[np.arange(len(nodes)), nodes].astype(np.float64).sum())
    cost += objective.jumps(nodes, jumped, limits.before)
    return Mended(nodes, jumped, excess(nodes, jumped, limits).total, cost)
