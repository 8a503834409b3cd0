"""Avatars are brought up to date, all in one run with one set of workers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from prefect.runtime import deployment, flow_run

from data_catalog import Catalog
from flows.fleet.pipeline import Track, in_work, run_tracks
from flows.intake.entering import add_videos
from flows.intake.notes import notes_about
from flows.outcome import FlowReport, conclude, tidy
from flows.progress import FlowProgress
from flows.settings import Settings
from flows.stage_runs import StageRuns
from flows.tracks import current_tracks, edges_out_of_date, made_tracks, out_of_date, scopes
from tasks.runtime.cluster import Pools


@dataclass(frozen=True)
class Request:
    """What is wanted of an avatar.

    Attributes:
        videos: paths to add; motion: that goes with the only one.
        again: also the tracks that never were made, from where they were last seen.
    """

    avatar: str
    videos: Sequence[str] = field(default_factory=list)
    motion: str | None = None
    again: bool = False


def onboard_all(
    subject: str, requests: Sequence[Request], settings: Settings, report: FlowReport | None = None
) -> FlowReport:
    """Add the videos of avatars and bring every stage up to date; inside a flow run. What fails of one does not stop
    the others.

    Args:
        subject: what a person calls the run.
        report: with what was refused, and noted, before.

    Raises:
        InputError: more CPUs or GPUs are asked for than the cluster has.
        FlowIncomplete: more than `max_failed_share` of the units failed.
    """
    catalog, configs = Catalog(settings.catalog, settings.storage_options), settings.stage_configs()
    report = report or FlowReport(subject=subject)
    given: dict[str, list[dict]] = {}
    tracks: list[Track] = []
    idle: list[str] = []
    for request in requests:
        avatar = request.avatar
        added = given[avatar] = add_videos(
            catalog, avatar, list(request.videos), request.motion, report,
            run_id=str(flow_run.id), deployed=deployment.id is not None,
        )  # fmt: skip
        wanted = _wanted(catalog, request, added, configs)
        ready = current_tracks(catalog, avatar, configs)
        if not wanted and not edges_out_of_date(catalog, ready, configs):
            continue
        if not wanted:
            idle.append(avatar)
        alone = len(requests) == 1
        tracks += [
            Track(avatar, s["file_name"] if alone else f"{avatar} / {s['file_name']}", s, _size(s["uri"]))
            for s in wanted
        ]
    if tracks or idle:
        with (
            Pools(catalog, str(flow_run.id), configs, settings.cluster) as pools,
            FlowProgress() as progress,
        ):
            runs = StageRuns(pools, progress, settings)

            def score(avatar: str) -> None:
                if ready := current_tracks(catalog, avatar, configs):
                    runs.submit("score_edges", avatar, {"tracks": ready})

            run_tracks(runs, tracks, at_a_time=in_work(pools.cpus()), also=idle, finish=score)
            report.stages = runs.summaries()
    for avatar, added in given.items():
        report.notes += notes_about(catalog, avatar, added) if added else []
    tidy(catalog, report)
    return conclude(report, max_failed_share=settings.max_failed_share)


def _wanted(catalog: Catalog, request: Request, added: list[dict], configs: dict) -> list[dict]:
    """The scopes of the tracks that are not in the version that is wanted: of those that were added, and of the others
    that were made before (or, when it is to be tried again, of all)."""
    by_track = {scope["track"]: scope for scope in added}
    others = scopes(catalog, request.avatar)
    known = list(others) if request.again else made_tracks(catalog, request.avatar, configs)
    for track in known:
        by_track.setdefault(track, others[track])
    old = out_of_date(catalog, request.avatar, list(by_track), configs)
    return [by_track[track] for track in by_track if track in old]


def _size(uri: str) -> int:
    try:
        return Path(uri).stat().st_size
    except OSError:
        return 0
