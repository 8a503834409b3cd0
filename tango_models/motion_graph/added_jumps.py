"""Jumps that are added to those that are admissible by themselves: bridges that join a motion graph into one strongly
connected component, and more ways through short footage."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tango_models.motion_graph.edges import EdgeArrays, EdgeConfig, concatenate_edges, edges_of_pairs, nearest_pairs
from tango_models.motion_graph.features import ClipEnds, FrameFeatures, first_frames, following_frames, has_camera
from tango_models.motion_graph.graph import MotionGraph
from tango_models.motion_graph.terms import pair_terms, thresholds

# A bridge back into the last second would loop there; it is taken only when there is nothing farther away.
_SHORTEST_LOOP = 8
_CANDIDATES = 16
_WAYS = 4
"""Jumps that every clip should have. Three real speakers with 13 s of footage each had 1.5, 2.2 and 5.6 on average: too
few to show no clip more than six times in a minute and to rest in its pauses."""
_MOST_COST = 0.8
"""From about 0.7 on a hand is seen to change place; the bridges that such footage is played by without these jumps cost
0.9 to 1.5."""
_MOST_WORST = 1.5
"""No term beyond so many times the threshold of the source's own surroundings."""
_LARGEST = 2_000
"""Clips above which nothing is added: 4 minutes of footage have jumps enough, and every pair is judged."""


