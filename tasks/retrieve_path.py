"""Stage: the path through an avatar's motion graph that fits a speech best."""

import json
from dataclasses import replace

import numpy as np
from pydantic import BaseModel, Field

from data_catalog import Catalog, Unit, digest
from data_catalog.keys import equals
from data_catalog.schemas import CLIP_FRAMES
from tango_models.motion_graph.edges import EdgeConfig
from tango_models.motion_graph.scoring.scorers import create_scorer
from tango_models.motion_graph.search.path_search import SearchConfig
from tasks.analyse_speech import read_speech_features
from tasks.embed_clips import embedding_key, read_clip_embeddings
from tasks.embed_speech import read_speech_embedding
from tasks.runtime.stage import RowWriter, Stage, upstream
from tasks.score_edges import EDGE_TERMS, read_edges, read_frame_features
from tasks.views.columns import matrix
from tasks.views.embedding_model import EmbeddingModelConfig, model_id


class RetrievePathConfig(BaseModel):
    """
    Attributes:
        min_dwell: clips shown at least between two jumps; 3 are 0.4 s.
        bridge_price: added to the cost of a bridge. A bridge is a visible cut that is there so that every length of
            speech can be played; it is taken only where footage would have to be repeated too often otherwise.
        search: prices of the search.
        edges: as for `score_edges`; the bridges that join the graph are priced by the same terms.
        model: whose embeddings `aumoclip` compares.
    """

    min_dwell: int = Field(3, ge=1, le=255)
    bridge_price: float = Field(3.0, ge=0)
    search: SearchConfig = Field(default_factory=SearchConfig)
    edges: EdgeConfig = Field(default_factory=EdgeConfig)
    model: EmbeddingModelConfig = EmbeddingModelConfig()


