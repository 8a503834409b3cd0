"""Taking a person's footage, or a speech, out of the catalog for good: rows, ledger, old versions, bytes.

Every row of a stage belongs to a unit, and a unit is about some videos and tracks (see `about`). It goes when it is
about what is erased, but not while an avatar that remains uses all that it is about.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from data_catalog import handed_files
from data_catalog.about import AT_A_TIME, About, UnitKey, about_footage, made_of_paths, made_of_speech
from data_catalog.catalog import Catalog
from data_catalog.keys import equals, motion_of, track_id, video_of
from data_catalog.leases import lease_of
from data_catalog.ledger import Unit
from data_catalog.refusals import forget_refusals
from data_catalog.tables.schemas import LEDGER, TABLES
from data_catalog.uris.places import is_remote

_ANALYSED = "analyse_speech"


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
    chosen = set(videos)
    before = size_on_disk(catalog)
    units, contents = _of_footage(catalog, avatar, chosen)
    erased = _delete_units(catalog, units, contents)
    _count(erased, "units", forget_refusals(catalog, refused))
    _rewrite(catalog, [name for name in TABLES if name != "avatars"], wait)
    _count(erased, "avatars", catalog.table("avatars").delete(equals(avatar=avatar, video_id=sorted(chosen))))
    _rewrite(catalog, ["avatars"], wait)
    erased.bytes = max(0, before - size_on_disk(catalog))
    return erased


def erase_speeches(catalog: Catalog, speeches: Iterable[str], *, wait: float = 60.0) -> Erased:
    """Remove all that was made of speeches, and every trace of it from the catalog's files: their sound, embeddings,
    paths, lips and renders. The frames of seams stay: they show the footage, whatever is said.

    It too can be given again: a speech stands in the ledger, as one that failed, until nothing else is left of it.

    Args, Raises: as for `erase`.
    """
    ids = set(speeches)
    before = size_on_disk(catalog)
    units = made_of_speech(catalog, ids)
    units |= made_of_paths(catalog, {key for stage, key in units if stage == "retrieve_path"})
    known = catalog.records(_ANALYSED, ids)
    for speech in ids:
        subject = known[speech].subject if speech in known else speech
        catalog.fail(Unit(_ANALYSED, speech, subject, "", ""), "is being erased; give the command again", run_id="")
    erased = _delete_units(catalog, units, ids, listed=_ANALYSED)
    _rewrite(catalog, [name for name in TABLES if name != LEDGER], wait)
    _delete(catalog, erased, LEDGER, "unit", ids, stage=_ANALYSED)
    _rewrite(catalog, [LEDGER], wait)
    erased.bytes = max(0, before - size_on_disk(catalog))
    return erased


def size_on_disk(catalog: Catalog) -> int:
    """Bytes of all files of the tables."""
    return sum(catalog.table(name).size_on_disk() for name in TABLES)


def _of_footage(catalog: Catalog, avatar: str, chosen: set[str]) -> tuple[set[UnitKey], set[str]]:
    """The units to erase, and the contents of the files that go: of videos, and of motion that nobody else uses."""
    users = _users(catalog, avatar, chosen)
    kept: About = set().union(*users)
    gone = {video for video in chosen if ("video", video) not in kept}
    own = set(catalog.table("renders").read(["unit"], equals(avatar=avatar))["unit"].to_pylist())
    abouts = about_footage(catalog, chosen)
    units = set(made_of_speech(catalog, gone))
    for (stage, unit), about in abouts.items():
        used = any(about <= user for user in users) and not (stage == "render_video" and unit in own)
        if not used and any(video_of(name) in chosen for _, name in about):
            units.add((stage, unit))
    units |= made_of_paths(catalog, {key for stage, key in units if stage == "retrieve_path"})
    tracks = {name for about in abouts.values() for level, name in about if level == "track"}
    motions = {motion_of(track) for track in tracks if video_of(track) in chosen}
    return units, gone | motions - {motion_of(name) for _, name in kept} - {""}


def _users(catalog: Catalog, avatar: str, chosen: set[str]) -> list[About]:
    """What each avatar will use."""
    found: dict[str, About] = {}
    for row in catalog.table("avatars").read(["avatar", "video_id", "motion_hash"]).to_pylist():
        if row["avatar"] != avatar or row["video_id"] not in chosen:
            track = track_id(row["video_id"], row["motion_hash"] or "")
            found.setdefault(row["avatar"], set()).update({("video", row["video_id"]), ("track", track)})
    return list(found.values())


def _delete_units(catalog: Catalog, units: set[UnitKey], contents: Iterable[str], *, listed: str = "") -> Erased:
    """Delete units with their rows and leases, and files that were handed over: of these contents, rendered by the
    units, or left by runs that are dead.

    Args:
        listed: a stage whose units stay in the ledger.
    """
    erased, by_stage = Erased(), dict[str, set[str]]()
    for stage, key in units:
        by_stage.setdefault(stage, set()).add(key)
    places = _places(catalog, by_stage.get("render_video", set()))
    erased.files = sorted(place for place in places if is_remote(place) or Path(place).is_file())
    for stage in by_stage.keys() - {listed}:
        _delete(catalog, erased, LEDGER, "unit", by_stage[stage], stage=stage)
    for spec in reversed(TABLES.values()):  # what is found by other rows before those
        _delete(catalog, erased, spec.name, "unit", by_stage.get(spec.stage, ()))
    _delete(catalog, erased, "leases", "lease", {lease_of(stage, key) for stage, key in units})
    _delete(catalog, erased, "files", "name", {*contents, *places})
    _count(erased, "files", handed_files.drop_of_dead(catalog))
    return erased


def _rewrite(catalog: Catalog, tables: Iterable[str], wait: float) -> None:
    for name in tables:
        catalog.table(name).rewrite(wait=wait, certain=True)


def _places(catalog: Catalog, renders: set[str]) -> set[str]:
    """Where the files of renders were put."""
    columns = ["uri", "motion_uri", "report_uri"]
    rows = catalog.table("renders").read(columns, equals(unit=renders)).to_pylist()
    return {row[name] for row in rows for name in columns if row[name]}


def _delete(
    catalog: Catalog, erased: Erased, table: str, column: str, values: Iterable[str], **conditions: str
) -> None:
    wanted = sorted(values)
    for start in range(0, len(wanted), AT_A_TIME):
        where = equals(**conditions, **{column: wanted[start : start + AT_A_TIME]})
        _count(erased, table, catalog.table(table).delete(where))


def _count(erased: Erased, table: str, rows: int) -> None:
    if rows:
        erased.rows[table] = erased.rows.get(table, 0) + rows
