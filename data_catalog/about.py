"""What units are about: the videos, tracks and speeches that their keys, what they read and their rows mention."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from data_catalog.catalog import Catalog
from data_catalog.keys import equals, literal, split_clip_id, video_of
from data_catalog.tables.schemas import SPEECH_STAGES, TABLES, tables_of
from data_catalog.tables.table_spec import TableSpec

AT_A_TIME = 200
"""Values in a filter."""
_VIDEOS = ("source_video", "other_video")
"""Columns that list videos."""

UnitKey = tuple[str, str]
"""Stage and key."""
About = set[tuple[str, str]]
"""("video", id) and ("track", id) pairs."""


class _Read(NamedTuple):
    """A unit of the ledger, and by stage what it is and what it read."""

    unit: UnitKey
    of: dict[str, list[str]]


def about_footage(catalog: Catalog, chosen: set[str]) -> dict[UnitKey, About]:
    """By unit, which videos and tracks it is about: of all units of the ledger, and of those with a row that mentions
    one of the videos `chosen`."""
    records = list(_ledger(catalog))
    videos = {key for (stage, key), _ in records if stage == "extract_frames"} | chosen
    found: dict[UnitKey, About] = {
        unit: {about for stage, keys in of.items() for key in keys for about in _of_key(stage, key, videos)}
        for unit, of in records
    }
    for spec in TABLES.values():
        for key, about in _of_rows(catalog, spec, chosen).items() if spec.stage else ():
            found.setdefault((spec.stage, key), set()).update(about)
    return found


def made_of_speech(catalog: Catalog, speeches: Iterable[str]) -> set[UnitKey]:
    """The units of speeches and all that was made to them, with a row of the ledger or without."""
    ids = set(speeches)
    found = {
        unit
        for unit, of in _ledger(catalog, f"stage IN {SPEECH_STAGES} OR upstream LIKE '%_speech%'")
        if ids & {key.split(":")[0] for stage in SPEECH_STAGES for key in of.get(stage, ())}
    }
    for spec in TABLES.values():
        if spec.stage and "speech_id" in spec.schema.names:
            found |= {(spec.stage, key) for key in _units_with(catalog, spec, "speech_id", ids)}
    return found


def made_of_paths(catalog: Catalog, paths: Iterable[str]) -> set[UnitKey]:
    """The units with rows that name one of these paths."""
    ids = set(paths)
    specs = [spec for spec in TABLES.values() if spec.stage and "path_id" in spec.schema.names]
    return {(spec.stage, key) for spec in specs for key in _units_with(catalog, spec, "path_id", ids)}


def _ledger(catalog: Catalog, where: str | None = None) -> Iterator[_Read]:
    for row in catalog.table("units").read(["stage", "unit", "upstream"], where).to_pylist():
        yield _Read((row["stage"], row["unit"]), {**json.loads(row["upstream"] or "{}"), row["stage"]: [row["unit"]]})


def _units_with(catalog: Catalog, spec: TableSpec, column: str, values: set[str]) -> set[str]:
    table, wanted = catalog.table(spec.name), sorted(values)
    found: set[str] = set()
    for start in range(0, len(wanted), AT_A_TIME):
        where = equals(**{column: wanted[start : start + AT_A_TIME]})
        found |= set(table.read(["unit"], where)["unit"].to_pylist())
    return found


def _of_key(stage: str, key: str, videos: set[str]) -> About:
    """What a unit is about as far as its key says: all in it that names one of `videos` or a track of one."""
    if stage in SPEECH_STAGES:
        return set()
    columns = {name for table in tables_of(stage) for name in (*TABLES[table].primary_key, *TABLES[table].identity)}
    whole = "video_id" in columns or (stage == "interpolate_seams" and ">" not in key)  # the latter: repeated frames
    parts = (part for part in re.split("[:>]", key) if video_of(part) in videos)
    return {("video" if whole else "track", part) for part in parts}


def _of_rows(catalog: Catalog, spec: TableSpec, chosen: set[str]) -> dict[str, About]:
    """By unit, what the rows that mention one of `chosen` are about; those with lists of videos or clips are all
    looked at."""
    found: dict[str, About] = defaultdict(set)
    keys = [name for name in (*spec.primary_key, *spec.identity) if name == "video_id" or "track" in name]
    keys = keys or [name for name in ("src", "dst") if name in spec.primary_key]
    if keys:
        mentions = [f"starts_with({name}, {literal(video)})" for name in keys for video in sorted(chosen)]
        table = catalog.table(spec.name).read(["unit", *keys], " OR ".join(mentions))
        for row in table.group_by(["unit", *keys]).aggregate([]).to_pylist():
            if "src" in row:
                level = "video" if row["src"] == row["dst"] else "track"
                found[row["unit"]] |= {(level, split_clip_id(row[name])[0]) for name in keys}
            else:
                found[row["unit"]] |= {("video" if name == "video_id" else "track", row[name]) for name in keys}
    lists = [name for name in (*_VIDEOS, "clip_ids") if name in spec.schema.names]
    if lists:
        table = catalog.table(spec.name).read(["unit", *lists])
        for name in lists:
            for unit, value in _listed(table, name):
                found[unit].add(("video", value) if name in _VIDEOS else ("track", split_clip_id(value)[0]))
    return found


def _listed(table: pa.Table, name: str) -> Iterator[tuple[str, str]]:
    """Each unit with each value in its lists, once: an hour of rendered video lists a hundred thousand."""
    lists = table[name].combine_chunks()
    pairs = pa.table({"unit": table["unit"].take(pc.list_parent_indices(lists)), "value": pc.list_flatten(lists)})
    for row in pairs.group_by(["unit", "value"]).aggregate([]).to_pylist():
        if row["value"]:
            yield row["unit"], row["value"]
