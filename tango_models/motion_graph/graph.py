"""The graph itself: nodes are clips of all videos of an avatar, edges are natural playback and admissible jumps."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tango_models.errors import InputError
from tango_models.motion_graph.edge_config import EdgeConfig
from tango_models.motion_graph.edges import EdgeArrays, cheapest_per_source, concatenate_edges, score_pair
from tango_models.motion_graph.features import FrameFeatures


@dataclass(frozen=True)
class Edges:
    """What the search needs of a graph of N nodes."""

    src: np.ndarray
    """(E,) int32 node a jump leaves."""
    dst: np.ndarray
    """(E,) int32 node it arrives at."""
    cost: np.ndarray
    """(E,) float32, at least 0."""
    successor: np.ndarray
    """(N,) int32 node that naturally follows, -1 at the end of a run. No two nodes share one."""

    def __post_init__(self) -> None:
        nodes = len(self.successor)
        if not len(self.src) == len(self.dst) == len(self.cost):
            sizes = f"{len(self.src)}, {len(self.dst)} and {len(self.cost)}"
            raise InputError("edges", f"src, dst and cost have {sizes} entries", "give one of each per jump")
        for name in ("src", "dst"):
            node = np.asarray(getattr(self, name))
            if node.size and (node.min() < 0 or node.max() >= nodes):
                raise InputError("edges", f"{name} names nodes outside 0..{nodes - 1}", "number nodes as in successor")
        cost = np.asarray(self.cost)
        if cost.size and not (np.isfinite(cost).all() and cost.min() >= 0):
            raise InputError("edges", "a cost is negative or not a number", "leave such jumps out")
        follower = np.asarray(self.successor)
        follower = follower[follower >= 0]
        if follower.size and (follower.max() >= nodes or np.unique(follower).size < follower.size):
            raise InputError("edges", "successor is no set of runs", "let each node follow at most one other node")


@dataclass(frozen=True)
class MotionGraph:
    """A graph over N clips; `added_jumps.join` makes it one that plays for any length from any of its nodes."""

    successor: np.ndarray
    """(N,) int32, -1 at the end of a run."""
    usable: np.ndarray
    """(N,) bool: clips that may be shown; the others have no edges."""
    jumps: EdgeArrays
    """E jumps over node numbers, sorted by source."""
    bridge: np.ndarray
    """(E,) bool: not among the cheapest of its clip, added so that the graph hangs together."""

    @property
    def nodes(self) -> int:
        return len(self.successor)

    @property
    def edges(self) -> Edges:
        return Edges(src=self.jumps.src, dst=self.jumps.dst, cost=self.jumps.cost, successor=self.successor)


def node_offsets(videos: Sequence[FrameFeatures]) -> np.ndarray:
    """(V + 1,) int64: clip c of video v is node offsets[v] + c."""
    return np.concatenate([[0], np.cumsum([video.clips for video in videos])]).astype(np.int64)


def build_graph(videos: Sequence[FrameFeatures], config: EdgeConfig | None = None) -> MotionGraph:
    """Score all pairs of videos of one avatar, both directions, into a graph that is not joined yet."""
    config = config or EdgeConfig()
    offsets = node_offsets(videos)
    parts = [
        score_pair(a, b, config, same_video=i == j).shifted(int(offsets[i]), int(offsets[j]))
        for i, a in enumerate(videos)
        for j, b in enumerate(videos)
    ]
    return assemble_graph(videos, parts, config)


def assemble_graph(
    videos: Sequence[FrameFeatures], parts: Sequence[EdgeArrays], config: EdgeConfig | None = None
) -> MotionGraph:
    """A graph from jumps scored earlier, already over node numbers (`EdgeArrays.shifted`).

    Of each node's jumps into all videos the cheapest `config.budget_node` are kept, so that the graph grows with the
    footage and not with its square.
    """
    budget = (config or EdgeConfig()).budget_node
    if not videos or not any(video.usable_clips.any() for video in videos):
        raise InputError("avatar", "has no clip in which the person was tracked", "add a video that shows the speaker")
    offsets = node_offsets(videos)
    follower = [video.successor for video in videos]
    successor = [np.where(f >= 0, f + offset, -1) for f, offset in zip(follower, offsets[:-1], strict=True)]
    jumps = cheapest_per_source(concatenate_edges(list(parts)), budget)
    return MotionGraph(
        successor=np.concatenate(successor).astype(np.int32),
        usable=np.concatenate([video.usable_clips for video in videos]),
        jumps=jumps,
        bridge=np.zeros(len(jumps), bool),
    )
