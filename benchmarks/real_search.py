"""Paths of real avatars: clips, seams, motion in silence.

Speech of 9 s and of a minute with pauses, by both scorers, with the limits of `retrieve_path`. Limits and rest pull
against each other: a rest is entered and left by seams. Without --catalog the clips of TANGO_FOOTAGE and the synthetic
speaker are onboarded first.
"""

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.commands import workplace
from benchmarks.footage import REAL, a_minute, speech, synthetic_speaker
from benchmarks.printing import heading, table
from benchmarks.search import Avatar, limits, silences
from data_catalog import Catalog
from tango_models.motion_graph.graph import MotionGraph
from tango_models.motion_graph.reuse import clips_to_share
from tango_models.motion_graph.scoring.embedding_scorer import SlotEmbedding, embedding_rows
from tango_models.motion_graph.scoring.scorers import SCORERS, create_scorer
from tango_models.motion_graph.search.cost_rows import CostRows, MaskedRows
from tango_models.motion_graph.search.path_search import search_path
from tango_models.motion_graph.search.search_config import SearchConfig
from tango_models.speech.prosody import SpeechFeatures, analyse_speech
from tasks.retrieve_path import RetrievePathConfig
from tasks.views.embedding_model import EmbeddingModelConfig, model_id
from tasks.views.embeddings import read_clip_embeddings
from tasks.views.motion_graph import read_playable_graph, read_prosody

Heard = tuple[SpeechFeatures, SlotEmbedding]
_BAD = 1.0
"""Cost of an edge from which a jump is seen."""


def analysed(audio: np.ndarray) -> Heard:
    from tango_models.aumoclip.backbones import load_backbones
    from tango_models.aumoclip.checkpoints import load
    from tango_models.aumoclip.processing import SpeechEncoder

    model = load(EmbeddingModelConfig().path)
    found = SpeechEncoder(model, load_backbones(model.config, None, allow_download=False)).encode(audio)
    slots = -(-len(found.low) // 4)
    index = np.minimum(np.arange(slots * 4), len(found.low) - 1)
    high = found.high[index].reshape(slots, 4, -1).mean(axis=1)
    high /= np.maximum(np.linalg.norm(high, axis=1, keepdims=True), 1e-12)
    return analyse_speech(audio), SlotEmbedding(low=found.low[index].reshape(slots, 4, -1), high=high)


def quietest(avatar: Avatar, features: SpeechFeatures, given: dict[str, Any]) -> tuple[float, float, float]:
    """Least motion in the silences, in mean motion: of the quietest clips that fill them, each shown `max_reuse` times,
    whatever leads to them; a lower bound for any path that keeps the limits on uses and seams; and the quietest path
    found within all limits when nothing else counts and jumps are free."""
    steps = -(-len(features) // 4)
    silent = np.pad(silences(features.voice), (0, steps * 4 - len(features))).reshape(steps, 4).astype(np.float32)
    motion = avatar.clips.speed / avatar.clips.speed.mean()
    cost, slots = silent @ motion.T, float(silent.sum())
    calm = np.sort(motion.mean(axis=1)).repeat(given["max_reuse"])
    of_clips = float(calm[: int(np.ceil(slots / 4))].mean())
    free = SearchConfig(jump_cost=0.0, edge_weight=0.0)
    path = search_path(cost, avatar.edges, config=free, **given)
    return of_clips, path.bound / slots, path.cost / slots


def _node_cost(name: str, avatar: Avatar, heard: Heard, seen: SlotEmbedding) -> CostRows:
    scorer = create_scorer(name)
    return scorer.cost_rows(heard[0], avatar.clips, embedding_rows(heard[1], seen) if scorer.embeds else None)


def _row(
    name: str,
    avatar: Avatar,
    graph: MotionGraph,
    heard: Heard,
    seen: SlotEmbedding,
    given: dict[str, Any],
    quiet: tuple[float, ...],
) -> list[str]:
    features = heard[0]
    steps = -(-len(features) // 4)
    rows = MaskedRows(_node_cost(name, avatar, heard, seen), steps, graph.usable)
    start = time.perf_counter()
    path = search_path(rows, avatar.edges, **given)
    took = time.perf_counter() - start
    silent = silences(features.voice)
    shown = avatar.clips.speed[path.nodes].reshape(-1)[: len(features)] / avatar.clips.speed.mean()
    price = {
        (int(s), int(d)): float(c) for s, d, c in zip(graph.jumps.src, graph.jumps.dst, graph.jumps.cost, strict=True)
    }
    paid = [price[int(path.nodes[t - 1]), int(path.nodes[t])] for t in path.seams]
    return [
        name,
        f"{len(features) / 30:.1f}",
        f"{len(path.seams)}",
        f"{path.most_used} ({given['max_reuse']})",
        f"{path.repeats}",
        "yes" if path.feasible else "no",
        f"{path.gap / path.cost:.1%}",
        f"{shown[silent].mean():.0%}" if silent.any() else "–",
        " / ".join(f"{value:.0%}" for value in quiet),
        f"{np.mean(paid):.2f} / {max(paid):.2f}" if paid else "–",
        f"{sum(cost >= _BAD for cost in paid)}",
        f"{took:.1f}",
    ]


def report(catalog: Catalog, avatars: list[str]) -> None:
    from tango_models.media.sound.audio import read_speech

    heard = [analysed(read_speech(speech(), max_seconds=60.0)), analysed(a_minute())]
    config = RetrievePathConfig()
    rows = []
    for name in avatars or catalog.avatars():
        videos = catalog.avatar_tracks(name)
        clip_ids, graph = read_playable_graph(catalog, videos, config.edges)
        avatar = Avatar(graph.edges, read_prosody(catalog, videos, graph.successor))
        seen = read_clip_embeddings(catalog, clip_ids, videos, model_id(config.model))
        for spoken in heard:
            given = limits(-(-len(spoken[0]) // 4), clips_to_share(graph.edges, graph.usable))
            quiet = quietest(avatar, spoken[0], given)
            for scorer in SCORERS:
                rows.append([f"{name} ({graph.nodes})", *_row(scorer, avatar, graph, spoken, seen, given, quiet)])
    print("Limits in brackets. Motion in silences of 0.5 s and more, in the avatar's mean motion. Allowed: by the")
    print("quietest clips alone / lower bound for paths within the limits / quietest such path found.\n")
    columns = ["avatar (clips)", "scorer", "speech s", "seams", "most used", "repeats", "kept", "gap"]
    table([*columns, "motion in silence", "allowed", "edge mean / worst", f"edges >= {_BAD}", "seconds"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--catalog", type=Path, help="a catalog that avatars are already onboarded into")
    parser.add_argument("--avatars", nargs="*", default=[], help="of that catalog; none: all of them")
    arguments = parser.parse_args()
    heading("Paths of real avatars", __doc__, "real_search")
    if arguments.catalog:
        report(Catalog(arguments.catalog), arguments.avatars)
        return
    with workplace() as place:
        folder = place.folder / "catalog"
        for clip in sorted((REAL / "speakers").glob("*_[ab].mp4")):
            place.tango("onboard", clip.stem.rpartition("_")[0], clip, catalog=folder)
        place.tango("onboard", "synthetic", synthetic_speaker(), catalog=folder)
        report(Catalog(folder), [])


if __name__ == "__main__":
    main()
