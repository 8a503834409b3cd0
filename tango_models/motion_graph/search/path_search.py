"""Which clips to show: the exact cheapest path through the motion graph, with reuse control and variants."""

from dataclasses import dataclass

import numpy as np

from tango_models.errors import InputError
from tango_models.motion_graph.graph import Edges
from tango_models.motion_graph.search.cost_rows import CostRows, along, as_rows, read, showable
from tango_models.motion_graph.search.limits import Limits, excess
from tango_models.motion_graph.search.objective import Objective
from tango_models.motion_graph.search.prices import raise_prices
from tango_models.motion_graph.search.repeats import places
from tango_models.motion_graph.search.rolling import FINE, Pace, roll
from tango_models.motion_graph.search.variety import PricedRows, passage_taste
from tango_models.motion_graph.search.viterbi import group_by_destination

__all__ = ["Edges", "Path", "SearchConfig", "even_reuse", "path_cost", "repeat_window", "search_path"]

_EFFORT = 1e9
"""Slots x edges searched at most in one try to meet the limits; 450 x 430,000 take 0.4 s."""


@dataclass(frozen=True)
class SearchConfig:
    """What a path pays besides its nodes. Node costs are meant to lie in about [0, 1]."""

    jump_cost: float = 0.6
    """For every jump. With its edge's share, usually 1.5 to 2.5, it must save the mismatch of several slots."""
    edge_weight: float = 4.0
    """Times the edge's own cost, for every jump. Edges of cost 0.7 and more let a hand change place within a frame. At
    2 a 9.5 s speech bought two of them (0.76, 0.89) among four seams on one of three real avatars; at 4 one (0.77) of
    two seams. On the others it changed nothing."""
    early_penalty: float = 1.0
    """Added to a jump out of a run that ends before `min_dwell` clips of it were shown."""
    noise: float = 0.15
    """Seeds other than 0 add up to this much to the costs of a second of footage, the same in all slots: they like
    other passages. (Drawn anew for every node or slot it would average out along a run and change nothing.) As much
    again is added to what the optimum shows, at about the time it shows it."""
    scales: tuple[float, ...] = (0.7, 0.85, 1.0, 1.2, 1.5)
    paces: tuple[tuple[int, int], ...] = ((40, 4), (60, 8), (90, 16), (150, 30))
    rounds: int = 200
    """Searches spent at most to meet the limits, a fifth of it in each window of a search with fixed lag; fewer on
    large problems, where one takes long and clips are many, but at least 6."""
    tolerance: float = 0.002
    """A path within the limits that costs at most this fraction more than the bound is good enough."""
    exact_cells: int = 60_000_000
    """Slots x clips above which the search has a fixed lag: the way back of an exact one would take 6 bytes each."""
    limited_steps: int = 2_250
    """Slots (5 minutes) above which a search with limits has a fixed lag, so that it keeps them everywhere."""
    window: int = 600
    """Slots (80 s) that a search with fixed lag looks at together ..."""
    lag: int = 150
    """... of which the last ones (20 s) are searched again with the next. Measured loss: `benchmarks/search.py`."""


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
        """All limits are met. False: no such path was found; this is the best when everything superfluous costs 8."""
        return not self.overused and not self.repeats

    @property
    def gap(self) -> float:
        """How far the cost may lie above the best possible one: 0 for an exact optimum."""
        return max(self.cost - self.bound, 0.0)