def join(graph: MotionGraph, videos: Sequence[FrameFeatures], config: EdgeConfig | None = None) -> MotionGraph:
    """Add the cheapest bridges until every usable clip can be reached from every other one.

    In rounds: every component that nothing leads out of gets its cheapest jump to a clip outside, every component that
    nothing leads into its cheapest jump from outside, as in Borůvka's spanning tree; each round at least halves the
    number of such ends. Costs are those of `score_pair` without the thresholds' veto, so a bridge may cost more than 1.
    A single clip gets a jump to its own start; a run that nothing resembles, a jump from its end to its beginning.

    Args:
        graph: over the clips of `videos`, in that order.

    Returns:
        The same nodes; `jumps` with the bridges added and flagged in `bridge`. Deterministic.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    config = config or EdgeConfig()
    judge = Judge.of_videos(videos, config)
    usable = np.flatnonzero(graph.usable)
    bridges: list[EdgeArrays] = []
    if usable.size == 1 and not (graph.jumps.src == usable[0]).any():
        bridges.append(judge.score(usable, usable))
    while True:
        src, dst = _all_edges(graph, bridges)
        matrix = coo_array((np.ones(src.size, np.int8), (src, dst)), shape=(graph.nodes, graph.nodes))
        _, label = connected_components(matrix, directed=True, connection="strong")
        label = np.where(graph.usable, label, -1)
        if np.unique(label[usable]).size == 1:
            break
        across = label[src] != label[dst]
        leaving, entering = set(label[src[across]].tolist()), set(label[dst[across]].tolist())
        added: dict[tuple[int, int], EdgeArrays] = {}
        # components in the order of their first clip, so that nothing hangs on how scipy numbers them
        for component in dict.fromkeys(label[usable].tolist()):
            inside, outside = usable[label[usable] == component], usable[label[usable] != component]
            if component not in leaving:
                bridge = judge.cheapest(inside, outside)
                added[int(bridge.src[0]), int(bridge.dst[0])] = bridge
            if component not in entering:
                bridge = judge.cheapest(outside, inside)
                added[int(bridge.src[0]), int(bridge.dst[0])] = bridge
        bridges.extend(added.values())
    return _with_bridges(graph, bridges)


def _all_edges(graph: MotionGraph, bridges: list[EdgeArrays]) -> tuple[np.ndarray, np.ndarray]:
    natural = np.flatnonzero(graph.successor >= 0)
    src = [natural, graph.jumps.src, *(bridge.src for bridge in bridges)]
    dst = [graph.successor[natural], graph.jumps.dst, *(bridge.dst for bridge in bridges)]
    return np.concatenate(src).astype(np.int64), np.concatenate(dst).astype(np.int64)


def _with_bridges(graph: MotionGraph, bridges: list[EdgeArrays]) -> MotionGraph:
    jumps = concatenate_edges([graph.jumps, *bridges])
    new = {(int(bridge.src[0]), int(bridge.dst[0])) for bridge in bridges}
    old = {(int(s), int(d)) for s, d, flag in zip(graph.jumps.src, graph.jumps.dst, graph.bridge, strict=True) if flag}
    flagged = new | old
    bridge = np.array([pair in flagged for pair in zip(jumps.src.tolist(), jumps.dst.tolist(), strict=True)], bool)
    return replace(graph, jumps=jumps, bridge=bridge.reshape(len(jumps)))


class Judge:
    """Costs of any pairs of nodes across the videos, by the terms and thresholds of ordinary jumps."""

    def __init__(self, videos: Sequence[FrameFeatures], config: EdgeConfig, *, camera: bool) -> None:
        self.config = config
        self.following = ClipEnds.concatenate([following_frames(video, camera=camera) for video in videos])
        self.first = ClipEnds.concatenate([first_frames(video, camera=camera) for video in videos])
        self.limit = np.concatenate([thresholds(video, config, camera=camera) for video in videos])
        runs, shift = [], 0
        for video in videos:
            runs.append(video.frame_run[::4] + shift)
            shift += video.clips + 1
        self.run = np.concatenate(runs)

    @classmethod
    def of_videos(cls, videos: Sequence[FrameFeatures], config: EdgeConfig) -> "Judge":
        """With the camera among the terms when it is known of all videos that have usable clips."""
        return cls(videos, config, camera=all(has_camera(video) for video in videos if video.usable_clips.any()))

    def judged(self, src: np.ndarray, dst: np.ndarray) -> tuple[EdgeArrays, np.ndarray]:
        """Jumps src[p] -> dst[p] and the largest term of each as a fraction of its own threshold (P,)."""
        terms = pair_terms(self.following, self.first, src, dst)
        return edges_of_pairs(terms, self.limit[src], np.asarray(src), np.asarray(dst), self.config)

    def score(self, src: np.ndarray, dst: np.ndarray) -> EdgeArrays:
        return self.judged(src, dst)[0]

    def cheapest(self, src: np.ndarray, dst: np.ndarray) -> EdgeArrays:
        """The cheapest jump from any clip of `src` to any of `dst`; short loops back only when there is no other."""
        for separation in (_SHORTEST_LOOP, self.config.separation, 0):
            a, b = nearest_pairs(
                self.following, self.first, self.limit, src, dst, _CANDIDATES, run=self.run, separation=separation
            )
            if a.size:
                edges = self.score(a, b)
                return edges.take(np.lexsort((edges.dst, edges.src, edges.cost))[:1])
        raise AssertionError("two disjoint sets of clips always have a pair between them")


def add_ways(graph: MotionGraph, videos: Sequence[FrameFeatures], config: EdgeConfig | None = None) -> MotionGraph:
    """Up to `_WAYS` jumps out of every clip: the cheapest among those that nearly are admissible.

    Args:
        graph: over the clips of `videos`, in that order.

    Returns:
        The same nodes; `jumps` with those added, not flagged in `bridge`: by cost they are as good as admissible ones.
        Large graphs come back as they are. Deterministic.
    """
    if graph.nodes > _LARGEST:
        return graph
    config = config or EdgeConfig()
    judge = Judge.of_videos(videos, config)
    usable = np.flatnonzero(graph.usable)
    has = np.bincount(graph.jumps.src, minlength=graph.nodes)
    given = {*zip(graph.jumps.src.tolist(), graph.jumps.dst.tolist(), strict=True)}
    parts = []
    for clip in usable[has[usable] < _WAYS].tolist():
        step = usable - clip
        far = (judge.run[usable] != judge.run[clip]) | (np.abs(step) > config.separation)
        target = usable[far & (usable != graph.successor[clip])]
        target = target[[(clip, node) not in given for node in target.tolist()]]
        if not target.size:
            continue
        edges, worst = judge.judged(np.full(target.size, clip), target)
        fits = np.flatnonzero((edges.cost <= _MOST_COST) & (worst <= _MOST_WORST))
        parts.append(edges.take(fits[np.argsort(edges.cost[fits], kind="stable")][: _WAYS - has[clip]]))
    jumps = concatenate_edges([graph.jumps, *parts])
    flagged = {*zip(graph.jumps.src[graph.bridge].tolist(), graph.jumps.dst[graph.bridge].tolist(), strict=True)}
    bridge = [pair in flagged for pair in zip(jumps.src.tolist(), jumps.dst.tolist(), strict=True)]
    return replace(graph, jumps=jumps, bridge=np.array(bridge, bool))
