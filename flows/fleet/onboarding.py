"""Avatars are brought up to date, all in one run with one set of workers."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from prefect.runtime import deployment, flow_run

from data_catalog import Catalog
from data_catalog.keys import equals
from data_catalog.leases import Leases
from data_catalog.uris.places import is_gone
from flows.configuration.settings import Settings
from flows.fleet.pipeline import Track, in_work, run_tracks
from flows.fleet.standing import FleetSnapshot
from flows.intake.entering import Entry
from flows.intake.footage import Footage
from flows.intake.notes import notes_about
from flows.outcome import FlowReport, conclude, tidy
from flows.progress import FlowProgress
from flows.stage_runs import StageRuns
from flows.tracks import current_tracks, scope
from tasks.runtime.cluster.pools import Pools
from tasks.runtime.faults import is_input_fault

_AT_WORK = "onboarding"


@dataclass(frozen=True)
class Request:
    """What is wanted of an avatar.

    Attributes:
        videos: to add.
        again: also the tracks that never were made, from where they were last seen.
    """

    avatar: str
    videos: Sequence[str | Footage] = field(default_factory=list)
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
    with Leases(catalog, str(flow_run.id)) as leases:
        leases.keep(_AT_WORK, subject)  # before a video is entered: nobody erases it until its rows are written
        entry = Entry(
            catalog, report, run_id=str(flow_run.id), deployed=deployment.id is not None, comes_again=comes_again
        )
        entry.look_ahead(Footage(v) if isinstance(v, str) else v for request in requests for v in request.videos)
        added = {request.avatar: entry.add(request.avatar, request.videos) for request in requests}
        snapshot = FleetSnapshot(catalog, configs)
        report.notes += take_out_withdrawn(snapshot, [request.avatar for request in requests])
        tracks, unscored = _wanted(snapshot, requests, added)
        del snapshot
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
    report.notes += notes_about(catalog, _in_work(added, tracks, entry.entered))
    tidy(catalog, report)
    return conclude(report, catalog, max_failed_share=settings.max_failed_share)


def _wanted(
    snapshot: FleetSnapshot, requests: Sequence[Request], added: Mapping[str, Sequence[Mapping[str, Any]]]
) -> tuple[list[Track], list[str]]:
    """What the ledger does not show to be done: of the tracks that were added, and of the others that were made before
    (or, where it is to be tried again, of all); and the avatars of which only the edges between tracks are not."""
    sizes = {row["uri"]: row["size"] for rows in snapshot.videos.values() for row in rows.values()}
    tracks, unscored = [], []
    for request in requests:
        avatar = request.avatar
        rows = {row["track_id"]: row for row in snapshot.videos.get(avatar, {}).values()}
        by_track = {video["track"]: video for video in added[avatar]}
        for track, row in rows.items():
            if request.again or snapshot.versions.standing("create_clips", track).record:
                by_track.setdefault(track, scope(row))
        wanted = [video for track, video in by_track.items() if track not in rows or snapshot.undone(rows[track])]
        before = "" if len(requests) == 1 else f"{avatar} / "
        tracks += [Track(avatar, before + video["file_name"], video, sizes.get(video["uri"]) or 0) for video in wanted]
        if not wanted and any(snapshot.undone_pairs(list(by_track), avatar)):
            unscored.append(avatar)
    return tracks, unscored


def _in_work(
    added: Mapping[str, Sequence[dict[str, Any]]], tracks: Sequence[Track], entered: Collection[tuple[str, str]] = ()
) -> dict[str, list[dict[str, Any]]]:
    """Of the videos that were added, by avatar, those of which something was to be done, and those that show the avatar
    since now, whatever was done with them for others: of the rest all is known, and was said.

    Args:
        entered: as `Entry.entered`.
    """
    ours = {(track.avatar, track.scope["track"]) for track in tracks}
    return {
        avatar: [v for v in videos if (avatar, v["track"]) in ours or (avatar, v["video_id"]) in entered]
        for avatar, videos in added.items()
    }


def take_out_withdrawn(snapshot: FleetSnapshot, avatars: Sequence[str]) -> list[str]:
    """Take out of use the videos with which something is the matter and whose files were taken away.

    Returns:
        a note for each.
    """
    notes = []
    for avatar in avatars:
        gone = {}
        for video_id, row in snapshot.videos.get(avatar, {}).items():
            if _is_at_fault(snapshot, row) and is_gone(row["uri"], snapshot.catalog.storage_options):
                gone[video_id] = row["file_name"]
        if gone:
            snapshot.catalog.table("avatars").delete(equals(avatar=avatar, video_id=sorted(gone)))
            for video_id in gone:
                del snapshot.videos[avatar][video_id]
        notes += [f"{name}: could not be used, and was taken away; it is forgotten" for name in gone.values()]
    return notes


def _is_at_fault(snapshot: FleetSnapshot, row: Mapping[str, Any]) -> bool:
    """Whether a video could not be used for what it is, and not for something that may pass."""
    return any(
        unit.state == "failed" and unit.record is not None and is_input_fault(unit.record.error or "")
        for unit in snapshot.track(row)
    )
