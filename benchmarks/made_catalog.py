"""A catalog of thousands of avatars, made in bulk: the ledger as a run would have left it, and clips with features made
up. Of every twenty avatars one failed, one is stale, one was only entered and one was cut off; the others are complete.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import lance
import numpy as np
import orjson
import pyarrow as pa

from data_catalog import Catalog, Unit
from data_catalog.keys import digest
from data_catalog.tables.schemas import groups_of
from data_catalog.tables.sizes import CLIP_FRAMES
from flows.configuration.settings import Settings
from tasks.runtime.registry import ONBOARDING
from tasks.runtime.versions import Versions
from tasks.views.embedding_model import EmbeddingModelConfig, model_id
from tasks.views.embeddings import embedding_key
from tasks.views.footage.segments import segment_keys
from tasks.views.motion_graph import pair_key

_FAILED, _STALE, _ENTERED, _CUT_OFF = 3, 8, 13, 18
"""Which of twenty."""
_AT_A_TIME = 50_000
_NOW = datetime(2026, 1, 1, tzinfo=UTC)


def make_catalog(settings: Settings, avatars: int, clips: int) -> None:
    """Fill an empty catalog; every avatar has one video of so many clips."""
    catalog = Catalog(settings.catalog, settings.storage_options)
    videos = [digest("made", k) for k in range(avatars)]
    _append(catalog, "avatars", [_avatar(k, video) for k, video in enumerate(videos)])
    made = [video for k, video in enumerate(videos) if k % 20 != _ENTERED]
    frames = clips * CLIP_FRAMES
    rows = [{"video_id": video, "unit": video, "n_frames": frames, "file_name": "talk.mp4"} for video in made]
    _append(catalog, "videos", rows)
    _write_ledger(catalog, settings, videos, frames)
    _write_clips(catalog, made, clips)


def _avatar(index: int, video: str) -> dict[str, Any]:
    place = f"/data/avatar{index:05d}/talk.mp4"
    row = {"avatar": f"avatar{index:05d}", "video_id": video, "uri": place, "file_name": "talk.mp4"}
    return row | {"motion_uri": "", "motion_hash": "", "added_at": _NOW, "size": 10**7, "changed_ns": 0}


def _write_ledger(catalog: Catalog, settings: Settings, videos: Sequence[str], frames: int) -> None:
    configs = settings.stage_configs()
    model = model_id(EmbeddingModelConfig(**configs["embed_clips"]))
    for stage in ONBOARDING:
        versions = Versions(catalog, configs).preload()
        rows = []
        for index, video in enumerate(videos):
            for key, of in _units(stage, video, frames, model):
                if (row := _ledger_row(versions, stage, index % 20, key, of)) is not None:
                    rows.append(row)
        _append(catalog, "units", rows)


def _units(stage: str, video: str, frames: int, model: str) -> Iterator[tuple[str, dict[str, list[str]]]]:
    """The keys of a video's units of a stage, with the units that each reads."""
    parts = segment_keys(video, frames)
    if stage == "extract_frames":
        yield video, {}
    elif stage == "detect_landmarks":
        yield from ((part, {"extract_frames": [video]}) for part in parts)
    elif stage == "fit_smplx":
        yield video, {"extract_frames": [video], "detect_landmarks": parts}
    elif stage == "create_clips":
        yield video, {"extract_frames": [video], "fit_smplx": [video], "detect_landmarks": parts}
    elif stage == "embed_clips":
        yield embedding_key(video, model), {"create_clips": [video]}
    elif stage == "score_edges":
        yield pair_key(video, video), {"create_clips": [video]}
    else:
        raise KeyError(stage)


def _ledger_row(versions: Versions, stage: str, kind: int, key: str, of: dict[str, list[str]]) -> dict[str, Any] | None:
    """A unit's row; none where it was not done."""
    if any(standing.state != "current" for name, keys in of.items() for standing in versions.look(name, keys).values()):
        if kind != _STALE:
            return None
        input_hash = "of an older version"
    else:
        input_hash = versions.input_hash(stage, of)
    failed = kind == _FAILED and stage == "detect_landmarks" and key.endswith(":0003")
    if kind == _ENTERED or (kind == _CUT_OFF and stage == "fit_smplx"):
        return None
    unit: Unit = versions.stage(stage).unit(key, subject="talk.mp4", of=of)
    older = kind == _STALE and stage == "fit_smplx"
    return {
        "stage": stage, "unit": key, "subject": unit.subject, "input_hash": input_hash,
        "code_version": "older" if older else unit.code_version, "config_hash": unit.config_hash,
        "status": "failed" if failed else "ok", "error": "talk.mp4: shows nobody; film it again" if failed else None,
        "attempts": 1, "n_rows": 0 if failed else 100, "seconds": 1.0, "run_id": "made", "produced_at": _NOW,
        "fields": orjson.dumps({name: digest(stage, key, name) for name in groups_of(stage)}).decode(),
        "upstream": orjson.dumps(unit.upstream, option=orjson.OPT_SORT_KEYS).decode(),
    }  # fmt: skip


def _write_clips(catalog: Catalog, videos: Sequence[str], clips: int) -> None:
    """Clips and their embeddings: keys and small features; the large ones are null, which takes no room."""
    random = np.random.default_rng(0)
    per_write = max(1, _AT_A_TIME // clips)
    for start in range(0, len(videos), per_write):
        chosen = videos[start : start + per_write]
        n = len(chosen) * clips
        keys = pa.array([f"{video}:{k:06d}" for video in chosen for k in range(clips)])
        track = pa.array(np.repeat(np.array(chosen), clips))
        index = pa.array(np.tile(np.arange(clips, dtype=np.int32), len(chosen)))
        common = {"clip_id": keys, "track_id": track, "unit": track, "run_id": pa.array(["made"] * n)}
        features = pa.FixedSizeListArray.from_arrays(pa.array(random.random(4 * n, np.float32)), 4)
        _append_columns(
            catalog, "clips",
            common | {"index": index, "shot": pa.array(np.zeros(n, np.int32)), "usable": pa.array([True] * n),
                      "motion_energy": features, "voice": features},
        )  # fmt: skip
        _append_columns(catalog, "embeddings", common | {"model_id": pa.array(["made"] * n)})


def _append(catalog: Catalog, table: str, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        _append_columns(catalog, table, {n: pa.array([r[n] for r in rows]) for n in rows[0]})


def _append_columns(catalog: Catalog, table: str, columns: dict[str, pa.Array]) -> None:
    """Rows without the columns that are not given; keys are not compared."""
    target = catalog.table(table)
    schema = pa.schema([field for field in target.spec.schema if field.name in columns])
    rows = pa.table([columns[name].cast(schema.field(name).type) for name in schema.names], schema=schema)
    for part, own in target.split(rows):
        lance.write_dataset(own, part.open(), mode="append")
