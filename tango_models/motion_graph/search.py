"""Which clips to show: the exact cheapest path through the motion graph, with reuse control and variants."""

from dataclasses import dataclass, replace

import numpy as np

from tango_models.errors import InputError
from tango_models.motion_graph.graph import Edges
from tango_models.motion_graph.reuse import limit_reuse
from tango_models.motion_graph.viterbi import IncomingEdges, best_path, group_by_destination

__all__ = ["Edges", "Path", "SearchConfig", "even_reuse", "path_cost", "search_path"]


_PASSAGE = 8
"""Clips that a seed likes or dislikes together: about a second."""


@dataclass(frozen=True)
class SearchConfig:
    """What a path pays besides its nodes. Node costs are meant to lie in about [0, 1]."""

    jump_cost: float = 0.6
    """For every jump. With its edge's cost, usually about 0.5, a jump must save the mismatch of three to four slots. On
    random avatars of 13 s in two runs (benchmarks/search.py): 3-5 jumps in 9.5 s of speech, 24-41 in 60 s."""
    edge_weight: float = 2.0
    """Times the edge's own cost, for every jump. At 1 the search bought seams of cost 0.7, in which hands change place
    within a frame, for a little more fit."""
    early_penalty: float = 1.0
    """Added to a jump out of a run that ends before `min_dwell` clips of it were shown."""
    noise: float = 0.15
    """Seeds other than 0 add up to this much to the costs of a second of footage, the same in all slots: they like
    other passages. (Drawn anew for every node or slot it would average out along a run and change nothing.) As much
    again is added to what the optimum shows, at about the time it shows it."""
    diversity: float = 0.3
    """Added for each earlier variant: to the nodes it shows, within 2 steps of when it shows them, and to its jumps."""
    reuse_rounds: int = 300
    """Searches spent at most on meeting `max_reuse`; fewer on large problems, where one takes long and clips are many:
    about 5 s in all, but at least 40."""


@dataclass(frozen=True)
class Path:
    """T nodes to show one after the other."""

    nodes: np.ndarray
    """(T,) int32."""
    cost: float
    """Sum over nodes and jumps by the costs given (no noise, no multipliers, no diversity)."""
    seams: np.ndarray
    """(S,) int32 positions t: between t - 1 and t there is a jump."""
    bound: float
    """No path that meets all constraints costs less. -inf where not known (other seeds, later variants)."""
    most_used: int
    """How often the most used node is shown."""
    feasible: bool
    """`max_reuse` is met. False: no such path was found; this is the best when every superfluous use costs 1."""

    @property
    def gap(self) -> float:
        """How far the cost may lie above the best possible one: 0 for an exact optimum."""
        return max(self.cost - self.bound, 0.0)


