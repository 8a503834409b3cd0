"""Videos of a speaker become rows of the catalog, stage by stage; the videos follow one another through the stages."""

import os
from pathlib import Path
from typing import Any

from prefect import flow
from prefect.runtime import deployment, flow_run
from prefect.task_runners import ThreadPoolTaskRunner

from data_catalog import Catalog, check_avatar_name
from data_catalog.keys import equals
from data_catalog.refusals import accept, refuse
from flows.intake.paths import check_place, local_path, printable
from flows.intake.requests import check_onboarding
from flows.intake.videos import check_video
from flows.outcome import FlowReport, conclude, tidy
from flows.progress import FlowProgress
from flows.settings import Settings
from flows.stage_runs import StageRuns
from flows.tracks import current_tracks, made_tracks, out_of_date, scope, scopes, submit
from tango_models.errors import InputError
from tasks.runtime.cluster import Pools

_HARDLY, _NEVER = 0.5, 0.05  # shares of a video's frames that show a part of the speaker


@flow(
    name="onboard-avatar",
    flow_run_name="onboard {avatar}",
    task_runner=ThreadPoolTaskRunner(max_workers=32),  # type: ignore[arg-type]
    persist_result=False,
)
def onboard_avatar(
    avatar: str, videos: list[str], motion: str | None = None, settings: Settings | None = None
) -> FlowReport:
    """Add videos to an avatar and bring every stage up to date.

    Args:
        avatar: 1 to 64 letters, digits, '-', '_', '.'.
        videos: paths of video files, whole ones in a deployment; one that cannot be used does not stop the others.
            None: only what the avatar has is brought up to date.
        motion: npz motion file to import instead of fitting; goes with exactly one video.
        settings: the settings tree; None reads the environment.

    Raises:
        ValueError: an avatar name that is not allowed, or an unknown avatar without a video.
        InputError: an unreadable motion file, or one for several videos; an embedding that needs the licensed body,
            and none is set; more CPUs or GPUs asked for than there are; a relative path in a deployment.
        FlowIncomplete: units failed; running it again does only those.
    """
    settings = settings or Settings()
    avatar, deployed = check_avatar_name(avatar), deployment.id is not None
    check_place("catalog", settings.catalog, deployed=deployed)
    catalog, configs = Catalog(settings.catalog, settings.storage_options), settings.stage_configs()
    check_onboarding(catalog, avatar, videos, motion, settings, deployed=deployed)
    report = FlowReport(subject=avatar)
    added = add_videos(catalog, avatar, videos, motion, report, run_id=str(flow_run.id), deployed=deployed)
    wanted = added + stale(catalog, avatar, configs, added)
    with (
        Pools(catalog, str(flow_run.id), configs, settings.cluster) as pools,
        FlowProgress() as progress,
    ):
        runs = StageRuns(pools, progress, settings)
        for track in wanted:
            submit(runs, track)
        runs.summaries()
        if ready := current_tracks(catalog, avatar, configs):
            runs.run("score_edges", avatar, {"tracks": ready})
        report.stages = runs.summaries()
    for about in (cut_off, read_notes, left_out, hardly_seen, unusable):
        report.notes += about(catalog, added)
    report.notes += strangers(catalog, avatar, added)
    tidy(catalog, report)
    return conclude(report, max_failed_share=settings.max_failed_share)


def stale(
    catalog: Catalog, avatar: str, configs: dict[str, dict[str, Any]], added: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The avatar's other tracks that are not in the version that is wanted: what the stages need to plan them."""
    given = {scope["track"] for scope in added}
    others = [track for track in made_tracks(catalog, avatar, configs) if track not in given]
    by_track = scopes(catalog, avatar)
    return [by_track[track] for track in out_of_date(catalog, avatar, others, configs)]


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
    """A note about each video of which clips cannot be shown."""
    notes = []
    for video in added:
        where = equals(track_id=video["track"])
        clips, used = catalog.table("clips").count(where), catalog.table("clips").count(f"{where} AND usable")
        if used < clips:
            share = "none" if not used else f"only {used}"
            notes.append(
                f"{video['file_name']}: {share} of its {clips} clips can be shown (the speaker is lost or unsure)"
            )
    return notes
