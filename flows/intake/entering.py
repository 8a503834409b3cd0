"""Videos are entered into the catalog by the hash of their bytes."""

import os
from pathlib import Path
from typing import Any

from data_catalog import Catalog
from data_catalog.keys import equals
from data_catalog.refusals import accept, refuse
from flows.intake.paths import local_path, printable
from flows.intake.videos import check_video
from flows.outcome import FlowReport
from flows.tracks import scope
from tango_models.errors import InputError


def add_videos(
    catalog: Catalog,
    avatar: str,
    videos: list[str],
    motion: str | None,
    report: FlowReport,
    *,
    run_id: str,
    deployed: bool = False,
) -> list[dict[str, Any]]:
    """Enter videos by the hash of their bytes: one file under two names is one video, and a file that changed, or was
    still being copied when it was first seen, takes the place of what it was.

    A file that cannot be read is a failed row of the ledger and a line of the report; the others go on.

    Returns:
        for each different video its ids and where it lies: what the stages need to plan.
    """
    from tango_models.media.probe import content_id

    motion_uri = str(local_path(motion, deployed=deployed)) if motion else ""
    motion_hash = content_id(Path(motion_uri)) if motion else ""
    paths: dict[str, Path] = {}
    for name in videos:
        try:
            path = check_video(name, deployed=deployed)
            video_id = content_id(path)
        except InputError as error:
            refuse(catalog, avatar, Path(printable(name)), str(error), run_id=run_id)
            report.refused.append(str(error))
            continue
        if video_id in paths:
            report.notes.append(f"{path.name}: the same video as {paths[video_id].name}, counted once")
            continue
        paths[video_id] = path
        catalog.add_video(avatar, video_id, uri=str(path), motion_uri=motion_uri, motion_hash=motion_hash)
    accept(catalog, avatar, paths.values())
    known = catalog.avatar_videos(avatar)
    report.notes += take_out_replaced(catalog, avatar, known, paths)
    # where it is now: it may have moved since it was first added
    return [scope(known[video_id] | {"uri": str(path), "file_name": path.name}) for video_id, path in paths.items()]


def take_out_replaced(
    catalog: Catalog, avatar: str, known: dict[str, dict[str, Any]], paths: dict[str, Path]
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
