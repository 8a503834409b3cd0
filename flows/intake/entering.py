"""Videos are entered into the catalog by the hash of their bytes."""

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from data_catalog import Catalog
from data_catalog.keys import equals
from data_catalog.refusals import accept, forget_withdrawn, refusals, refuse
from data_catalog.uris.places import Stamp, file_name, find_stamp, is_remote
from data_catalog.uris.reachable import UnusableStore
from flows.intake.footage import Footage
from flows.intake.paths import printable, source_place
from flows.intake.videos import check_source
from flows.outcome import FlowReport
from flows.tracks import scope
from tango_models.errors import InputError
from tasks.runtime.cluster.capacity import usable_cpus
from tasks.runtime.files import check_file, content_of

T = TypeVar("T")
_AT_A_TIME = 16
"""Files in object stores that are asked or read at once. Of those on a disk, as many as there are CPUs to hash them."""
_FRESH_SECONDS, _LOOK_AGAIN_SECONDS = 60.0, 2.0
"""A file that was changed so recently may still be on its way: it is looked at once more, so much later."""

_SAID = {"motion_hash": "motion file", "consent": "consent", "scene": "scene"}
"""What a row says of a video, by column."""


class StillWritten(InputError):
    """Somebody is just writing the file."""

    def __init__(self, place: str) -> None:
        super().__init__(place, "is still being written", "wait until it is whole; the next run takes it")

    def __reduce__(self):
        return type(self), (self.subject,)


class Entry:
    """Enters the videos of one run's avatars; what the catalog knew before is read once.

    Args:
        report: takes what is refused and noted.
        run_id, deployed: of the flow run; see `local_path`.
        comes_again: the run is one of a row: a file that is still being written is left to the next.

    Attributes:
        entered: avatars with the ids of the videos that show them since now.
    """

    def __init__(
        self, catalog: Catalog, report: FlowReport, *, run_id: str, deployed: bool = False, comes_again: bool = False
    ) -> None:
        self._catalog, self._report = catalog, report
        self._run_id, self._deployed, self._comes_again = run_id, deployed, comes_again
        self._known = catalog.all_videos()
        self._seen = {
            (row["uri"], Stamp(row["size"], row["changed_ns"])): video_id
            for rows in self._known.values()
            for video_id, row in rows.items()
            if row["size"] is not None
        }
        self._looked: dict[str, tuple[str, Stamp] | Exception] = {}
        self._motions: dict[str, str | Exception] = {}
        self._growing: set[str] = set()
        self._refused = refusals(catalog)
        self.entered: set[tuple[str, str]] = set()
        forget_withdrawn(catalog, self._refused)

    def look_ahead(self, footage: Iterable[Footage]) -> None:
        """Look at what is to be added, many files at a time: each costs the way to a store, or a CPU."""
        places: dict[str, None] = {}
        motions: dict[str, None] = {}
        for given in footage:
            try:
                places[source_place(given.place, deployed=self._deployed)] = None
                if given.motion:
                    motions[source_place(given.motion, deployed=self._deployed)] = None
            except InputError:
                continue  # `add` says it
        if self._comes_again:
            self._growing = self._find_growing(list(places))
        self._looked |= _at_once(self._look, [place for place in places if place not in self._growing])
        self._motions |= _at_once(self._motion, list(motions))

    def add(self, avatar: str, videos: Sequence[str | Footage]) -> list[dict[str, Any]]:
        """Enter videos by the hash of their bytes: one file under two names is one video, and a file that changed, or
        was still being copied when it was first seen, takes the place of what it was.

        A file that cannot be read is a failed row of the ledger and a line of the report; the others go on.

        Returns:
            for each different video its ids and where it lies: what the stages need to plan.
        """
        known = self._known.get(avatar, {})
        rows: dict[str, dict[str, Any]] = {}
        for video in videos:
            given = Footage(video) if isinstance(video, str) else video
            try:
                video_id, row = self._row(given)
            except StillWritten as error:
                if self._comes_again:
                    self._report.notes.append(given.said(error))
                else:
                    self._refuse(avatar, given, error)
                continue
            except (InputError, UnusableStore) as error:
                self._refuse(avatar, given, error)
                continue
            if video_id in rows:
                same = f"{row['file_name']}: the same video as {rows[video_id]['file_name']}"
                if others := [said for name, said in _SAID.items() if rows[video_id][name] != row[name]]:
                    why = f"{same}, of which another {' and '.join(others)} is said; leave one"
                    self._report.refused.append(given.said(why))
                else:
                    self._report.notes.append(given.said(f"{same}, counted once"))
                continue
            rows[video_id] = row
        self._catalog.add_videos(avatar, rows, known)
        self.entered |= {(avatar, video_id) for video_id in rows if video_id not in known}
        if avatar in self._refused:
            accept(self._catalog, avatar, [row["uri"] for row in rows.values()])
        self._report.notes += _take_out_replaced(self._catalog, avatar, known, rows)
        if not rows:
            return []
        now = self._catalog.avatar_videos(avatar) if _changed(known, rows) else known
        # where it is now: it may have moved since it was first added
        return [scope(now[i] | {"uri": row["uri"], "file_name": row["file_name"]}) for i, row in rows.items()]

    def _row(self, given: Footage) -> tuple[str, dict[str, Any]]:
        """The id of a video, and what is known of where it lies and what goes with it.

        Raises:
            InputError: it, or its motion file, cannot be used.
            UnusableStore: a bucket cannot be read.
        """
        place = source_place(given.place, deployed=self._deployed)
        if place in self._growing:
            raise StillWritten(place)
        found = self._looked[place] if place in self._looked else self._look(place)
        if isinstance(found, Exception):
            raise found
        video_id, stamp = found
        motion = source_place(given.motion, deployed=self._deployed) if given.motion else ""
        motion_hash = (self._motions.get(motion) or self._motion(motion)) if motion else ""
        if isinstance(motion_hash, Exception):
            raise motion_hash
        row = {"uri": place, "file_name": file_name(place), "size": stamp.size, "changed_ns": stamp.changed_ns}
        row |= {"motion_uri": motion, "motion_hash": motion_hash}
        return video_id, row | {"consent": given.consent, "scene": given.scene}

    def _look(self, place: str) -> tuple[str, Stamp] | Exception:
        """The id of a video and its stamp, or what is the matter with it. A file that has the stamp that it had when it
        was last read, in the same place, is not read again."""
        try:
            check_source(place, self._catalog.storage_options)
            before = self._stamp(place)
            if before and (place, before) in self._seen:
                return self._seen[place, before], before
            video_id = content_of(place, self._catalog.storage_options)
            if before is None or self._stamp(place) != before:
                return StillWritten(place)
            return video_id, before
        except (InputError, UnusableStore) as error:
            return error

    def _motion(self, place: str) -> str | Exception:
        """The hash of a motion file, or what is the matter with it."""
        try:
            check_file(place, self._catalog.storage_options)
            return content_of(place, self._catalog.storage_options)
        except (InputError, UnusableStore) as error:
            return error

    def _find_growing(self, places: list[str]) -> set[str]:
        """Of files that were changed a moment ago, those that change."""
        fresh: dict[str, Stamp] = {}
        for place, stamp in _at_once(self._stamp, places).items():
            young = stamp is not None and abs(time.time() - stamp.changed_ns / 1e9) < _FRESH_SECONDS
            if stamp and young and (place, stamp) not in self._seen:
                fresh[place] = stamp
        if fresh:
            time.sleep(_LOOK_AGAIN_SECONDS)
        now = _at_once(self._stamp, list(fresh))
        return {place for place, stamp in fresh.items() if now[place] != stamp}

    def _stamp(self, place: str) -> Stamp | None:
        """None where nothing can be seen."""
        try:
            if is_remote(place):
                return find_stamp(place, self._catalog.storage_options)
            stat = os.stat(place)
        except (OSError, ValueError):
            return None
        return Stamp(stat.st_size, stat.st_ctime_ns)

    def _refuse(self, avatar: str, given: Footage, error: Exception) -> None:
        place, said = printable(given.place), given.kept()
        refuse(self._catalog, avatar, place, given.said(error), run_id=self._run_id, said=said)
        self._report.refused.append(given.said(error))


