"""Taking a person's footage out of the catalog for good: rows, ledger, old versions, bytes.

Every row of a stage belongs to a unit, and a unit is about some videos and tracks: those that its key, the units it
read (its row in the ledger names them) and the keys of its rows mention. It goes when it is about what is erased, but
not while an avatar that remains uses all that it is about.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from data_catalog.catalog import Catalog
from data_catalog.keys import equals, literal, split_clip_id, track_id, video_of
from data_catalog.places import is_remote
from data_catalog.refusals import forget_refusals
from data_catalog.schemas import SPEECH_STAGES, TABLES, tables_of
from data_catalog.table_spec import TableSpec

_AT_A_TIME = 200

About = set[tuple[str, str]]
"""("video", id) and ("track", id) pairs."""


@dataclass
class Erased:
    """What went.

    Attributes:
        rows: by table, where there were any.
        bytes: by which the catalog became smaller.
        files: rendered from what went; they are the user's and stay where they are.
    """

    rows: dict[str, int] = field(default_factory=dict)
    bytes: int = 0
    files: list[str] = field(default_factory=list)


def unused_videos(catalog: Catalog, *, shown_by: str | None = None) -> dict[str, dict[str, Any]]:
    """By video id, the `file_name` of videos whose rows are there and which show no avatar any more.

    Args:
        shown_by: only those that renders of this avatar show.
    """
    used = set(catalog.table("avatars").read(["video_id"])["video_id"].to_pylist())
    rows = catalog.table("videos").read(["video_id", "file_name"]).to_pylist()
    found = {row["video_id"]: row for row in rows if row["video_id"] not in used}
    if shown_by is not None:
        renders = catalog.table("renders").read(["source_video"], equals(avatar=shown_by))["source_video"].to_pylist()
        shown = {video for videos in renders for video in videos or ()}
        found = {video: row for video, row in found.items() if video in shown}
    return found


def erase(
    catalog: Catalog, avatar: str, videos: Iterable[str], refused: Iterable[str] = (), *, wait: float = 60.0
) -> Erased:
    """Remove all that was made of an avatar's videos, and every trace of it from the catalog's files.

    What another avatar uses stays: of a video that it shows with the same motion everything but this avatar's renders,
    of one that it shows with another motion the frames and landmarks. Speech stays too, even if only erased renders
    used it, since it is not the avatar's footage; where it is (a video that also served as speech) it goes, with the
    renders of whomever to it.

    Cut off in the middle it can be given again: the ledger's rows go before the data, so that nothing is called done
    that is half there, and the avatar's list of videos goes last.

    Args:
        videos: ids of videos of the avatar, or of `unused_videos`.
        refused: units of files given for the avatar that could not be read.
        wait: seconds to wait for each table until nobody else is at it. In an object store or a network folder
            nobody can tell: run it when nothing else uses the catalog.

    Raises:
        InUse: somebody was at a table all the time. The rows are gone by then, but not all from the disk.
    """
    chosen, erased = set(videos), Erased()
    before = size_on_disk(catalog)
    units = _units(catalog, avatar, chosen)
    erased.files = _rendered(catalog, units.get("render_video", set()))
    for stage, keys in units.items():
        _delete(catalog, erased, "units", keys, stage=stage)
    for stage, keys in units.items():
        for table in tables_of(stage):
            _delete(catalog, erased, table, keys)
    _count(erased, "units", forget_refusals(catalog, refused))
    for name in (*(name for name in TABLES if name != "avatars"), "avatars"):
        if name == "avatars":
            _count(erased, name, catalog.table(name).delete(equals(avatar=avatar, video_id=sorted(chosen))))
        catalog.table(name).rewrite(wait=wait, certain=True)
    erased.bytes = max(0, before - size_on_disk(catalog))
    return erased


def size_on_disk(catalog: Catalog) -> int:
    """Bytes of all files of the tables."""
    return sum(catalog.table(name).size_on_disk() for name in TABLES)


def _units(catalog: Catalog, avatar: str, chosen: set[str]) -> dict[str, set[str]]:
    """By stage, the units to erase."""
    users = _users(catalog, avatar, chosen)
    gone = {video for video in chosen if not any(("video", video) in about for about in users)}
    records = catalog.table("units").read(["stage", "unit", "upstream"]).to_pylist()
    videos = {row["unit"] for row in records if row["stage"] == "extract_frames"} | chosen
    abouts: dict[tuple[str, str], About] = {}
    spoken = set()
    for row in records:
        read = {**json.loads(row["upstream"] or "{}"), row["stage"]: [row["unit"]]}
        abouts[row["stage"], row["unit"]] = {
            about for stage, keys in read.items() for key in keys for about in _of_key(stage, key, videos)
        }
        if gone & {key.split(":")[0] for stage in SPEECH_STAGES for key in read.get(stage, ())}:
            spoken.add((row["stage"], row["unit"]))
    for spec in TABLES.values():
        for unit, about in _of_rows(catalog, spec, chosen).items() if spec.stage else ():
            abouts.setdefault((spec.stage, unit), set()).update(about)
    own = set(catalog.table("renders").read(["unit"], equals(avatar=avatar))["unit"].to_pylist())
    found: dict[str, set[str]] = {}
    for (stage, unit), about in abouts.items():
        used = any(about <= user for user in users) and not (stage == "render_video" and unit in own)
        shown = any(video_of(name) in chosen for _, name in about)
        if (shown and not used) or (stage, unit) in spoken:
            found.setdefault(stage, set()).add(unit)
    return found


def _users(catalog: Catalog, avatar: str, chosen: set[str]) -> list[About]:
    """What each avatar will use."""
    found: dict[str, About] = {}
    for row in catalog.table("avatars").read(["avatar", "video_id", "motion_hash"]).to_pylist():
        if row["avatar"] != avatar or row["video_id"] not in chosen:
            track = track_id(row["video_id"], row["motion_hash"] or "")
            found.setdefault(row["avatar"], set()).update({("video", row["video_id"]), ("track", track)})
    return list(found.values())


def _of_key(stage: str, key: str, videos: set[str]) -> About:
    """What a unit is about as far as its key says: all in it that names one of `videos` or a track of one."""
    if stage in SPEECH_STAGES:
        return set()
    columns = {name for table in tables_of(stage) for name in (*TABLES[table].primary_key, *TABLES[table].identity)}
    whole = "video_id" in columns or (stage == "interpolate_seams" and ">" not in key)  # the latter: repeated frames
    parts = (part for part in re.split("[:>]", key) if video_of(part) in videos)
    return {("video" if whole else "track", part) for part in parts}


def _of_rows(catalog: Catalog, spec: TableSpec, chosen: set[str]) -> dict[str, About]:
    """By unit, what the rows that mention one of `chosen` are about."""
    keys = [name for name in (*spec.primary_key, *spec.identity) if name == "video_id" or "track" in name]
    keys = keys or [name for name in ("src", "dst") if name in spec.primary_key]
    lists = [name for name in ("clip_ids", "source_video") if name in spec.schema.names]
    if not keys and not lists:
        return {}
    mentions = [f"starts_with({name}, {literal(video)})" for name in keys for video in sorted(chosen)]
    table = catalog.table(spec.name).read(["unit", *keys, *lists], " OR ".join(mentions) if keys else None)
    if keys:
        table = table.group_by(["unit", *keys]).aggregate([])
    found: dict[str, About] = {}
    for row in table.to_pylist():
        about: About = {("video", video) for video in row.get("source_video") or ()}
        about |= {("track", split_clip_id(clip)[0]) for clip in row.get("clip_ids") or ()}
        if "src" in row:
            level = "video" if row["src"] == row["dst"] else "track"
            about |= {(level, split_clip_id(row[name])[0]) for name in keys}
        else:
            about |= {("video" if name == "video_id" else "track", row[name]) for name in keys}
        found.setdefault(row["unit"], set()).update(about)
    return found


def _rendered(catalog: Catalog, units: set[str]) -> list[str]:
    """The files of renders that are still there; whether those at URIs are is not asked."""
    columns = ["uri", "motion_uri", "report_uri"]
    rows = catalog.table("renders").read(columns, equals(unit=units)).to_pylist()
    places = {row[name] for row in rows for name in columns if row[name]}
    return sorted(place for place in places if is_remote(place) or Path(place).is_file())


def _delete(catalog: Catalog, erased: Erased, table: str, units: set[str], **conditions: str) -> None:
    keys = sorted(units)
    for start in range(0, len(keys), _AT_A_TIME):
        deleted = catalog.table(table).delete(equals(**conditions, unit=keys[start : start + _AT_A_TIME]))
        _count(erased, table, deleted)


def _count(erased: Erased, table: str, rows: int) -> None:
    if rows:
        erased.rows[table] = erased.rows.get(table, 0) + rows
