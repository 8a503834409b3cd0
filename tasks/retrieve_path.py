"""Stage: the path through an avatar's motion graph that fits a speech best."""

import json
from math import isfinite
from typing import Any, ClassVar

from pydantic import BaseModel, Field

from data_catalog import Source, Unit, video_of
from tango_models.motion_graph.edge_config import EdgeConfig
from tango_models.motion_graph.scoring.scorers import create_scorer
from tango_models.motion_graph.search.search_config import SearchConfig
from tango_models.speech.timeline import slot_count
from tasks.runtime.plan_source import PlanSource
from tasks.runtime.stage import RowWriter, Stage
from tasks.views.embedding_model import EmbeddingModelConfig, model_id
from tasks.views.embeddings import embedding_key, read_clip_embeddings, read_speech_embedding
from tasks.views.motion_graph import SeenJumps, pair_keys, path_key, read_playable_graph, read_prosody
from tasks.views.speech import read_speech_features


class RetrievePathSettings(BaseModel):
    """
    Attributes:
        min_dwell: clips shown at least between two jumps; 3 are 0.4 s.
        search: prices of the search.
    """

    min_dwell: int = Field(3, ge=1, le=255)
    search: SearchConfig = Field(default_factory=SearchConfig)


class RetrievePathConfig(RetrievePathSettings):
    """
    Attributes:
        edges: as for `score_edges`; the bridges that join the graph are priced by the same terms.
        model: whose embeddings `aumoclip` compares.
    """

    edges: EdgeConfig = Field(default_factory=EdgeConfig)
    model: EmbeddingModelConfig = EmbeddingModelConfig()


class RetrievePath(Stage):
    name, code_version = "retrieve_path", "10"
    reads: ClassVar = {
        "analyse_speech": ("prosody",),
        "embed_speech": ("embedding",),
        "extract_frames": ("audio",),
        "create_clips": ("motion", "takes", "looks", "voice"),
        "embed_clips": ("embedding",),
        "score_edges": ("edges",),
    }
    libraries = ("scipy.sparse.csgraph", "scipy.stats", "tango_models.motion_graph.search.path_search")
    Config = RetrievePathConfig
    config: RetrievePathConfig

    def version_parts(self) -> dict:
        parts = super().version_parts()
        del parts["model"]  # its content is among what a unit reads
        return parts

    def plan(
        self,
        source: PlanSource,
        *,
        avatar: str,
        tracks: list[str],
        speech_id: str,
        scorer: str,
        seed: int,
        tag: str = "",
        seen: SeenJumps | None = None,
        **_,
    ) -> list[Unit]:
        (speech,) = source.need("analyse_speech", speech_id, subject=speech_id)
        of = {
            "analyse_speech": [speech_id],
            "extract_frames": [video_of(track) for track in tracks],
            "create_clips": tracks,
            "score_edges": pair_keys(tracks),
        }
        model = ""
        if create_scorer(scorer).embeds:
            model = model_id(self.config.model)
            of["embed_speech"] = [embedding_key(speech_id, model)]
            of["embed_clips"] = [embedding_key(track, model) for track in tracks]
        for stage, units in of.items():
            source.need(stage, *units, subject=avatar)
        return [
            self.unit(
                path_key(tracks, speech_id, scorer, seed, tag, seen),
                subject=f"{avatar} to {speech.subject}",
                of=of,
                tracks=sorted(tracks),
                speech_id=speech_id,
                scorer=scorer,
                model_id=model,
                seed=seed,
                seen=seen or [],
            )
        ]

    def process(self, source: Source, unit: Unit, out: RowWriter) -> None:
        from tango_models.motion_graph.reuse import clips_to_share, even_reuse, repeat_window
        from tango_models.motion_graph.scoring.embedding_scorer import embedding_rows
        from tango_models.motion_graph.scoring.silence import within_phrase
        from tango_models.motion_graph.search.cost_rows import MaskedRows
        from tango_models.motion_graph.search.path_search import search_path
        from tango_models.motion_graph.seen_jumps import search_without

        given = unit.inputs
        speech, n_frames = read_speech_features(source, given["speech_id"])
        clip_ids, graph = read_playable_graph(source, given["tracks"], self.config.edges)
        prosody = read_prosody(source, given["tracks"], graph.successor)
        scorer = create_scorer(given["scorer"])
        embedding = None
        if scorer.embeds:
            heard = read_speech_embedding(source, given["speech_id"], given["model_id"], n_frames)
            seen = read_clip_embeddings(source, clip_ids, given["tracks"], given["model_id"])
            embedding = embedding_rows(heard, seen)
        steps, shared = slot_count(n_frames), clips_to_share(graph.edges, graph.usable)
        node = {key: k for k, key in enumerate(clip_ids)}
        seen_jumps = [(node[src], node[dst], visibility) for src, dst, visibility in given["seen"]]
        rows = MaskedRows(scorer.cost_rows(speech, prosody, embedding), steps, graph.usable)
        limits: dict[str, Any] = {"max_reuse": even_reuse(steps, shared), "repeat_within": repeat_window(shared)}
        phrase = within_phrase(speech.voice, steps)
        how: dict[str, Any] = {"min_dwell": self.config.min_dwell, "phrase": phrase, "config": self.config.search}
        path = search_path(rows, graph.edges, seed=given["seed"], **limits, **how)
        path = search_without(path, rows, graph.edges, seen_jumps, **limits, **how)
        nodes = [clip_ids[node] for node in path.nodes]
        price = dict(
            zip(zip(graph.jumps.src.tolist(), graph.jumps.dst.tolist(), strict=True), graph.jumps.cost, strict=True)
        )
        taken = [(int(path.nodes[t - 1]), int(path.nodes[t])) for t in path.seams]
        out.write(
            [
                {
                    "path_id": unit.key,
                    "speech_id": given["speech_id"],
                    "clip_ids": nodes,
                    "seams": path.seams.tolist(),
                    "seam_cost": [float(price[pair]) for pair in taken],
                    "cost": float(path.cost),
                    "bound": float(path.bound) if isfinite(path.bound) else None,
                    "overused": path.overused,
                    "repeats": path.repeats,
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
