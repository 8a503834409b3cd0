"""Taking a video, or a whole avatar, out of the catalog: out of use, or for good."""

from pathlib import Path

from pydantic import BaseModel

from data_catalog import Catalog, check_avatar_name
from data_catalog.erase import erase, unused_videos
from data_catalog.keys import equals
from data_catalog.ledger import UnitRecord
from data_catalog.refusals import forget_refusals, refusals
from data_catalog.tags import tags_with
from flows.settings import Settings


class Forgotten(BaseModel):
    """What was forgotten.

    Attributes:
        names: of the videos and of the files that could not be read.
        rows: by table, what was erased; bytes: by which the catalog became smaller.
        files: rendered from what was erased, and still there.
    """

    names: list[str]
    rows: dict[str, int] = {}
    bytes: int = 0
    files: list[str] = []


def forget(settings: Settings, avatar: str, videos: list[str]) -> list[str]:
    """Let an avatar no longer use some videos, or any when `videos` is empty.

    What was computed of them stays: another avatar may use it, and the same file added again is ready at once.

    Args:
        videos: file names, paths or video ids, as `tango onboard` and `tango status` show them.

    Returns:
        the names of what was forgotten.

    Raises:
        ValueError: the avatar, or a video of it, is unknown.
    """
    catalog, avatar = Catalog(settings.catalog, settings.storage_options), check_avatar_name(avatar)
    chosen, unreadable = _choose(catalog, avatar, videos, {})
    if chosen:
        catalog.table("avatars").delete(equals(avatar=avatar, video_id=sorted(chosen)))
    forget_refusals(catalog, avatar, unreadable)
    return sorted({*chosen.values(), *unreadable})


def forget_for_good(settings: Settings, avatar: str, videos: list[str]) -> Forgotten:
    """Remove some videos of an avatar, or all of it when `videos` is empty, and all that was made of them, from the
    catalog and its files: see `data_catalog.erase`, also for what stays.

    Rendered files are the user's and stay; Prefect's own database keeps the names of runs and the pictures of seams
    that it was given to show.

    Args:
        videos: as for `forget`; those that were only taken out of use before may be named too. Without names, what
            the avatar was rendered from before goes with it.

    Raises:
        ValueError: the avatar, or a video of it, is unknown; or a tag holds something of it.
        TimeoutError: another run uses the catalog.
    """
    catalog, avatar = Catalog(settings.catalog, settings.storage_options), check_avatar_name(avatar)
    others = unused_videos(catalog, shown_by=None if videos else avatar)
    chosen, unreadable = _choose(catalog, avatar, videos, others)
    if tags := tags_with(catalog, chosen):
        held = f"{avatar}: tag {', '.join(tags)} keeps what is to be erased"
        raise ValueError(f"{held}; delete it first: {'; '.join(f'`tango tag {tag} --delete`' for tag in tags)}")
    done = erase(catalog, avatar, chosen, unreadable)
    names = sorted({*chosen.values(), *unreadable})
    return Forgotten(names=names, rows=done.rows, bytes=done.bytes, files=done.files)


def _choose(
    catalog: Catalog, avatar: str, videos: list[str], unused: dict[str, dict]
) -> tuple[dict[str, str], set[str]]:
    """The file names of the videos that are meant, by id, and the names of files that could not be read.

    Args:
        unused: rows of videos that show nobody and may be meant too, by id.

    Raises:
        ValueError: the avatar, or a video, is unknown, or a name is that of several files.
    """
    rows = catalog.avatar_videos(avatar)
    records = refusals(catalog).get(avatar, [])
    refused = {record.subject for record in records}
    if not rows and not refused and not unused:
        known = ", ".join(catalog.avatars()) or "none"
        raise ValueError(f"avatar {avatar!r}: unknown (known: {known}); `tango status` lists them")
    if not videos:
        return {video_id: row["file_name"] for video_id, row in (rows | unused).items()}, refused
    chosen: dict[str, str] = {}
    unreadable = set()
    for video in videos:
        path = Path(video).expanduser()
        meant = _named(rows, video) or _named(unused, video)
        subjects = refused & {path.name}
        if video == path.name:
            _check_one(video, [rows[i] for i in meant if i in rows], [r for r in records if r.subject == video])
        elif meant:
            subjects = set()  # what is meant by its path or its id is no other file of that name
        if not meant and not subjects:
            have = ", ".join(sorted({*(row["file_name"] for row in rows.values()), *refused})) or "none"
            raise ValueError(f"{video}: no video of {avatar} (it has {have}); name one of those")
        chosen |= meant
        unreadable |= subjects
    return chosen, unreadable


def _check_one(name: str, videos: list[dict], unreadable: list[UnitRecord]) -> None:
    """Refuse a bare file name that several files have, one of which is in use.

    Raises:
        ValueError: naming each by its path and, of those in use, its id.
    """
    places = sorted(f"{row['uri']} ({row['video_id']})" for row in videos)
    places += sorted(f"{record.fields.get('path', name)} (could not be read)" for record in unreadable)
    if videos and len(places) > 1:
        several = "; ".join(places)
        raise ValueError(f"{name}: is the name of {len(places)} files; give the path or the id of one: {several}")


def _named(rows: dict[str, dict], video: str) -> dict[str, str]:
    """The file names, by id, of the rows that a person means by a file name, a path or a video id."""
    names = {video, str(Path(video).expanduser().absolute())}
    return {i: row["file_name"] for i, row in rows.items() if names & {i, row["file_name"], row.get("uri")}}
