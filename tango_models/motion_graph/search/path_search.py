"""Which clips to show: the exact cheapest path through the motion graph, with reuse control and variants."""

from dataclasses import dataclass

import numpy as np

from tango_models.errors import InputError
from tango_models.motion_graph.edge_config import CUT, WORST
from tango_models.motion_graph.graph import Edges
from tango_models.motion_graph.search.cost_rows import CostRows, along, as_rows, read, showable
from tango_models.motion_graph.search.limit_prices import raise_prices
from tango_models.motion_graph.search.limits import Limits, excess
from tango_models.motion_graph.search.objective import Objective
from tango_models.motion_graph.search.repeats import places
from tango_models.motion_graph.search.rolling import FINE, Pace, roll
from tango_models.motion_graph.search.search_config import SearchConfig
from tango_models.motion_graph.search.variety import PricedRows, passage_taste
from tango_models.motion_graph.search.viterbi import group_by_destination

__all__ = ["Edges", "Path", "SearchConfig", "path_cost", "search_path"]

_EFFORT, _LONG_EFFORT = 1e9, 2e10
"""Slots x edges searched at most for the prices of the limits, and for a path of long speech within them; 450 x 430,000
take 0.4 s."""
_PACES = (Pace(60, 8), Pace(90, 16), Pace(150, 60))
_SCALES = (0.7, 0.85, 1.0, 1.2, 1.5)
"""Of the prices: with each, and each pace, a path is looked for, and the best is taken."""


@dataclass(frozen=True)
class Path:
    """T nodes to show one after the other."""

    nodes: np.ndarray
    """(T,) int32."""
    cost: float
    """Sum over nodes and jumps by the costs given (no noise, no multipliers)."""
    seams: np.ndarray
    """(S,) int32 positions t: between t - 1 and t there is a jump."""
    bound: float
    """No path that meets all limits costs less. -inf where not known (other seeds, later variants, fixed lag)."""
    most_used: int
    """How often the most used node is shown."""
    repeats: int
    """Jumps that repeat one within `repeat_within` slots."""
    overused: int
    """Uses of nodes beyond the limit."""

    @property
    def feasible(self) -> bool:
        """All limits are met. False: no such path was found; this is the best with a `FINE` on what is superfluous."""
        return not self.overused and not self.repeats

    @property
    def gap(self) -> float:
        """How far the cost may lie above the best possible one: 0 for an exact optimum."""
        return max(self.cost - self.bound, 0.0)


def search_path(
    node_cost: np.ndarray | CostRows,
    edges: Edges,
    *,
    min_dwell: int = 3,
    max_reuse: int | None = None,
    repeat_within: int = 0,
    seed: int = 0,
    phrase: np.ndarray | None = None,
    config: SearchConfig | None = None,
) -> Path:
    """The cheapest way to fill T slots with clips.

    A path n_0 .. n_{T-1} starts and ends anywhere. From n_{t-1} it goes on to the natural successor, free, or jumps
    along an edge, for `jump_cost + edge_weight * edge.cost⁴`. Its cost is the sum of these and of node_cost[t, n_t].

    **Cuts.** A jump that nobody misses, into another room or framing, is a cut, and is made between two phrases: within
    one it costs `phrase_weight` times as much again.

    **Dwell.** A jump is allowed only when at least `min_dwell` clips were shown since the last jump, counting the one
    jumped to; the first clip of the path counts as jumped to. One exception, so that every joined graph can be played:
    a clip without a natural successor may be left earlier, for `early_penalty` more. The last dwell may be shorter.

    The optimum over this cost is exact (dynamic programming over node and clips since the last jump).

    **Limits.** `max_reuse` bounds how often one node is shown; with `repeat_within`, no jump may go from about where to
    about where (half a second) another went up to so many slots earlier, so nothing flips back and forth between two
    places. When the optimum breaks a limit, searches with prices on what is superfluous look for the best path that
    does not (`limit_prices.raise_prices`). It comes with a lower bound on the optimum within the limits (`Path.gap`);
    where none is found, `Path.feasible` is False. How many jumps there are is a matter of what they cost alone.

    **Long speech.** Above `config.exact_cells`, or with limits above `config.limited_steps`, the search has a fixed
    lag: windows of `config.window` slots are searched one after the other, each from where the part of the one before
    that is kept ends; of each all but the last `config.lag` slots are kept. Memory then does not grow with T. The
    limits hold at every time in proportion, so that uses are spread evenly. Clips after which footage ends without a
    way on are not shown then.

    Args:
        node_cost: (T, N) float32, or an object that gives slices of its rows. +inf: the node may not be shown then.
            Not NaN, not -inf.
        edges: jumps and natural playback over N nodes; a jump to the natural successor is ignored.
        min_dwell: clips, 1 to 255.
        max_reuse: at least T / (number of nodes that may be shown). `reuse.even_reuse` has a good one.
        repeat_within: slots, see `reuse.repeat_window`.
        phrase: (T,) bool, true where a jump into a slot is within a phrase; None: nowhere. See
            `scoring.silence.within_phrase`.
        seed: 0 is the optimum; every other seed a reproducible path of nearly the same cost.

    Returns:
        the best path found. Same inputs, same path.

    Raises:
        InputError: empty or malformed costs, no path of T nodes exists, a limit is impossible.
    """
    config = config or SearchConfig()
    rows = _checked(node_cost, edges, min_dwell, max_reuse, repeat_within)
    if phrase is not None and phrase.shape != rows.shape[:1]:
        raise InputError("phrase", f"has shape {phrase.shape}", f"give {rows.shape[:1]}, one of each slot")
    problem = _Problem(edges, min_dwell, max_reuse, repeat_within, config, phrase)
    searched = rows
    if seed:
        # Noise alone often ends at the optimum again: what it shows is made dearer at the times it shows it.
        best = problem.solve(rows)
        taste = np.float32(config.noise) * passage_taste(rows.shape[1], seed)
        searched = PricedRows(rows, taste, best[0], config.noise)
    found = problem.solve(searched)
    nodes, jumped, bound = found
    seams = np.flatnonzero(jumped).astype(np.int32)
    over = excess(nodes, jumped, problem.limits)
    cost = path_cost(nodes, seams, rows, edges, min_dwell=min_dwell, config=config, phrase=phrase)
    return Path(
        nodes=nodes,
        cost=cost,
        seams=seams,
        bound=min(bound, cost) if not seed else -np.inf,
        most_used=int(np.bincount(nodes).max()),
        repeats=len(over.repeats),
        overused=int(over.uses.sum()),
    )


