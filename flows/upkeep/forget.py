"""Taking a video, a whole avatar, or a speech out of the catalog: out of use, or for good."""

import shlex
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel

from data_catalog import Catalog, check_avatar_name
from data_catalog.keys import equals
from data_catalog.leases import kept, runs_at_work
from data_catalog.refusals import UNREAD, forget_refusals, refusals
from data_catalog.upkeep.erase import erase, erase_speeches, unused_videos
from data_catalog.upkeep.speeches import drop_speeches, known_speeches
from data_catalog.upkeep.tags import tags_with
from data_catalog.uris.places import is_remote
from flows.configuration.settings import Settings
from tango_models.errors import InputError
from tasks.runtime.files import content_of


class Forgotten(BaseModel):
    """What was forgotten.

    Attributes:
        names: of the videos or speeches, and of the files that could not be read.
        rows: by table, what was erased; bytes: by which the catalog became smaller.
        files: rendered from what was erased, and still there.
    """

    names: list[str]
    rows: dict[str, int] = {}
    bytes: int = 0
    files: list[str] = []


class Candidate(NamedTuple):
    """A file that may be meant.

    Attributes:
        id: of the video, or of its unit where it could not be read; place: where it lay, "" where that is not known.
        state: what it is, in words.
    """

    id: str
    name: str
    place: str
    state: str

    @property
    def unread(self) -> bool:
        return self.id.startswith(f"{UNREAD}:")

    @property
    def short_id(self) -> str:
        """By which it is named."""
        return self.id.rpartition(":")[2]


class NotUnique(InputError):
    """A file name is that of several files.

    Attributes:
        name: as it was given; candidates: what it may mean.
    """

    def __init__(self, name: str, candidates: list[Candidate]) -> None:
        self.name, self.candidates = name, candidates
        several = "\n  ".join(f"{c.short_id}  {c.place or c.name}  ({c.state})" for c in candidates)
        super().__init__(
            name, f"is the name of {len(candidates)} files", f"give the path or the id of one:\n  {several}"
        )


def forget(settings: Settings, avatar: str, videos: list[str]) -> list[str]:
    """Let an avatar no longer use some videos, or any when `videos` is empty.

    What was computed of them stays: another avatar may use it, and the same file added again is ready at once.

    Args:
        videos: file names, paths or video ids, as `tango onboard` and `tango status` show them.

    Returns:
        the names of what was forgotten.

    Raises:
        InputError: the avatar, or a video of it, is unknown.
        NotUnique: a file name is that of several files.
    """
    catalog, avatar = Catalog(settings.catalog, settings.storage_options), check_avatar_name(avatar)
    chosen = _choose(catalog, avatar, videos, {})
    if used := sorted(c.id for c in chosen if not c.unread):
        catalog.table("avatars").delete(equals(avatar=avatar, video_id=used))
    forget_refusals(catalog, [c.id for c in chosen if c.unread])
    return sorted({c.name for c in chosen})


def forget_for_good(settings: Settings, avatar: str, videos: list[str]) -> Forgotten:
    """Remove some videos of an avatar, or all of it when `videos` is empty, and all that was made of them, from the
    catalog and its files: see `data_catalog.upkeep.erase`, also for what stays.

    Rendered files are the user's and stay; so does what Prefect's own database was given to show, the names of runs and
    pictures of seams, which the command says (`flows.server.prefect_database.kept_by_prefect`).

    Args:
        videos: as for `forget`; those that were only taken out of use before may be named too. Without names, what
            the avatar was rendered from before goes with it.

    Raises:
        InputError: the avatar, or a video of it, is unknown; a tag holds something of it; or a run is at work, or began
            meanwhile, which may hold a video that waits for its turn: its rows would be written after they were erased.
        NotUnique: a file name is that of several files.
        InUse: another run uses the catalog.
    """
    catalog, avatar = Catalog(settings.catalog, settings.storage_options), check_avatar_name(avatar)
    others = unused_videos(catalog, shown_by=None if videos else avatar)
    chosen = _choose(catalog, avatar, videos, others)
    used = [c.id for c in chosen if not c.unread]
    if tags := tags_with(catalog, used):
        remedy = "; ".join(f"`tango tag {tag} --delete`" for tag in tags)
        fault = f"tag {', '.join(tags)} keeps what is to be erased"
        raise InputError(avatar, fault, f"delete it first: {remedy}")
    if runs_at_work(catalog):
        raise InputError(avatar, "a run is at work on the catalog", "let it end and give the command again")
    done = erase(catalog, avatar, used, [c.id for c in chosen if c.unread])
    names = sorted({c.name for c in chosen})
    if runs_at_work(catalog):
        named = " ".join(sorted({shlex.quote(c.name) for c in chosen if not c.unread}))
        remedy = f"let it end, then `tango forget {avatar} {named} --erase`"
        raise InputError(avatar, "is erased, but a run began meanwhile and may have written some of it again", remedy)
    return Forgotten(names=names, rows=done.rows, bytes=done.bytes, files=done.files)