def _at_once(ask: Callable[[str], T], places: Sequence[str]) -> dict[str, T]:
    """What is said of each place, asked in threads."""
    found: dict[str, T] = {}
    remote = [place for place in places if is_remote(place)]
    local = [place for place in places if not is_remote(place)]
    for asked, threads in ((remote, _AT_A_TIME), (local, min(_AT_A_TIME, max(2, usable_cpus())))):
        with ThreadPoolExecutor(threads) as pool:
            found |= zip(asked, pool.map(ask, asked), strict=True)
    return found


def _changed(known: Mapping[str, Mapping[str, Any]], rows: Mapping[str, Mapping[str, Any]]) -> bool:
    return any(i not in known or row["motion_hash"] not in ("", known[i]["motion_hash"]) for i, row in rows.items())


def _take_out_replaced(
    catalog: Catalog, avatar: str, known: Mapping[str, Mapping[str, Any]], added: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """Take out of use what lay, with other content, where a given video lies now. What was computed of it stays.

    Args:
        known, added: the avatar's rows before, and those of the given videos, by video id.

    Returns:
        a note for each.
    """
    places = {_real(row["uri"]) for row in added.values()}
    gone = {i: row for i, row in known.items() if i not in added and _real(row["uri"]) in places}
    if gone:
        catalog.table("avatars").delete(equals(avatar=avatar, video_id=sorted(gone)))
    return [
        f"{row['file_name']}: changed since it was added; it takes the place of what it was"
        + (" and is fitted, not given its motion file" if row["motion_hash"] else "")
        + " (to use both, give each a name of its own)"
        for row in gone.values()
    ]


def _real(place: str) -> str:
    return place if is_remote(place) else os.path.realpath(Path(place))