def path_cost(
    nodes: np.ndarray,
    seams: np.ndarray,
    node_cost: np.ndarray | CostRows,
    edges: Edges,
    *,
    min_dwell: int,
    config: SearchConfig,
    phrase: np.ndarray | None = None,
) -> float:
    """The cost `search_path` minimises, of a given path. KeyError when it jumps where there is no edge."""
    jumped = np.zeros(len(nodes), bool)
    jumped[seams] = True
    objective = _objective(edges, min_dwell, config, phrase)
    return along(as_rows(node_cost), nodes) + objective.jumps(nodes, jumped)


def _objective(edges: Edges, min_dwell: int, config: SearchConfig, phrase: np.ndarray | None) -> Objective:
    cost = np.asarray(edges.cost, np.float32)
    seen = config.edge_weight * np.minimum(cost, WORST) ** 4
    within = np.where(cost >= CUT, (1 + config.phrase_weight) * seen, seen)
    incoming = group_by_destination(edges, config.jump_cost + seen, config.jump_cost + within)
    return Objective(incoming, min_dwell, config.early_penalty, phrase)


def _checked(
    node_cost: np.ndarray | CostRows,
    edges: Edges,
    min_dwell: int,
    max_reuse: int | None,
    repeat_within: int,
) -> CostRows:
    rows = as_rows(node_cost)
    nodes = len(edges.successor)
    if len(rows.shape) != 2 or 0 in rows.shape:
        raise InputError("node costs", f"have shape {rows.shape}", "give (slots, clips), at least one of each")
    if rows.shape[1] != nodes:
        raise InputError("node costs", f"are for {rows.shape[1]} clips, the graph has {nodes}", "score the same clips")
    if not 1 <= min_dwell <= 255:
        raise InputError("min_dwell", f"is {min_dwell}", "give 1 to 255 clips")
    if repeat_within < 0:
        raise InputError("repeat_within", f"is {repeat_within}", "give 0 or more slots")
    shown = int(showable(rows).sum())
    if max_reuse is not None and (max_reuse < 1 or max_reuse * shown < rows.shape[0]):
        least = -(-rows.shape[0] // max(shown, 1))
        fault = f"{max_reuse} x {shown} clips cannot fill {rows.shape[0]} slots"
        raise InputError("max_reuse", fault, f"give at least {least}")
    return rows


class _Problem:
    """What all searches of one call have in common."""

    def __init__(
        self,
        edges: Edges,
        min_dwell: int,
        max_reuse: int | None,
        repeat_within: int,
        config: SearchConfig,
        phrase: np.ndarray | None,
    ) -> None:
        self.edges, self.config = edges, config
        self.objective = _objective(edges, min_dwell, config, phrase)
        nodes = len(edges.successor)
        self.limits = Limits(
            uses=None if max_reuse is None else np.full(nodes, max_reuse, np.int64),
            repeat_within=repeat_within,
            place=places(edges.successor),
        )
        self.limited = max_reuse is not None or repeat_within > 0

    def solve(self, rows: CostRows) -> tuple[np.ndarray, np.ndarray, float]:
        """Nodes (T,) and jumped (T,) of the best path found, and a bound that no path within the limits is below."""
        steps, count = rows.shape
        config, limits, objective = self.config, self.limits, self.objective
        work = steps * (len(self.edges.src) + objective.min_dwell * count)
        if steps * count > config.exact_cells or (self.limited and steps > config.limited_steps):
            pace = Pace(config.window, config.window - config.lag)
            if self.limited:  # the shorter what is kept, the evener are the uses
                pace = next((p for p in _PACES if work * p.window <= _LONG_EFFORT * p.keep), _PACES[-1])
            return (*roll(rows, self.edges, objective, limits, np.zeros(count), pace, evenly=True), -np.inf)
        cost = read(rows, 0, steps)
        nodes, jumped, bound = objective.best(cost)
        if not excess(nodes, jumped, limits).total:
            return nodes, jumped, bound
        price, bound_of_prices, met = raise_prices(
            cost, objective, limits, nodes, int(np.clip(_EFFORT / work, 6, config.rounds))
        )
        found = [(nodes, jumped), *met]
        for scale in _SCALES:
            for pace in _PACES if work * _PACES[0].window <= _EFFORT * _PACES[0].keep else _PACES[-1:]:
                found.append(roll(cost, self.edges, objective, limits, scale * price, pace, evenly=False))

        def judged(path: tuple[np.ndarray, np.ndarray]) -> float:
            own = float(cost[np.arange(steps), path[0]].astype(np.float64).sum()) + objective.jumps(*path)
            return own + FINE * excess(*path, limits).total

        nodes, jumped = min(found, key=judged)
        return nodes, jumped, max(bound, bound_of_prices)