def forget_speeches(settings: Settings, speeches: list[str], *, erase: bool) -> Forgotten:
    """Drop what was made of speeches: it is made again when it is wanted.

    Args:
        speeches: paths or URIs of their files, ids, or the names of files that may be gone.
        erase: remove their paths and renders too, and every trace from the catalog's files; see `erase_speeches`.

    Raises:
        InputError: one is unknown, cannot be read, or is in use.
        NotUnique: a file name is that of several files.
        TimeoutError: `erase`, and another run uses the catalog.
    """
    catalog = Catalog(settings.catalog, settings.storage_options)
    known = known_speeches(catalog)
    chosen = {speech.id: speech for given in speeches for speech in _meant_speech(catalog, known, given)}
    if used := sorted(kept(catalog, "analyse_speech", chosen)):
        name = chosen[used[0]].name or used[0]
        raise InputError(name, "a render to it is at work", "let it end and give the command again")
    names = sorted(speech.name or speech.id for speech in chosen.values())
    if not erase:
        return Forgotten(names=names, rows=drop_speeches(catalog, chosen))
    done = erase_speeches(catalog, chosen)
    return Forgotten(names=names, rows=done.rows, bytes=done.bytes, files=done.files)


def _meant_speech(catalog: Catalog, known: dict[str, str], given: str) -> list[Candidate]:
    """What a person means by an id, by a file that is there, or by a file name, in this order.

    Raises:
        InputError: nothing, or it cannot be read.
        NotUnique: by a file name several.
    """
    found = [given] if given in known else []
    if not found and (is_remote(given) or Path(given).expanduser().is_file()):
        content = content_of(str(Path(given).expanduser()) if not is_remote(given) else given, catalog.storage_options)
        found = [content] if content in known else []
    found = found or [speech for speech, name in known.items() if name == given]
    if len(found) > 1:
        raise NotUnique(given, [Candidate(speech, known[speech], "", "a speech") for speech in found])
    if not found:
        have = ", ".join(sorted({name or speech for speech, name in known.items()})) or "none"
        raise InputError(given, "is no speech that the catalog knows", f"name one of those that it knows ({have})")
    return [Candidate(found[0], known[found[0]], "", "a speech")]


def _choose(catalog: Catalog, avatar: str, videos: list[str], unused: dict[str, dict]) -> list[Candidate]:
    """What is meant.

    Args:
        unused: rows of videos that show nobody and may be meant too, by id.

    Raises:
        InputError: the avatar, or a video, is unknown.
        NotUnique: a name is that of several files.
    """
    rows = catalog.avatar_videos(avatar)
    shown = [Candidate(i, row["file_name"], row["uri"], "in use") for i, row in rows.items()]
    shown += [
        Candidate(record.unit, record.subject, record.fields.get("path", ""), "could not be read")
        for record in refusals(catalog).get(avatar, [])
    ]
    others = [Candidate(i, row["file_name"], "", "shows nobody any more") for i, row in unused.items()]
    if not shown and not others:
        known = ", ".join(catalog.avatars()) or "none"
        raise InputError(f"avatar {avatar!r}", f"unknown (known: {known})", "`tango status` lists them")
    if not videos:
        return shown + others
    chosen: list[Candidate] = []
    for video in videos:
        meant = _meant(shown, video) or _meant(others, video)
        if not meant:
            have = ", ".join(sorted({candidate.name for candidate in shown})) or "none"
            raise InputError(video, f"no video of {avatar} (it has {have})", "name one of those")
        chosen += meant
    return list(dict.fromkeys(chosen))


def _meant(candidates: list[Candidate], video: str) -> list[Candidate]:
    """What a person means by an id, a path or a file name, in this order.

    Raises:
        NotUnique: by a file name several.
    """
    name = Path(video).name
    place = (
        str(Path(video).expanduser().absolute()) if video != name else None
    )  # a bare name is a name, wherever one is
    if found := [c for c in candidates if video == c.short_id or place == c.place]:
        return found
    found = [c for c in candidates if c.name == name and (video == name or c.unread)]  # what was unread may have moved
    if len(found) > 1:
        raise NotUnique(video, found)
    return found
