"""An avatar's motion graph out of the catalog."""

from itertools import combinations_with_replacement

import numpy as np
import pyarrow as pa

from data_catalog import Source, digest, video_of
from data_catalog.keys import equals
from tango_models.motion_graph.edge_config import EdgeConfig
from tasks.views.clip_features import read_beating_speed, read_frame_features
from tasks.views.columns import matrix

EDGE_TERMS = (
    *("pose", "velocity", "translation", "mask_iou", "hand_iou", "head", "face", "picture", "stutter"),
    *("whole", "background", "cost"),
)


def pair_key(a: str, b: str) -> str:
    """The unit of the edges between two tracks."""
    return ":".join(sorted((a, b)))


def pair_keys(tracks: list[str]) -> list[str]:
    """The units of the edges of an avatar."""
    return [pair_key(a, b) for a, b in combinations_with_replacement(sorted(tracks), 2)]


SeenJumps = list[tuple[str, str, float]]
"""Jumps by the clips before and after them, and how visible the seams are that were made of them; sorted."""


def path_key(
    tracks: list[str], speech_id: str, scorer: str, seed: int, tag: str = "", seen: SeenJumps | None = None
) -> str:
    """The unit of a path, through the footage as it is or was at a tag; `seen`: jumps that it does not like to take."""
    return digest(sorted(tracks), speech_id, scorer, seed, *([tag] if tag else []), *([seen] if seen else []))


def read_edges(source: Source, tracks: list[str]) -> pa.Table:
    """The edges whose two ends lie in these tracks, with all their terms."""
    columns = ["src", "dst", "src_track", "dst_track", *EDGE_TERMS]
    return source.table("edges").read(columns, where=equals(src_track=tracks, dst_track=tracks))


def read_nodes(source: Source, tracks: list[str]) -> tuple[list[str], list]:
    """The ids of all clips of some tracks in node order, and the `FrameFeatures` of each track.

    Clip ids sort by track, then by index: the order of reading the tracks one after the other.
    """
    keys = source.table("clips").read(["clip_id"], where=equals(track_id=tracks))["clip_id"].to_pylist()
    return keys, [read_frame_features(source, track) for track in sorted(tracks)]


def read_playable_graph(source: Source, tracks: list[str], edge_config: EdgeConfig):
    """What is searched: the ids of all clips in node order, and the `MotionGraph` joined."""
    from tango_models.motion_graph.added_jumps import join

    clip_ids, features = read_nodes(source, tracks)
    return clip_ids, join(read_graph(source, tracks, clip_ids, features), features, edge_config)


def read_prosody(source: Source, tracks: list[str], successor: np.ndarray):
    """The `ClipProsody` of all clips of some tracks, in node order. The voice of a video without sound is unknown."""
    from tango_models.motion_graph.scoring.clip_beats import clip_beats
    from tango_models.motion_graph.scoring.clip_prosody import ClipProsody

    table = source.table("clips").read(["clip_id", "track_id", "motion_energy", "voice"], where=equals(track_id=tracks))
    videos = sorted({video_of(track) for track in tracks})
    sound = source.table("videos").read(["video_id", "has_audio"], where=equals(video_id=videos))
    silent = {row["video_id"] for row in sound.to_pylist() if not row["has_audio"]}
    voice = matrix(table["voice"]).mean(axis=1)
    voice[[video_of(track) in silent for track in table["track_id"].to_pylist()]] = np.nan
    return ClipProsody(
        speed=matrix(table["motion_energy"]),
        voice=voice.astype(np.float32),
        successor=successor,
        beat=clip_beats(read_beating_speed(source, tracks), successor),
    )


def read_graph(source: Source, tracks: list[str], clip_ids: list[str], features: list):
    """The stored motion graph of some tracks, not joined; node k is `clip_ids[k]`."""
    from tango_models.motion_graph.edges import EdgeArrays
    from tango_models.motion_graph.graph import assemble_graph

    stored = read_edges(source, tracks)
    node = {key: k for k, key in enumerate(clip_ids)}
    ends = {name: np.array([node[key] for key in stored[name].to_pylist()], np.int32) for name in ("src", "dst")}
    terms = {name: stored[name].to_numpy().astype(np.float32) for name in EDGE_TERMS}
    return assemble_graph(features, [EdgeArrays(**ends, **terms)])
