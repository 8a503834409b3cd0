"""Videos are entered into the catalog by the hash of their bytes."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from data_catalog import Catalog
from data_catalog.keys import equals
from data_catalog.refusals import accept, forget_withdrawn, refusals, refuse
from flows.intake.paths import local_path, printable
from flows.intake.videos import check_video
from flows.outcome import FlowReport
from flows.tracks import scope
from tango_models.errors import InputError


class Entry:
    """Enters the videos of one run's avatars; what the catalog knew before is read once.

    Args:
        report: takes what is refused and noted.
        run_id, deployed: of the flow run; see `local_path`.
    """

    def __init__(self, catalog: Catalog, report: FlowReport, *, run_id: str, deployed: bool = False) -> None:
        self._catalog, self._report = catalog, report
        self._run_id, self._deployed = run_id, deployed
        self._known = catalog.all_videos()
        self._refused = refusals(catalog)
        forget_withdrawn(catalog, self._refused)

    def add(self, avatar: str, videos: Sequence[str], motion: str | None = None) -> list[dict[str, Any]]:
        """Enter videos by the hash of their bytes: one file under two names is one video, and a file that changed, or
        was still being copied when it was first seen, takes the place of what it was.

        A file that cannot be read is a failed row of the ledger and a line of the report; the others go on.

        Returns:
            for each different video its ids and where it lies: what the stages need to plan.
        """
        from tango_models.media.probe import content_id

        motion_uri = str(local_path(motion, deployed=self._deployed)) if motion else ""
        motion_hash = content_id(Path(motion_uri)) if motion else ""
        known = self._known.get(avatar, {})
        paths: dict[str, Path] = {}
        stamps: dict[str, tuple[int, int]] = {}
        for name in videos:
            try:
                path = check_video(name, deployed=self._deployed)
                video_id, stamp = _identify(path, known)
            except InputError as error:
                refuse(self._catalog, avatar, Path(printable(name)), str(error), run_id=self._run_id)
                self._report.refused.append(str(error))
                continue
            if video_id in paths:
                self._report.notes.append(f"{path.name}: the same video as {paths[video_id].name}, counted once")
                continue
            paths[video_id], stamps[video_id] = path, stamp
        places = {video_id: (str(path), *stamps[video_id]) for video_id, path in paths.items()}
        self._catalog.add_videos(avatar, places, known, motion_uri=motion_uri, motion_hash=motion_hash)
        if avatar in self._refused:
            accept(self._catalog, avatar, paths.values())
        self._report.notes += _take_out_replaced(self._catalog, avatar, known, paths)
        if not paths:
            return []
        rows = self._catalog.avatar_videos(avatar) if _changed(known, paths, motion_hash) else known
        # where it is now: it may have moved since it was first added
        return [scope(rows[video_id] | {"uri": str(path), "file_name": path.name}) for video_id, path in paths.items()]


def _changed(known: Mapping[str, Mapping[str, Any]], paths: Mapping[str, Path], motion_hash: str) -> bool:
    return any(i not in known or (motion_hash and known[i]["motion_hash"] != motion_hash) for i in paths)


def _identify(path: Path, known: Mapping[str, Mapping[str, Any]]) -> tuple[str, tuple[int, int]]:
    """The id of a video with its size in bytes and when it was last changed, in nanoseconds. A file that has both as
    when it was last read, in the same place, is not read again."""
    from tango_models.media.probe import content_id

    before = path.stat()
    stamp = (before.st_size, before.st_ctime_ns)
    for video_id, row in known.items():
        if row["uri"] == str(path) and (row["size"], row["changed_ns"]) == stamp:
            return video_id, stamp
    video_id = content_id(path)
    after = path.stat()
    if (after.st_size, after.st_ctime_ns) != stamp:
        raise InputError(str(path), "is still being written", "wait until it is whole; the next run takes it")
    return video_id, stamp


def _take_out_replaced(
    catalog: Catalog, avatar: str, known: Mapping[str, Mapping[str, Any]], paths: Mapping[str, Path]
) -> list[str]:
    """Take out of use what lay, with other content, where a given video lies now. What was computed of it stays.

    Args:
        known: the avatar's rows by video id; paths: where each given video lies.

    Returns:
        a note for each.
    """
    places = {os.path.realpath(path) for path in paths.values()}
    gone = {i: row for i, row in known.items() if i not in paths and os.path.realpath(row["uri"]) in places}
    if gone:
        catalog.table("avatars").delete(equals(avatar=avatar, video_id=sorted(gone)))
    return [
        f"{row['file_name']}: changed since it was added; it takes the place of what it was"
        + (" and is fitted, not given its motion file" if row["motion_hash"] else "")
        + " (to use both, give each a name of its own)"
        for row in gone.values()
    ]
