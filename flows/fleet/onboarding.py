"""Avatars are brought up to date, all in one run with one set of workers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from prefect.runtime import deployment, flow_run

from data_catalog import Catalog
from data_catalog.keys import equals
from data_catalog.places import is_gone
from flows.fleet.pipeline import Track, in_work, run_tracks
from flows.fleet.summary import State, stand
from flows.intake.entering import Entry
from flows.intake.footage import Footage
from flows.intake.notes import notes_about
from flows.outcome import FlowReport, conclude, tidy
from flows.progress import FlowProgress
from flows.settings import Settings
from flows.stage_runs import StageRuns
from flows.tracks import current_tracks, scope
from tasks.runtime.cluster import Pools
from tasks.runtime.versions import Versions
from tasks.views.motion_graph import pair_keys


@dataclass(frozen=True)
class Request:
    """What is wanted of an avatar.

    Attributes:
        videos: to add; motion: that goes with the only one.
        again: also the tracks that never were made, from where they were last seen.
    """

    avatar: str
    videos: Sequence[str | Footage] = field(default_factory=list)
    motion: str | None = None
    again: bool = False


def onboard_all(
    subject: str,
    requests: Sequence[Request],
    settings: Settings,
    report: FlowReport | None = None,
    *,
    comes_again: bool = False,
) -> FlowReport:
    """Add the videos of avatars and bring every stage up to date; inside a flow run. What fails of one does not stop
    the others.

    Args:
        subject: what a person calls the run.
        report: with what was refused, and noted, before.
        comes_again: see `Entry`.

    Raises:
        InputError: more CPUs or GPUs are asked for than the cluster has.
        FlowIncomplete: more than `max_failed_share` of the units failed.
    """
    catalog, configs = Catalog(settings.catalog, settings.storage_options), settings.stage_configs()
    report = report or FlowReport(subject=subject)
    entry = Entry(catalog, report, run_id=str(flow_run.id), deployed=deployment.id is not None, comes_again=comes_again)
    entry.look_ahead(Footage(v) if isinstance(v, str) else v for request in requests for v in request.videos)
    added = {request.avatar: entry.add(request.avatar, request.videos, request.motion) for request in requests}
    versions = Versions(catalog, configs).preload()
    report.notes += take_out_withdrawn(catalog, versions, [request.avatar for request in requests])
    tracks, unscored = _wanted(catalog, requests, added, versions)
    del versions
    if tracks or unscored:
        with (
            Pools(catalog, str(flow_run.id), configs, settings.cluster) as pools,
            FlowProgress() as progress,
        ):
            runs = StageRuns(pools, progress, settings)

            def score(avatar: str) -> None:
                if ready := current_tracks(catalog, avatar, configs):
                    runs.submit("score_edges", avatar, {"tracks": ready})

            run_tracks(
                runs,
                tracks,
                at_a_time=in_work(pools.cpus()),
                also=unscored,
                finish=score,
                through_so_far=progress.overall,
            )
            report.stages = runs.summaries()
    for avatar, videos in added.items():
        report.notes += notes_about(catalog, avatar, videos) if videos else []
    tidy(catalog, report)
    return conclude(report, max_failed_share=settings.max_failed_share)


def _wanted(
    catalog: Catalog,
    requests: Sequence[Request],
    added: Mapping[str, Sequence[Mapping[str, Any]]],
    versions: Versions,
) -> tuple[list[Track], list[str]]:
    """What the ledger does not show to be done: of the tracks that were added, and of the others that were made before
    (or, where it is to be tried again, of all); and the avatars of which only the edges between tracks are not."""
    known = catalog.all_videos()
    sizes = {row["uri"]: row["size"] for rows in known.values() for row in rows.values()}
    tracks, unscored = [], []
    for request in requests:
        avatar = request.avatar
        by_track = {video["track"]: video for video in added[avatar]}
        for row in known.get(avatar, {}).values():
            if request.again or versions.made_of("create_clips", row["track_id"]):
                by_track.setdefault(row["track_id"], scope(row))
        wanted = [video for track, video in by_track.items() if stand(versions, track)[1] is not State.complete]
        before = "" if len(requests) == 1 else f"{avatar} / "
        tracks += [Track(avatar, before + video["file_name"], video, sizes.get(video["uri"]) or 0) for video in wanted]
        if not wanted and not _scored(versions, list(by_track)):
            unscored.append(avatar)
    return tracks, unscored


def take_out_withdrawn(catalog: Catalog, versions: Versions, avatars: Sequence[str]) -> list[str]:
    """Take out of use the videos that could never be read and whose files were taken away.

    Args:
        versions: with the ledger preloaded.

    Returns:
        a note for each.
    """
    known, notes = catalog.all_videos(), []
    for avatar in avatars:
        gone = {}
        for video_id, row in known.get(avatar, {}).items():
            states = {standing.state for standing in versions.made_of("extract_frames", video_id).values()}
            if states == {"failed"} and is_gone(row["uri"], catalog.storage_options):
                gone[video_id] = row["file_name"]
        if gone:
            catalog.table("avatars").delete(equals(avatar=avatar, video_id=sorted(gone)))
        notes += [f"{name}: could not be used, and was taken away; it is forgotten" for name in gone.values()]
    return notes


def _scored(versions: Versions, tracks: list[str]) -> bool:
    return all(standing.state == "current" for standing in versions.look("score_edges", pair_keys(tracks)).values())