class RetrievePath(Stage):
    name, table, code_version = "retrieve_path", "paths", "5"
    libraries = ("scipy.sparse.csgraph", "scipy.stats", "tango_models.motion_graph.search.path_search")
    Config = RetrievePathConfig
    config: RetrievePathConfig

    def version_parts(self) -> dict:
        return self.config.model_dump(mode="json", exclude={"model"})  # its content is among what a unit reads

    def plan(self, catalog: Catalog, *, avatar: str, speech_id: str, scorer: str, seed: int, **_) -> list[Unit]:
        videos = usable_videos(catalog, avatar)
        speech = upstream(catalog, "analyse_speech", speech_id, speech_id)
        clips = [catalog.record("create_clips", video) for video in videos]
        pairs = [f"{a}:{b}" for i, a in enumerate(videos) for b in videos[i:]]
        edges = catalog.records("score_edges", pairs)
        fields = [record.field_hash(name) for record in clips if record for name in ("motion", "prosody")]
        model, embedded = "", []
        if create_scorer(scorer).embeds:
            model = model_id(self.config.model)
            spoken = upstream(catalog, "embed_speech", embedding_key(speech_id, model), speech.subject)
            moved = [upstream(catalog, "embed_clips", embedding_key(video, model), avatar) for video in videos]
            embedded = [record.field_hash("embedding") for record in (spoken, *moved)]
        return [
            self.unit(
                path_key(videos, speech_id, scorer, seed),
                subject=f"{avatar} to {speech.subject}",
                reads=[
                    speech.field_hash("prosody"),
                    fields,
                    embedded,
                    [edges[pair].field_hash("edges") for pair in pairs if pair in edges],
                ],
                avatar=avatar,
                videos=videos,
                speech_id=speech_id,
                scorer=scorer,
                model_id=model,
                seed=seed,
            )
        ]

    def process(self, catalog: Catalog, unit: Unit, out: RowWriter) -> dict[str, str]:
        from tango_models.motion_graph.scoring.embedding_scorer import embedding_rows
        from tango_models.motion_graph.search.cost_rows import MaskedRows
        from tango_models.motion_graph.search.path_search import even_jumps, even_reuse, repeat_window, search_path

        given = unit.inputs
        speech, n_frames = read_speech_features(catalog, given["speech_id"])
        clip_ids, graph, edges = read_playable_graph(catalog, given["videos"], self.config)
        prosody = read_prosody(catalog, given["videos"], graph.successor)
        scorer = create_scorer(given["scorer"])
        embedding = None
        if scorer.embeds:
            heard = read_speech_embedding(catalog, given["speech_id"], given["model_id"], n_frames)
            seen = read_clip_embeddings(catalog, clip_ids, given["videos"], given["model_id"])
            embedding = embedding_rows(heard, seen)
        steps, shown = -(-n_frames // CLIP_FRAMES), int(graph.usable.sum())
        path = search_path(
            MaskedRows(scorer.cost_rows(speech, prosody, embedding), steps, graph.usable),
            edges,
            min_dwell=self.config.min_dwell,
            max_reuse=even_reuse(steps, shown),
            max_jumps=even_jumps(steps, shown),
            repeat_within=repeat_window(shown),
            seed=given["seed"],
            config=self.config.search,
        )[0]
        nodes = [clip_ids[node] for node in path.nodes]
        price = dict(
            zip(zip(graph.jumps.src.tolist(), graph.jumps.dst.tolist(), strict=True), graph.jumps.cost, strict=True)
        )
        taken = [(int(path.nodes[t - 1]), int(path.nodes[t])) for t in path.seams]
        out.write(
            [
                {
                    "path_id": unit.key,
                    "avatar": given["avatar"],
                    "speech_id": given["speech_id"],
                    "clip_ids": nodes,
                    "seams": path.seams.tolist(),
                    "seam_cost": [float(price[pair]) for pair in taken],
                    "cost": float(path.cost),
                    "settings": json.dumps(
                        {
                            "scorer": given["scorer"],
                            "seed": given["seed"],
                            "model": given["model_id"],
                            **self.version_parts(),
                        }
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


def read_nodes(catalog: Catalog, videos: list[str]) -> tuple[list[str], list]:
    """The ids of all clips of some videos in node order, and the `FrameFeatures` of each video.

    Clip ids sort by video, then by index: the order of reading the videos one after the other.
    """
    keys = catalog.table("clips").read(["clip_id"], where=equals(video_id=videos))["clip_id"].to_pylist()
    return keys, [read_frame_features(catalog, video) for video in sorted(videos)]


def read_playable_graph(catalog: Catalog, videos: list[str], config: RetrievePathConfig):
    """What is searched: the ids of all clips in node order, the `MotionGraph` joined and with more ways where there are
    few, and its `Edges` with bridges priced."""
    from tango_models.motion_graph.added_jumps import add_ways, join

    clip_ids, features = read_nodes(catalog, videos)
    graph = join(read_graph(catalog, videos, clip_ids, features), features, config.edges)
    graph = add_ways(graph, features, config.edges)
    return clip_ids, graph, replace(graph.edges, cost=graph.jumps.cost + config.bridge_price * graph.bridge)


def read_prosody(catalog: Catalog, videos: list[str], successor: np.ndarray):
    """The `ClipProsody` of all clips of some videos, in node order. The voice of a video without sound is unknown."""
    from tango_models.motion_graph.scoring.scorers import ClipProsody

    table = catalog.table("clips").read(
        ["clip_id", "video_id", "motion_energy", "voice"], where=equals(video_id=videos)
    )
    sound = catalog.table("videos").read(["video_id", "has_audio"], where=equals(video_id=videos))
    silent = {row["video_id"] for row in sound.to_pylist() if not row["has_audio"]}
    voice = matrix(table["voice"]).mean(axis=1)
    voice[[video in silent for video in table["video_id"].to_pylist()]] = np.nan
    return ClipProsody(speed=matrix(table["motion_energy"]), voice=voice.astype(np.float32), successor=successor)


def read_graph(catalog: Catalog, videos: list[str], clip_ids: list[str], features: list):
    """The stored motion graph of some videos, not joined; node k is `clip_ids[k]`."""
    from tango_models.motion_graph.edges import EdgeArrays
    from tango_models.motion_graph.graph import assemble_graph

    stored = read_edges(catalog, videos)
    node = {key: k for k, key in enumerate(clip_ids)}
    ends = {name: np.array([node[key] for key in stored[name].to_pylist()], np.int32) for name in ("src", "dst")}
    terms = {name: stored[name].to_numpy().astype(np.float32) for name in EDGE_TERMS}
    return assemble_graph(features, [EdgeArrays(**ends, **terms)])
