"""Stage: which clip may follow which, and how visible the jump is. A unit is a pair of tracks, so a video added to an
avatar is scored against the others and nothing else is."""

from itertools import combinations_with_replacement
from typing import ClassVar

import numpy as np
from pydantic import BaseModel

from data_catalog import Source, Unit
from tango_models.motion_graph.edge_config import EdgeConfig
from tasks.runtime.plan_source import PlanSource
from tasks.runtime.stage import RowWriter, Stage
from tasks.views.clip_features import clip_ids, read_frame_features
from tasks.views.motion_graph import EDGE_TERMS, pair_key


class ScoreEdgesConfig(BaseModel):
    """
    Attributes:
        edges: how jumps are priced, and how many are kept.
    """

    edges: EdgeConfig = EdgeConfig()


class ScoreEdges(Stage):
    name, code_version = "score_edges", "6"
    reads: ClassVar = {"create_clips": ("motion", "takes", "looks")}
    libraries = ("numba", "scipy.sparse.csgraph")
    Config = ScoreEdgesConfig
    config: ScoreEdgesConfig

    def plan(self, source: PlanSource, *, tracks: list[str], **_) -> list[Unit]:
        clips = {}
        for track in sorted(set(tracks)):
            (clips[track],) = source.need("create_clips", track, subject=track)
        return [
            self.unit(
                pair_key(a, b),
                subject=clips[a].subject if a == b else f"{clips[a].subject} × {clips[b].subject}",
                of={"create_clips": [a, b]},
                tracks=[a, b],
            )
            for a, b in combinations_with_replacement(clips, 2)
        ]

    def process(self, source: Source, unit: Unit, out: RowWriter) -> None:
        from tango_models.motion_graph.edges import score_pair

        a, b = unit.inputs["tracks"]
        first = read_frame_features(source, a)
        if a == b:
            directions = [(a, b, score_pair(first, first, self.config.edges, same_video=True))]
        else:
            second = read_frame_features(source, b)
            directions = [
                (a, b, score_pair(first, second, self.config.edges, same_video=False)),
                (b, a, score_pair(second, first, self.config.edges, same_video=False)),
            ]
        clips = {track: clip_ids(source, track) for track in {a, b}}
        for old, new, edges in directions:
            terms = {name: np.asarray(getattr(edges, name), np.float32) for name in EDGE_TERMS}
            out.write(
                {
                    "src": clips[old][edges.src[e]],
                    "dst": clips[new][edges.dst[e]],
                    "src_track": old,
                    "dst_track": new,
                    **{name: float(terms[name][e]) for name in EDGE_TERMS},
                }
                for e in range(len(edges.src))
            )
