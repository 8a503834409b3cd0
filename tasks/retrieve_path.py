"""Stage: the path through an avatar's motion graph that fits a speech best."""

import json
from itertools import pairwise

import numpy as np
from pydantic import BaseModel, Field

from data_catalog import Catalog, Unit, digest
from data_catalog.keys import equals
from data_catalog.schemas import CLIP_FRAMES
from tango_models.motion_graph.edges import EdgeConfig
from tango_models.motion_graph.search import SearchConfig
from tasks.analyse_speech import read_speech_features
from tasks.columns import matrix
from tasks.score_edges import read_edges, read_frame_features
from tasks.stage import RowWriter, Stage, upstream


class RetrievePathConfig(BaseModel):
    """
    Attributes:
        search: prices of the search.
        edges: as for `score_edges`; the bridges that join the graph are priced by the same terms.
    """

    search: SearchConfig = Field(default_factory=SearchConfig)
    edges: EdgeConfig = EdgeConfig()


class RetrievePath(Stage):
    name, table, code_version = "retrieve_path", "paths", "1"
    Config = RetrievePathConfig
    config: RetrievePathConfig

    def plan(self, catalog: Catalog, *, avatar: str, speech_id: str, scorer: str, seed: int, **_) -> list[Unit]:
        videos = usable_videos(catalog, avatar)
        speech = upstream(catalog, "analyse_speech", speech_id, speech_id)
        clips = [catalog.record("create_clips", video) for video in videos]
        pairs = [f"{a}:{b}" for i, a in enumerate(videos) for b in videos[i:]]
        edges = catalog.records("score_edges", pairs)
        fields = [record.field_hash(name) for record in clips if record for name in ("motion", "prosody")]
        return [
            self.unit(
                path_key(videos, speech_id, scorer, seed),
                subject=f"{avatar} to {speech.subject}",
                reads=[
                    speech.field_hash("prosody"),
                    fields,
                    [edges[pair].field_hash("edges") for pair in pairs if pair in edges],
                ],
                avatar=avatar,
                videos=videos,
                speech_id=speech_id,
                scorer=scorer,
                seed=seed,
            )
        ]

    def process(self, catalog: Catalog, unit: Unit, out: RowWriter) -> dict[str, str]:
        from tango_models.motion_graph.connectivity import join
        from tango_models.motion_graph.scorers import create_scorer
        from tango_models.motion_graph.search import search_path

        given = unit.inputs
        speech, n_frames = read_speech_features(catalog, given["speech_id"])
        clip_ids, clips, features = read_nodes(catalog, given["videos"])
        graph = join(read_graph(catalog, given["videos"], clip_ids), features, self.config.edges)
        cost = create_scorer(given["scorer"]).node_cost(speech, clips)
        path = search_path(
            cost[: -(-n_frames // CLIP_FRAMES)], graph, config=self.config.search, seed=given["seed"], variants=1
        )[0]
        nodes = [clip_ids[node] for node in path.nodes]
        costs = graph.jump_cost(path.nodes[path.seams - 1], path.nodes[path.seams])
        out.write(
            [
                {
                    "path_id": unit.key,
                    "avatar": given["avatar"],
                    "speech_id": given["speech_id"],
                    "clip_ids": nodes,
                    "seams": path.seams.tolist(),
                    "seam_cost": np.asarray(costs, np.float32).tolist(),
                    "cost": float(path.cost),
                    "settings": json.dumps(
                        {"scorer": given["scorer"], "seed": given["seed"], **self.config.model_dump(mode="json")}
                    ),
                }
            ]
        )
        return {"path": digest(nodes, path.seams.tolist())}


def path_key(videos: list[str], speech_id: str, scorer: str, seed: int) -> str:
    return digest(sorted(videos), speech_id, scorer, seed)


def usable_videos(catalog: Catalog, avatar: str) -> list[str]:
    """The avatar's videos whose clips and edges are done.

    Raises:
        ValueError: there is none.
    """
    videos = sorted(catalog.avatar_videos(avatar))
    if not videos:
        known = ", ".join(catalog.avatars()) or "none"
        raise ValueError(f"avatar {avatar!r}: unknown (known: {known}); run `tango onboard {avatar} VIDEO...` first")
    done = {key for key, record in catalog.records("create_clips", videos).items() if record.ok}
    ready = [video for video in videos if video in done]
    if not ready:
        raise ValueError(
            f"avatar {avatar!r}: none of its {len(videos)} videos is ready; `tango status {avatar}` says why"
        )
    return ready


def read_nodes(catalog: Catalog, videos: list[str]):
    """All clips of some videos: their ids in node order, their prosody, and the frame features of each video."""
    from tango_models.motion_graph.scorers import ClipProsody

    columns = ["clip_id", "usable", "motion_energy", "voice", "onset", "loudness"]
    table = catalog.table("clips").read(columns, where=equals(video_id=videos))
    prosody = ClipProsody(
        motion_energy=matrix(table["motion_energy"]),
        voice=matrix(table["voice"]),
        onset=matrix(table["onset"]),
        usable=table["usable"].to_numpy(zero_copy_only=False),
    )
    # Clip ids sort by video, then by index: the same order as reading the videos one after the other.
    return table["clip_id"].to_pylist(), prosody, [read_frame_features(catalog, video) for video in sorted(videos)]


def read_graph(catalog: Catalog, videos: list[str], clip_ids: list[str]):
    """The stored motion graph of some videos; node k is `clip_ids[k]`."""
    from tango_models.motion_graph.graph import MotionGraph

    node = {key: k for k, key in enumerate(clip_ids)}
    edges = read_edges(catalog, videos)
    successor = np.full(len(clip_ids), -1, np.int32)
    for k, (here, after) in enumerate(pairwise(clip_ids)):
        if here.rsplit(":", 1)[0] == after.rsplit(":", 1)[0]:
            successor[k] = k + 1
    ends = [np.array([node[key] for key in edges[name].to_pylist()], np.int32) for name in ("src", "dst")]
    return MotionGraph(successor=successor, src=ends[0], dst=ends[1], cost=edges["cost"].to_numpy().astype(np.float32))
