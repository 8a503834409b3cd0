"""What a user should know of the videos that were added: what was used of them, and what was not seen in them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from data_catalog import Catalog
from data_catalog.keys import equals

_HARDLY, _NEVER = 0.5, 0.05  # shares of a video's frames that show a part of the speaker
_UPRIGHT = 0.5  # how far up the body points: 0.89 and more in all upright videos seen, -0.07 in one on its side
_AT_A_TIME = 500
"""Videos that a table is looked through for: no look costs less for one alone."""


def notes_about(catalog: Catalog, added: Mapping[str, Sequence[dict[str, Any]]]) -> list[str]:
    """A line for each thing to know of the added videos, after their stages ran.

    Args:
        added: by avatar, of each video its `video_id`, `track` and `file_name`.
    """
    videos, notes = [video for given in added.values() for video in given], list[str]()
    for start in range(0, len(videos), _AT_A_TIME):
        for subject in (cut_off, read_notes, left_out, changed_looks, turned, hardly_seen, unusable):
            notes += subject(catalog, videos[start : start + _AT_A_TIME])
    return notes + [note for avatar, given in added.items() if given for note in strangers(catalog, avatar, given)]


def cut_off(catalog: Catalog, added: Sequence[dict[str, Any]]) -> list[str]:
    """A note about each video that ends before the length its header declares."""
    where = equals(video_id=[video["video_id"] for video in added], truncated=True)
    rows = catalog.table("videos").read(["video_id", "file_name", "seconds"], where=where).to_pylist()
    return [f"{row['file_name']}: is cut off; the {row['seconds']:.1f} s that can be read were used" for row in rows]


def read_notes(catalog: Catalog, added: Sequence[dict[str, Any]]) -> list[str]:
    """What was noted when each video was read: its sound, damage, joins and holes, what stands still."""
    where = equals(video_id=[video["video_id"] for video in added])
    rows = catalog.table("videos").read(["video_id", "file_name", "notes"], where=where).to_pylist()
    return [f"{row['file_name']}: {note}" for row in rows for note in row["notes"] or ()]


def left_out(catalog: Catalog, added: Sequence[dict[str, Any]]) -> list[str]:
    """A note about each video in which others are in view beside the speaker."""
    landmarks, videos = catalog.table("landmarks"), [video["video_id"] for video in added]
    seen = landmarks.read(["video_id", "others"], where=equals(video_id=videos).also("others > 0"), ordered=False)
    shared = Counter(seen["video_id"].to_pylist())
    if not shared:
        return []
    most = seen.group_by("video_id").aggregate([("others", "max")])
    others = dict(zip(most["video_id"].to_pylist(), most["others_max"].to_pylist(), strict=True))
    frames = Counter(landmarks.read(["video_id"], equals(video_id=list(shared)), ordered=False)["video_id"].to_pylist())
    return [
        f"{video['file_name']}: {1 + others[video_id]} people in view (in {shared[video_id]} of {frames[video_id]} "
        "frames); the largest, most central and longest in view was followed, who is beside was left out"
        for video in added
        if (video_id := video["video_id"]) in shared
    ]


def changed_looks(catalog: Catalog, added: Sequence[dict[str, Any]]) -> list[str]:
    """A note about each video of which some shots look otherwise, as if they showed somebody else."""
    where = equals(track_id=[video["track"] for video in added])
    rows = catalog.table("looks").read(["track_id", "note"], where=where).to_pylist()
    notes = {row["track_id"]: row["note"] for row in rows}
    return [f"{video['file_name']}: {note}" for video in added if (note := notes.get(video["track"]))]


def turned(catalog: Catalog, added: Sequence[dict[str, Any]]) -> list[str]:
    """A note about each video whose speaker lies on the side or stands on the head: the camera was turned, and the file
    does not say so."""
    import numpy as np

    from tango_models.body.rotations import to_matrix

    fitted = [video for video in added if video["track"] == video["video_id"]]  # motion of one's own has its own axes
    where = equals(track_id=[video["track"] for video in fitted]).also("usable")
    rows = catalog.table("clips").read(["track_id", "orientation"], where, ordered=False)
    tracks = np.array(rows["track_id"].to_pylist())
    notes = []
    for video in fitted:
        own = rows.filter(tracks == video["track"])["orientation"].to_pylist()
        if not own:
            continue
        up = np.median(to_matrix(np.reshape(own, (-1, 3)))[:, :, 1], axis=0)
        if up[1] < _UPRIGHT and max(abs(up[0]), -up[1]) > _UPRIGHT:
            lies = ("to the left" if up[0] < 0 else "to the right") if abs(up[0]) > -up[1] else "down"
            notes.append(
                f"{video['file_name']}: the speaker's head points {lies}, and is shown so; "
                "if the camera was turned, turn the video and give that instead"
            )
    return notes


def hardly_seen(catalog: Catalog, added: Sequence[dict[str, Any]]) -> list[str]:
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


def strangers(catalog: Catalog, avatar: str, added: Sequence[dict[str, Any]]) -> list[str]:
    """A note about each added video that does not look like the avatar's first one."""
    import numpy as np

    from data_catalog.tables.sizes import COLOURS
    from tango_models.perception.appearance import Appearance, differences

    videos = sorted(catalog.avatar_videos(avatar).values(), key=lambda video: (video["added_at"], video["video_id"]))
    tracks = {video["track_id"]: video for video in videos}
    rows = catalog.table("looks").read(where=equals(track_id=sorted(tracks))).to_pylist()
    looks = {}
    for row in rows:
        clothes, room, face = (np.array(row[name], np.float32) for name in ("clothes", "room", "face"))
        looks[row["track_id"]] = Appearance(clothes.reshape(-1, COLOURS), room, face)
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


def unusable(catalog: Catalog, added: Sequence[dict[str, Any]]) -> list[str]:
    """A note about each video of which clips cannot be shown, and why."""
    notes, where = [], equals(track_id=[video["track"] for video in added])
    clips = catalog.table("clips").read(["track_id", "usable"], where, ordered=False)
    counts = Counter(clips["track_id"].to_pylist())
    hidden: dict[str, list[list[bool]]] = {}
    if counts and not all(clips["usable"].to_pylist()):
        rows = catalog.table("clips").read(["track_id", "repeated"], where.also("NOT usable"), ordered=False)
        for row in rows.to_pylist():
            hidden.setdefault(row["track_id"], []).append(row["repeated"])
    for video in added:
        if frames := hidden.get(video["track"]):
            clips_of = counts[video["track"]]
            still = sum(sum(repeated) > 1 for repeated in frames)
            because = {"the picture stands still": still, "the speaker is lost or unsure": len(frames) - still}
            share = "none" if len(frames) == clips_of else f"only {clips_of - len(frames)}"
            reasons = ", ".join(f"{why} in {count}" for why, count in because.items() if count)
            notes.append(f"{video['file_name']}: {share} of its {clips_of} clips can be shown ({reasons})")
    return notes