def even_reuse(steps: int, nodes: int) -> int:
    """A `max_reuse` that spreads `steps` over `nodes` evenly with some room: 1.25 times the mean, but at least 3, so
    that short speech need not leave its rests."""
    return max(-(-5 * steps // (4 * max(nodes, 1))), 3)


def repeat_window(nodes: int) -> int:
    """A `repeat_within`: 4 s, or a third of the footage where that is less."""
    return min(30, nodes // 3)


def search_path(
    node_cost: np.ndarray | CostRows,
    edges: Edges,
    *,
    min_dwell: int = 3,
    max_reuse: int | None = None,
    repeat_within: int = 0,
    seed: int = 0,
    config: SearchConfig | None = None,
) -> Path:
    """The cheapest way to fill T slots with clips.

    A path n_0 .. n_{T-1} starts and ends anywhere. From n_{t-1} it goes on to the natural successor, free, or jumps
    along an edge, for `jump_cost + edge_weight * edge.cost`. Its cost is the sum of these and of node_cost[t, n_t].

    **Dwell.** A jump is allowed only when at least `min_dwell` clips were shown since the last jump, counting the one
    jumped to; the first clip of the path counts as jumped to. One exception, so that every joined graph can be played:
    a clip without a natural successor may be left earlier, for `early_penalty` more. The last dwell may be shorter.

    The optimum over this cost is exact (dynamic programming over node and clips since the last jump).

    **Limits.** `max_reuse` bounds how often one node is shown; with `repeat_within`, no jump may go from about where to
    about where (half a second) another went up to so many slots earlier, so nothing flips back and forth between two
    places. When the optimum breaks a limit, searches with tolls on what is superfluous look for the best path that
    does not (`tolls.meet_limits`). It comes with a lower bound on the optimum within the limits (`Path.gap`); where
    none is found, `Path.feasible` is False. How many jumps there are is a matter of what they cost alone.

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
        max_reuse: at least T / (number of nodes that may be shown). `even_reuse` has a good one.
        repeat_within: slots, see `repeat_window`.
        seed: 0 is the optimum; every other seed a reproducible path of nearly the same cost.

    Returns:
        the best path found. Same inputs, same path.

    Raises:
        InputError: empty or malformed costs, no path of T nodes exists, a limit is impossible.
    """
    config = config or SearchConfig()
    rows = _checked(node_cost, edges, min_dwell, max_reuse, repeat_within)
    problem = _Problem(edges, min_dwell, max_reuse, repeat_within, config)
    jump_cost = _jump_cost(edges, config)
    searched = PricedRows(rows)
    if seed:
        # Noise alone often ends at the optimum again: what it shows is made dearer at the times it shows it.
        best = problem.solve(rows, jump_cost)
        taste = np.float32(config.noise) * passage_taste(rows.shape[1], seed)
        searched = PricedRows(rows, taste).discouraging(best[0], config.noise)
    found = problem.solve(searched, jump_cost)
    nodes, jumped, bound = found
    seams = np.flatnonzero(jumped).astype(np.int32)
    over = excess(nodes, jumped, problem.limits)
    cost = path_cost(nodes, seams, rows, edges, min_dwell=min_dwell, config=config)
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
) -> float:
    """The cost `search_path` minimises, of a given path. KeyError when it jumps where there is no edge."""
    jumped = np.zeros(len(nodes), bool)
    jumped[seams] = True
    objective = _objective(edges, _jump_cost(edges, config), min_dwell, config)
    return along(as_rows(node_cost), nodes) + objective.jumps(nodes, jumped)


def _jump_cost(edges: Edges, config: SearchConfig) -> np.ndarray:
    return config.jump_cost + config.edge_weight * np.asarray(edges.cost, np.float32)


def _objective(edges: Edges, jump_cost: np.ndarray, min_dwell: int, config: SearchConfig) -> Objective:
    return Objective(group_by_destination(edges, jump_cost), min_dwell, config.early_penalty)


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
    ) -> None:
        self.edges, self.min_dwell, self.config = edges, min_dwell, config
        nodes = len(edges.successor)
        self.limits = Limits(
            uses=None if max_reuse is None else np.full(nodes, max_reuse, np.int64),
            repeat_within=repeat_within,
            place=places(edges.successor),
        )
        self.limited = max_reuse is not None or repeat_within > 0

    def solve(self, rows: CostRows, jump_cost: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
        """Nodes (T,) and jumped (T,) of the best path found, and a bound that no path within the limits is below.
        jump_cost (E,)."""
        steps, nodes = rows.shape
        config, limits = self.config, self.limits
        objective = _objective(self.edges, jump_cost, self.min_dwell, config)
        free = np.zeros(nodes)
        if steps * nodes > config.exact_cells or (self.limited and steps > config.limited_steps):
            pace = Pace(config.window, config.window - config.lag)
            return (*roll(rows, self.edges, objective, limits, free, pace, evenly=True), -np.inf)
        cost = read(rows, 0, steps)
        *path, bound = objective.best(cost)
        if not excess(*path, limits).total:
            return (*path, bound)
        work = steps * (len(self.edges.src) + self.min_dwell * nodes)
        rounds = int(np.clip(_EFFORT / work, 6, config.rounds))
        price, dual, met = raise_prices(cost, objective, limits, path[0], rounds)
        found = [tuple(path), *met]
        for scale in config.scales:
            for pace in config.paces:
                found.append(roll(cost, self.edges, objective, limits, scale * price, Pace(*pace), evenly=False))
        def judged(path):
            over = excess(*path, limits).total
            own = float(cost[np.arange(steps), path[0]].astype(np.float64).sum()) + objective.jumps(*path)
            return over > 0, own + FINE * over
        nodes, jumped = min(found, key=judged)
        return nodes, jumped, max(bound, dual)
