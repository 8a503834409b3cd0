"""What a user should know of the videos that were added: what was used of them, and what was not seen in them."""

from typing import Any

from data_catalog import Catalog
from data_catalog.keys import equals

_HARDLY, _NEVER = 0.5, 0.05  # shares of a video's frames that show a part of the speaker


def notes_about(catalog: Catalog, avatar: str, added: list[dict[str, Any]]) -> list[str]:
    """A line for each thing to know of the added videos, after their stages ran.

    Args:
        added: of each video its `video_id`, `track` and `file_name`.
    """
    about = (cut_off, read_notes, left_out, changed_looks, hardly_seen, unusable)
    return [note for subject in about for note in subject(catalog, added)] + strangers(catalog, avatar, added)


def cut_off(catalog: Catalog, added: list[dict[str, Any]]) -> list[str]:
    """A note about each video that ends before the length its header declares."""
    where = equals(video_id=[video["video_id"] for video in added], truncated=True)
    rows = catalog.table("videos").read(["video_id", "file_name", "seconds"], where=where).to_pylist()
    return [f"{row['file_name']}: is cut off; the {row['seconds']:.1f} s that can be read were used" for row in rows]


def read_notes(catalog: Catalog, added: list[dict[str, Any]]) -> list[str]:
    """What was noted when each video was read: its sound, damage, joins and holes, what stands still."""
    where = equals(video_id=[video["video_id"] for video in added])
    rows = catalog.table("videos").read(["video_id", "file_name", "notes"], where=where).to_pylist()
    return [f"{row['file_name']}: {note}" for row in rows for note in row["notes"] or ()]


def left_out(catalog: Catalog, added: list[dict[str, Any]]) -> list[str]:
    """A note about each video in which others are in view beside the speaker."""
    notes = []
    for video in added:
        table = catalog.table("landmarks").read(
            ["video_id", "frame", "others"], where=f"{equals(video_id=video['video_id'])} AND others > 0"
        )
        if shared := table.num_rows:
            people = 1 + max(table["others"].to_pylist())
            frames = catalog.table("landmarks").count(equals(video_id=video["video_id"]))
            notes.append(
                f"{video['file_name']}: {people} people in view (in {shared} of {frames} frames); the largest, most "
                "central and longest in view was followed, who is beside was left out"
            )
    return notes


def changed_looks(catalog: Catalog, added: list[dict[str, Any]]) -> list[str]:
    """A note about each video of which some shots look otherwise, as if they showed somebody else."""
    where = equals(track_id=[video["track"] for video in added])
    rows = catalog.table("looks").read(["track_id", "note"], where=where).to_pylist()
    notes = {row["track_id"]: row["note"] for row in rows}
    return [f"{video['file_name']}: {note}" for video in added if (note := notes.get(video["track"]))]


def hardly_seen(catalog: Catalog, added: list[dict[str, Any]]) -> list[str]:
    """A note about each part of the speaker above the waist that a video shows in less than half of its frames."""
    from tango_models.body.fit.confidence import PARTS

    notes = []
    rows = catalog.table("fits").read(["track_id", "seen"], where=equals(track_id=[video["track"] for video in added]))
    shares = {row["track_id"]: row["seen"] for row in rows.to_pylist() if row["seen"]}
    for video in added:
        for part, share in zip(PARTS, shares.get(video["track"], ()), strict=False):
            if share < _HARDLY and part != "legs":
                seen = f"{part} in {share:.0%} of the frames" if share else f"{part} never seen"
                rest = "it will rest" if share < _NEVER else "it rests in the others"
                notes.append(f"{video['file_name']}: {seen}: {rest}")
    return notes


def strangers(catalog: Catalog, avatar: str, added: list[dict[str, Any]]) -> list[str]:
    """A note about each added video that does not look like the avatar's first one."""
    import numpy as np

    from tango_models.perception.appearance import Appearance, differences

    videos = sorted(catalog.avatar_videos(avatar).values(), key=lambda video: (video["added_at"], video["video_id"]))
    tracks = {video["track_id"]: video for video in videos}
    rows = catalog.table("looks").read(where=equals(track_id=sorted(tracks))).to_pylist()
    looks = {
        row["track_id"]: Appearance(*(np.array(row[name], np.float32) for name in ("clothes", "room", "face")))
        for row in rows
    }
    given = {video["track"] for video in added}
    known = [track for track in tracks if track in looks]
    if not known:
        return []
    first, notes = known[0], []
    for track in known[1:]:
        found = differences(looks[first], looks[track])
        if found and given & {first, track}:
            notes.append(
                f"{tracks[track]['file_name']}: does not look like {tracks[first]['file_name']} (other "
                f"{', '.join(found)}); if it shows somebody else, that is another avatar"
            )
    return notes


def unusable(catalog: Catalog, added: list[dict[str, Any]]) -> list[str]:
    """A note about each video of which clips cannot be shown, and why."""
    notes = []
    for video in added:
        where = equals(track_id=video["track"])
        clips = catalog.table("clips").count(where)
        hidden = catalog.table("clips").read(["repeated"], where=f"{where} AND NOT usable")["repeated"].to_pylist()
        if hidden:
            still = sum(sum(frames) > 1 for frames in hidden)
            because = {"the picture stands still": still, "the speaker is lost or unsure": len(hidden) - still}
            share = "none" if len(hidden) == clips else f"only {clips - len(hidden)}"
            reasons = ", ".join(f"{why} in {count}" for why, count in because.items() if count)
            notes.append(f"{video['file_name']}: {share} of its {clips} clips can be shown ({reasons})")
    return notes