def even_reuse(steps: int, nodes: int) -> int:
    """A `max_reuse` that spreads `steps` over `nodes` evenly with some room: 1 + 1.25 times the mean, rounded up."""
    return 1 + -(-5 * steps // (4 * max(nodes, 1)))


def search_path(
    node_cost: np.ndarray,
    edges: Edges,
    *,
    min_dwell: int = 3,
    max_reuse: int | None = None,
    seed: int = 0,
    variants: int = 1,
    config: SearchConfig | None = None,
) -> list[Path]:
    """The cheapest ways to fill T slots with clips.

    A path n_0 .. n_{T-1} starts and ends anywhere. From n_{t-1} it goes on to the natural successor, free, or jumps
    along an edge, for `jump_cost + edge_weight * edge.cost`. Its cost is the sum of these and of node_cost[t, n_t].

    **Dwell.** A jump is allowed only when at least `min_dwell` clips were shown since the last jump, counting the one
    jumped to; the first clip of the path counts as jumped to. One exception, so that every joined graph can be played:
    a clip without a natural successor may be left earlier, for `early_penalty` more. The last dwell may be shorter.

    The optimum over this cost is exact (dynamic programming over node and clips since the last jump).

    **Reuse.** `max_reuse` bounds how often one node is shown: Lagrangian multipliers per node, then local
    multipliers per node and time that break ties between equal uses; the best path that meets the bound is returned
    with a lower bound on the optimum (`Path.gap`).

    Args:
        node_cost: (T, N) float32. +inf: the node may not be shown then. Not NaN, not -inf.
        edges: jumps and natural playback over N nodes; a jump to the natural successor is ignored.
        min_dwell: clips, 1 to 255.
        max_reuse: at least T / (number of nodes that may be shown).
        seed: 0 is the optimum; every other seed a reproducible path of nearly the same cost.
        variants: number of paths. Each later one avoids what the earlier ones show at the same time, and their jumps.

    Returns:
        `variants` paths; the first is the best. Same inputs, same paths.

    Raises:
        InputError: empty or malformed costs, no path of T nodes exists, `max_reuse` is impossible.
    """
    config = config or SearchConfig()
    node_cost = _checked(node_cost, edges, min_dwell=min_dwell, max_reuse=max_reuse, variants=variants)
    base = config.jump_cost + config.edge_weight * np.asarray(edges.cost, np.float32)
    searched = node_cost
    if seed:
        # Noise alone often ends at the optimum again: what it shows is made dearer at the times it shows it.
        searched = node_cost.copy()
        best = _solve(searched, group_by_destination(edges, base), min_dwell, max_reuse, config)
        _discourage(best, edges, searched, np.zeros(len(edges.src), np.float32), config.noise)
        passages = -(-node_cost.shape[1] // _PASSAGE)
        taste = np.random.default_rng(seed).random(passages, dtype=np.float32).repeat(_PASSAGE)[: node_cost.shape[1]]
        searched += np.float32(config.noise) * taste[None, :]
    jump_extra = np.zeros(len(edges.src), np.float32)
    paths: list[Path] = []
    for variant in range(variants):
        if variant:
            if searched is node_cost:
                searched = node_cost.copy()
            _discourage(paths[-1], edges, searched, jump_extra, config.diversity)
        incoming = group_by_destination(edges, base + jump_extra)
        path = _solve(searched, incoming, min_dwell, max_reuse, config)
        cost = path_cost(path.nodes, path.seams, node_cost, edges, min_dwell=min_dwell, config=config)
        exact = not seed and not variant
        paths.append(replace(path, cost=cost, bound=min(path.bound, cost) if exact else -np.inf))
    return paths


def path_cost(
    nodes: np.ndarray, seams: np.ndarray, node_cost: np.ndarray, edges: Edges, *, min_dwell: int, config: SearchConfig
) -> float:
    """The cost `search_path` minimises, of a given path. KeyError when it jumps where there is no edge."""
    cheapest: dict[tuple[int, int], float] = {}
    if len(seams):
        sources = np.isin(edges.src, nodes[np.asarray(seams) - 1])
        for s, d, c in zip(edges.src[sources], edges.dst[sources], edges.cost[sources], strict=True):
            cheapest[int(s), int(d)] = min(float(c), cheapest.get((int(s), int(d)), np.inf))
    total = float(node_cost[np.arange(len(nodes)), nodes].astype(np.float64).sum())
    previous = 0
    for t in map(int, seams):
        total += config.jump_cost + config.edge_weight * cheapest[int(nodes[t - 1]), int(nodes[t])]
        if t - previous < min_dwell:
            total += config.early_penalty
        previous = t
    return total


def _checked(
    node_cost: np.ndarray, edges: Edges, *, min_dwell: int, max_reuse: int | None, variants: int
) -> np.ndarray:
    cost = np.ascontiguousarray(node_cost, dtype=np.float32)
    nodes = len(edges.successor)
    if cost.ndim != 2 or 0 in cost.shape:
        raise InputError("node costs", f"have shape {cost.shape}", "give (slots, clips), at least one of each")
    if cost.shape[1] != nodes:
        raise InputError("node costs", f"are for {cost.shape[1]} clips, the graph has {nodes}", "score the same clips")
    if np.isnan(cost).any() or np.isneginf(cost).any():
        raise InputError("node costs", "contain NaN or -inf", "check the features the scorer was given")
    if not 1 <= min_dwell <= 255:
        raise InputError("min_dwell", f"is {min_dwell}", "give 1 to 255 clips")
    if variants < 1:
        raise InputError("variants", f"is {variants}", "ask for at least one path")
    if max_reuse is not None:
        shown = int(np.isfinite(cost).any(axis=0).sum())
        if max_reuse < 1 or max_reuse * shown < len(cost):
            least = -(-len(cost) // max(shown, 1))
            fault = f"{max_reuse} x {shown} clips cannot fill {len(cost)} slots"
            raise InputError("max_reuse", fault, f"give at least {least}")
    return cost


def _solve(
    node_cost: np.ndarray, incoming: IncomingEdges, min_dwell: int, max_reuse: int | None, config: SearchConfig
) -> Path:
    def solve(cost: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
        nodes, jumped, total = best_path(cost, incoming, min_dwell=min_dwell, early_penalty=config.early_penalty)
        if not np.isfinite(total):
            fault = f"no path of {len(cost)} clips exists through its jumps"
            raise InputError("motion graph", fault, "join the graph, or lower min_dwell")
        return nodes, jumped, total

    nodes, jumped, total = solve(node_cost)
    bound, feasible = total, True
    if max_reuse is not None and np.bincount(nodes).max() > max_reuse:
        work = len(node_cost) * (len(incoming.src) + min_dwell * node_cost.shape[1])  # 450 x 430,000: 0.7 s
        rounds = int(np.clip(1.5e9 / work, min(40, config.reuse_rounds), config.reuse_rounds))
        nodes, jumped, bound, feasible = limit_reuse(node_cost, nodes, jumped, total, max_reuse, solve, rounds)
    return Path(
        nodes=nodes,
        cost=total,
        seams=np.flatnonzero(jumped).astype(np.int32),
        bound=bound,
        most_used=int(np.bincount(nodes).max()),
        feasible=feasible,
    )


def _discourage(path: Path, edges: Edges, node_cost: np.ndarray, jump_extra: np.ndarray, amount: float) -> None:
    """Raise, in place, the cost of showing what `path` shows at about the same time, and of its jumps."""
    steps = len(path.nodes)
    for shift in range(-2, 3):
        t = np.arange(max(shift, 0), steps + min(shift, 0))
        node_cost[t, path.nodes[t - shift]] += np.float32(amount)
    taken = {(int(path.nodes[t - 1]), int(path.nodes[t])) for t in path.seams}
    for e, pair in enumerate(zip(edges.src.tolist(), edges.dst.tolist(), strict=True)):
        if pair in taken:
            jump_extra[e] += amount
