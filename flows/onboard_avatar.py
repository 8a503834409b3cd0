"""Videos of a speaker become rows of the catalog, stage by stage; the videos follow one another through the stages."""

from pathlib import Path
from typing import Any

from prefect import flow
from prefect.runtime import flow_run
from prefect.task_runners import ThreadPoolTaskRunner

from data_catalog import Catalog, check_avatar_name
from data_catalog.keys import equals
from data_catalog.refusals import accept, refuse
from flows.outcome import FlowReport, conclude, tidy
from flows.progress import FlowProgress
from flows.settings import Settings
from flows.stage_runs import StageRuns
from flows.tracks import current_tracks, made_tracks, out_of_date, scope, scopes, submit
from tango_models.errors import InputError
from tasks.runtime.cluster import Pools
from tasks.views.embedding_model import check_body


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
        videos: paths of video files; one that cannot be used does not stop the others. None: only what the avatar has
            is brought up to date.
        motion: npz motion file to import instead of fitting; goes with exactly one video.
        settings: the settings tree; None reads the environment.

    Raises:
        ValueError: an avatar name that is not allowed, or an unknown avatar without a video.
        InputError: an unreadable motion file, or one for several videos; an embedding that needs the licensed body,
            and none is set.
        FlowIncomplete: units failed; running it again does only those.
    """
    settings = settings or Settings()
    catalog, configs = Catalog(settings.catalog, settings.storage_options), settings.stage_configs()
    check_request(catalog, avatar, videos, motion)
    check_body(settings.aumoclip, settings.body)
    report = FlowReport(subject=avatar)
    added = add_videos(catalog, avatar, videos, motion, report, run_id=str(flow_run.id))
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
    report.notes += cut_off(catalog, added) + odd(catalog, added) + left_out(catalog, added) + unusable(catalog, added)
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


def check_request(catalog: Catalog, avatar: str, videos: list[str], motion: str | None) -> None:
    """Refuse what cannot work before anything is started; see `onboard_avatar`."""
    from tango_models.media.container import checked_path

    check_avatar_name(avatar)
    if not videos and avatar not in catalog.avatars():
        raise ValueError(f"avatar {avatar!r}: unknown, and no video is given; run `tango onboard {avatar} VIDEO...`")
    if motion and len(videos) != 1:
        raise InputError(motion, f"one motion file for {len(videos)} videos", "onboard each video with its own")
    if motion:
        checked_path(Path(motion).expanduser())


def add_videos(
    catalog: Catalog, avatar: str, videos: list[str], motion: str | None, report: FlowReport, *, run_id: str
) -> list[dict[str, Any]]:
    """Enter videos by the hash of their bytes: one file under two names is one video.

    A file that cannot be read is a failed row of the ledger and a line of the report; the others go on.

    Returns:
        for each different video its ids and where it lies: what the stages need to plan.
    """
    from tango_models.media.probe import content_id

    motion_uri = str(Path(motion).expanduser().absolute()) if motion else ""
    motion_hash = content_id(Path(motion_uri)) if motion else ""
    paths: dict[str, Path] = {}
    for path in (Path(name).expanduser().absolute() for name in videos):
        try:
            video_id = content_id(path)
        except InputError as error:
            refuse(catalog, avatar, path, str(error), run_id=run_id)
            report.refused.append(str(error))
            continue
        if video_id in paths:
            report.notes.append(f"{path.name}: the same video as {paths[video_id].name}, counted once")
            continue
        paths[video_id] = path
        catalog.add_video(avatar, video_id, uri=str(path), motion_uri=motion_uri, motion_hash=motion_hash)
    accept(catalog, avatar, paths.values())
    known = catalog.avatar_videos(avatar)
    # where it is now: it may have moved since it was first added
    return [scope(known[video_id] | {"uri": str(path), "file_name": path.name}) for video_id, path in paths.items()]


def cut_off(catalog: Catalog, added: list[dict[str, Any]]) -> list[str]:
    """A note about each video that ends before the length its header declares."""
    where = equals(video_id=[video["video_id"] for video in added], truncated=True)
    rows = catalog.table("videos").read(["video_id", "file_name", "seconds"], where=where).to_pylist()
    return [f"{row['file_name']}: is cut off; the {row['seconds']:.1f} s that can be read were used" for row in rows]


def odd(catalog: Catalog, added: list[dict[str, Any]]) -> list[str]:
    """What was noted when each video was read: damage, joins and holes, stretches that stand still."""
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
