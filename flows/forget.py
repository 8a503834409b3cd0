"""Taking a video, or a whole avatar, out of the catalog's list of who is shown where."""

from pathlib import Path

from data_catalog import Catalog
from data_catalog.keys import equals
from data_catalog.refusals import forget_refusals, refusals
from flows.settings import Settings


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
    catalog = Catalog(settings.catalog, settings.storage_options)
    rows = catalog.avatar_videos(avatar)
    refused = refusals(catalog).get(avatar, [])
    if not rows and not refused:
        known = ", ".join(catalog.avatars()) or "none"
        raise ValueError(f"avatar {avatar!r}: unknown (known: {known}); `tango status` lists them")
    names = {video_id: row["file_name"] for video_id, row in rows.items()}
    chosen, unreadable = set(names), {record.subject for record in refused}
    if videos:
        chosen, unreadable = set(), set()
        for video in videos:
            path = Path(video).expanduser()
            ids = {i for i, row in rows.items() if video in (i, row["file_name"], row["uri"])}
            ids |= {i for i, row in rows.items() if row["uri"] == str(path.absolute())}
            subjects = {record.subject for record in refused} & {path.name}
            if not ids and not subjects:
                have = ", ".join(sorted({*names.values(), *(record.subject for record in refused)}))
                raise ValueError(f"{video}: no video of {avatar} (it has {have}); name one of those")
            chosen |= ids
            unreadable |= subjects
    if chosen:
        catalog.table("avatars").delete(equals(avatar=avatar, video_id=sorted(chosen)))
    forget_refusals(catalog, avatar, unreadable)
    return sorted({*(names[video_id] for video_id in chosen), *unreadable})
