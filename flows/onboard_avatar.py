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
from flows.intake.notes import notes_about
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
    report.notes += notes_about(catalog, avatar, added)
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
