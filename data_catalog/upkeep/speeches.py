"""What the catalog holds of speeches, and dropping it: for room, or because a person says so.

Their sound, their embeddings and the lips that were matched to them go, some 300 MB for an hour, and are made again
when they are wanted. The paths and the rows of renders are few bytes and stay; `erase` takes those too.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from data_catalog.about import UnitKey, made_of_paths, made_of_speech
from data_catalog.catalog import Catalog
from data_catalog.leases import kept
from data_catalog.tables.schemas import TABLES, tables_of
from data_catalog.upkeep.eviction import NEVER, Eviction, Held, delete_of_units, longest_out_of_use

_DROPPED = ("analyse_speech", "embed_speech", "match_lips")
_HEARD, _LIPS = 2 * 256 * 2, 55 * 3 * 4
"""Bytes of a frame in `speech_embeddings` (two rows of float16) and in `lips` (their shape in float32): to measure
those columns they would have to be read as a whole."""
_PART_FRAMES = 1800


def known_speeches(catalog: Catalog) -> dict[str, str]:
    """The file names of all speeches that the catalog knows of, by id; "" where that is all it knows."""
    found: dict[str, str] = {}
    for spec in TABLES.values():
        if "speech_id" in spec.schema.names:
            found |= dict.fromkeys(catalog.table(spec.name).read(["speech_id"])["speech_id"].to_pylist(), "")
    found.pop(None, None)  # type: ignore[call-overload]
    rows = catalog.table("speech").read(["speech_id", "file_name"]).to_pylist()
    found |= {row["speech_id"]: row["file_name"] or "" for row in rows}
    return found | {key: record.subject for key, record in catalog.records("analyse_speech").items()}


def evict_speeches(
    catalog: Catalog,
    *,
    limit: int,
    keep: Iterable[str] = (),
    unused_for: timedelta | None = None,
    dry_run: bool = False,
) -> Eviction:
    """Drop what was made of speeches until it takes less than `limit` bytes, those first to which nothing was made for
    longest; but of none that a run keeps (`Leases.keep` of its unit of `analyse_speech`).

    Args:
        keep: speeches that stay in any case.
        unused_for: drop those also to which there is no render and for which nothing was made for longer.
        dry_run: drop nothing, and say what would go.
    """
    held = _held(catalog)
    total = sum(speech.size for speech in held.values())
    if total <= limit and unused_for is None:
        return Eviction(0, 0, total)
    wanted = {*keep, *kept(catalog, "analyse_speech", held)}
    gone = longest_out_of_use(held, limit=limit, keep=wanted, unused_for=unused_for)
    if gone and not dry_run:
        drop_speeches(catalog, gone)
    freed = sum(held[speech].size for speech in gone)
    return Eviction(len(gone), freed, total - freed)


def drop_speeches(catalog: Catalog, speeches: Iterable[str]) -> dict[str, int]:
    """Drop what was made of speeches, and take it off the disk; says by table how many rows there were."""
    units = made_of_speech(catalog, speeches)
    units |= made_of_paths(catalog, {key for stage, key in units if stage == "retrieve_path"})
    rows = {"units": 0}
    for stage in _DROPPED:  # the ledger first, as in `evict`
        rows["units"] += delete_of_units(catalog, "units", _of(units, stage), stage=stage)
    for stage in _DROPPED:
        for table in tables_of(stage):
            rows[table] = delete_of_units(catalog, table, _of(units, stage))
            catalog.table(table).rewrite(wait=2.0)
    return {name: count for name, count in rows.items() if count}


def _of(units: Iterable[UnitKey], stage: str) -> list[str]:
    return [key for other, key in units if other == stage]


def _held(catalog: Catalog) -> dict[str, Held]:
    """By speech, what is held of it: the bytes, when the last of it was made, and the last render to it."""
    sound = catalog.table("speech").blob_sizes("audio", ["speech_id", "n_frames"]).to_pylist()
    sizes, frames = ({row["speech_id"]: row[name] or 0 for row in sound} for name in ("size", "n_frames"))
    paths = catalog.table("paths").read(["path_id", "speech_id"])
    spoken = dict(zip(paths["path_id"].to_pylist(), paths["speech_id"].to_pylist(), strict=True))
    heard = catalog.table("speech_embeddings").read(["speech_id", "unit", "part"])
    lips = catalog.table("lips").read(["path_id", "unit", "part"], "note = ''")  # what has one says why there are none
    for table, name, per_frame in ((heard, "speech_id", _HEARD), (lips, "path_id", _LIPS)):
        for row in table.group_by([name, "unit"]).aggregate([("part", "count")]).to_pylist():
            speech = row[name] if name == "speech_id" else spoken.get(row[name])
            if speech is not None:
                length = frames.get(speech) or row["part_count"] * _PART_FRAMES
                sizes[speech] = sizes.get(speech, 0) + per_frame * length
    made, read = _times(catalog)
    return {speech: Held(size, made.get(speech, NEVER), read.get(speech, NEVER)) for speech, size in sizes.items()}


def _times(catalog: Catalog) -> tuple[Mapping[str, datetime], Mapping[str, datetime]]:
    """By speech, when the newest unit was made that is of it, or reads it, and the newest render."""
    where = "status = 'ok' AND (stage = 'analyse_speech' OR upstream LIKE '%\"analyse_speech\"%')"
    made: dict[str, datetime] = {}
    read: dict[str, datetime] = {}
    for row in catalog.table("units").read(["stage", "unit", "upstream", "produced_at"], where).to_pylist():
        of = [row["unit"]] if row["stage"] == "analyse_speech" else json.loads(row["upstream"])["analyse_speech"]
        times = read if row["stage"] == "render_video" else made
        times |= {speech: max(row["produced_at"], times.get(speech, NEVER)) for speech in of}
    return made, read
