"""The rows that a unit of the onboarding would write, made up: as many and as large as real ones."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa

from data_catalog import Unit, clip_id, video_of
from data_catalog.tables.schemas import TABLES, groups_of
from data_catalog.tables.sizes import CLIP_FRAMES
from tasks.views.footage.segments import segment_key, segments

__all__ = ["groups_of", "rows_of"]

_AT_A_TIME = {"frames": 48, "landmarks": 60, "poses": 3000, "clips": 450, "embeddings": 448}
"""Rows that the stages give at a time; the others all."""
_EDGES = 24
"""From each clip."""
_DIFFERENT = 512
"""Rows of a table that are made up; then they come again: what making them costs is not to be measured."""
_PIXELS, _AUDIO = 12_000, 4_266
"""Bytes of a GOP: of 768 x 768 pixels, and of its sound."""
_FACE_POINTS = 92
"""Of a row of landmarks."""

_PROVENANCE = ("unit", "input_hash", "code_version", "config_hash", "run_id", "produced_at")

Rows = list[dict[str, Any]]


def rows_of(unit: Unit, n_frames: int, *, everything: bool) -> Iterator[tuple[str, Rows]]:
    """By table the rows of a unit, as many at a time as its stage gives.

    Args:
        n_frames: of its video; everything: also those that no plan asks for.
    """
    video = video_of(unit.key.split(":")[0])
    if unit.stage == "extract_frames":
        yield "videos", [_row("videos", 0) | {"video_id": video, "n_frames": n_frames, "file_name": unit.subject}]
    if everything:
        for table, keys in _keys(unit, video, n_frames):
            count = _AT_A_TIME.get(table, len(keys) or 1)
            for first in range(0, len(keys), count):
                yield table, [_row(table, k % _DIFFERENT) | key for k, key in enumerate(keys[first : first + count])]


def _keys(unit: Unit, video: str, n_frames: int) -> Iterator[tuple[str, Rows]]:
    clips = range(n_frames // CLIP_FRAMES)
    if unit.stage == "extract_frames":
        yield "frames", [{"video_id": video, "gop": k, "n_frames": CLIP_FRAMES} for k in clips]
    elif unit.stage == "detect_landmarks":
        for index, (first, stop) in enumerate(segments(n_frames)):
            if segment_key(video, index) == unit.key:
                yield "landmarks", [{"video_id": video, "frame": k} for k in range(first, stop)]
    elif unit.stage == "fit_smplx":
        yield "poses", [{"track_id": video, "frame": k} for k in range(n_frames)]
        yield "fits", [{"track_id": video}]
    elif unit.stage == "create_clips":
        yield "clips", [{"clip_id": clip_id(video, k), "track_id": video, "index": k} for k in clips]
        yield "looks", [{"track_id": video, "note": ""}]
    elif unit.stage == "embed_clips":
        model = unit.key.partition(":")[2]
        yield "embeddings", [{"clip_id": clip_id(video, k), "model_id": model, "track_id": video} for k in clips]
    elif unit.stage == "score_edges":
        pairs = [(k, (k + 7 * step) % len(clips)) for k in clips for step in range(1, _EDGES + 1)]
        ends = {"src_track": video, "dst_track": video}
        yield "edges", [{"src": clip_id(video, a), "dst": clip_id(video, b)} | ends for a, b in dict.fromkeys(pairs)]


@cache
def _row(table: str, index: int) -> dict[str, Any]:
    """All columns but the keys and the provenance; another for every index."""
    spec, random = TABLES[table], np.random.default_rng(index)
    others = {*spec.primary_key, *_PROVENANCE, "truncated"}
    return {field.name: _value(field, random) for field in spec.schema if field.name not in others}


def _value(field: pa.Field, random: np.random.Generator) -> Any:
    kind = field.type
    if field.name == "pixels":
        return random.bytes(_PIXELS)
    if pa.types.is_boolean(kind):
        return True
    if pa.types.is_fixed_size_binary(kind):
        return random.bytes(kind.byte_width)
    if pa.types.is_binary(kind):
        return random.bytes(_AUDIO)
    if pa.types.is_string(kind):
        return ""
    if pa.types.is_fixed_size_list(kind):
        size = kind.list_size
        return [True] * size if pa.types.is_boolean(kind.value_type) else random.uniform(0.5, 1, size).astype("f4")
    if pa.types.is_list(kind):
        return random.random(_FACE_POINTS, np.float32) if pa.types.is_floating(kind.value_type) else []
    return float(random.random()) if pa.types.is_floating(kind) else 0
