"""An avatar and a speech become a video of the avatar gesturing to it, with a motion file and a report beside it."""

from pathlib import Path
from typing import Any

import numpy as np
from prefect import flow
from prefect.artifacts import create_image_artifact, create_link_artifact
from prefect.runtime import deployment, flow_run
from prefect.task_runners import ThreadPoolTaskRunner
from pydantic import BaseModel

from data_catalog import Catalog, check_avatar_name
from data_catalog.keys import equals
from data_catalog.upkeep.eviction import evict
from data_catalog.upkeep.speeches import evict_speeches
from data_catalog.uris.places import file_name, is_remote
from flows.configuration.defaults import SCORER
from flows.configuration.settings import Settings
from flows.intake.paths import check_place, source_place
from flows.intake.requests import check_reenactment
from flows.intake.videos import check_speech
from flows.outcome import FlowReport, conclude, tidy
from flows.progress import FlowProgress
from flows.stage_runs import StageRuns
from flows.takes import LOOKS, best_take, jumps_that_pop, replaced
from flows.tracks import edges_out_of_date, not_shown, out_of_date, scopes, submit
from tango_models.lips.plugs import MATCH
from tango_models.motion_graph.scoring.scorers import create_scorer
from tasks.rendering.output import render_key
from tasks.runtime.cluster.pools import Pools
from tasks.views.motion_graph import SeenJumps, path_key
from tasks.views.paths.lips import lip_figures

_HARDLY_SPOKEN = 0.2  # of the frames: music, noise, or a microphone that was off


class Reenactment(BaseModel):
    """What `reenact` made: the video, its motion file and its report, and what the stages did."""

    video: str
    motion: str
    report_page: str
    report: FlowReport


@flow(
    name="reenact",
    flow_run_name="{avatar} to {speech}",
    task_runner=ThreadPoolTaskRunner(max_workers=4),  # type: ignore[arg-type]
    persist_result=False,
)
def reenact(
    avatar: str,
    speech: str,
    out: str,
    scorer: str = SCORER,
    interpolator: str = "auto",
    seed: int = 0,
    settings: Settings | None = None,
    lips: str = "match",
    tag: str | None = None,
    scene: str | None = None,
) -> Reenactment:
    """Render an avatar to a speech.

    Args:
        avatar: a name that was onboarded.
        speech: path or URI of an audio or video file with speech; whole, as all paths, in a deployment.
        out: path or URI of the mp4 to write; `<out>.motion.npz` and `<out>.report.html` go beside it.
        scorer: `aumoclip`, `prosody`, a weighted sum such as `0.7*aumoclip+0.3*prosody`, or `random` to compare with.
        interpolator: by name; see `tango reenact --help`.
        seed: other seeds give other good paths; the same seed the same frames.
        lips: `match`: they follow the speech, by mouths from the footage; `off`: as in the footage; `plug:NAME`: made
            by a package that is installed, see `tango_models/lips/plugs.py`.
        tag: show the avatar as it was at that tag of the catalog, whatever was onboarded since.
        scene: show only the videos of which this scene was said when they were onboarded; None: all.

    Raises:
        InputError: unreadable speech, an output that cannot be written or is what it would be made of, a relative
            path in a deployment, more CPUs or GPUs asked for than there are.
        FlowIncomplete: a stage failed; running it again does only what is missing.
    """
    settings, deployed = settings or Settings(), deployment.id is not None
    check_place("catalog", settings.catalog, deployed=deployed)
    source, target = source_place(speech, deployed=deployed), source_place(out, deployed=deployed, written=True)
    avatar = check_avatar_name(avatar)
    check_speech(source, settings.storage_options, max_seconds=settings.stages.analyse_speech.max_seconds)
    tracks, speech_id = check_reenactment(avatar, source, target, scorer, interpolator, settings, lips, tag, scene)
    catalog, configs = Catalog(settings.catalog, settings.storage_options, tag), settings.stage_configs()
    spoken = {"speech_id": speech_id, "speech_uri": source}
    wanted = {"avatar": avatar, "tracks": tracks, "speech_id": speech_id, "scorer": scorer, "seed": seed}
    shown = {"avatar": avatar, "interpolator": interpolator, "out": target, "lips": lips} | spoken
    embeds = create_scorer(scorer).embeds

    def path_of(seen: SeenJumps) -> str:
        return path_key(tracks, speech_id, scorer, seed, tag or "", seen)

    report = FlowReport(
        subject=f"{avatar} to {file_name(source)}", notes=not_shown(catalog, avatar, tracks, configs, scene)
    )
    with (
        Pools(catalog, str(flow_run.id), configs, settings.cluster) as pools,
        FlowProgress() as progress,
    ):
        pools.leases.keep("analyse_speech", speech_id)
        # Somebody asked for this video and waits for it: what failed before is always tried again.
        runs = StageRuns(pools, progress, settings, insists=True)
        if not tag:  # what a tag holds was looked at above, and stays as it is
            said, report.refused = bring_up_to_date(runs, catalog, avatar, tracks, configs, embeds)
            report.notes += said
        if lips == MATCH and not report.refused:
            detect_mouths(runs, catalog, avatar, tracks)

        def run(**stages: dict) -> bool:
            """Stages that do not read each other, beside each other; whether all went well."""
            done = runs.run_beside(stages, file_name(target))
            for blocked in filter(None, (summary.blocked for summary in done)):
                remedy = "tag anew" if tag else f"run `tango onboard {avatar}` with its videos again"
                report.refused.append(f"{blocked}; {remedy}")
            return all(summary.ok for summary in done)

        def make(seen: SeenJumps) -> bool:
            """A path and its seams; the lips, too, of the first one."""
            beside = {} if seen else lips_to(seen)  # most first takes are shown
            return run(retrieve_path=wanted | {"tag": tag or "", "seen": seen}) and run(
                **beside, interpolate_seams=shown | {"path_id": path_of(seen)}
            )

        def lips_to(seen: SeenJumps) -> dict[str, dict]:
            return {"match_lips": {"path_id": path_of(seen), "tracks": tracks}} if lips == MATCH else {}

        def pops(seen: SeenJumps) -> SeenJumps:
            return jumps_that_pop(catalog, path_of(seen), settings) if interpolator == LOOKS else []

        takes = None
        if not report.refused and run(analyse_speech=spoken) and (not embeds or run(embed_speech=spoken)):
            takes = best_take(make, pops)
        path_id = path_of(takes[1].seen if takes else [])
        if takes and (takes[0] is takes[1] or run(**lips_to(takes[1].seen))):
            run(render_video=shown | {"path_id": path_id})
            report.notes += replaced(*takes)
        report.stages = runs.summaries()
    render_id = render_key(path_id, interpolator, target, lips)
    if not report.failed:
        report.notes += sound_notes(catalog, speech_id)
        report.notes += lip_figures(catalog, path_id)[1] if lips == MATCH else []
        report.notes += drop_old_seams(catalog, render_id, settings.transitions_mb)
        report.notes += drop_old_speeches(catalog, speech_id, settings.speech_mb)
    tidy(Catalog(settings.catalog, settings.storage_options), report)
    conclude(report, catalog, max_failed_share=0.0)
    row = catalog.table("renders").read(where=equals(render_id=render_id))
    made = row.to_pylist()[0]
    name = file_name(target)
    create_link_artifact(_link(made["report_uri"]), key="report", link_text=f"Report of {name}")
    create_link_artifact(_link(made["uri"]), key="video", link_text=name)
    if made["poster"]:
        create_image_artifact(made["poster"], key="seams", description=f"Seams of {name}")
    return Reenactment(video=made["uri"], motion=made["motion_uri"], report_page=made["report_uri"], report=report)


def _link(place: str) -> str:
    return place if is_remote(place) else Path(place).as_uri()


def bring_up_to_date(
    runs: StageRuns,
    catalog: Catalog,
    avatar: str,
    tracks: list[str],
    configs: dict[str, dict[str, Any]],
    embedded: bool,
) -> tuple[list[str], list[str]]:
    """Redo what of an avatar is of an older version. A render never shows a mixture of two, nor the older one.

    Returns:
        a note that it was redone, and of what, where something was; why the avatar cannot be shown, with the command
        to give: nothing when all is in the version that is wanted.
    """
    old = out_of_date(catalog, avatar, tracks, configs, embedded=embedded)
    edges = "" if old else edges_out_of_date(catalog, tracks, configs)
    if not old and not edges:
        return [], []
    by_track = scopes(catalog, avatar)
    for track in old:
        submit(runs, by_track[track])
    if old:
        runs.summaries()
    runs.run("score_edges", avatar, {"tracks": tracks})
    left = out_of_date(catalog, avatar, tracks, configs, embedded=embedded)
    reasons = {by_track[track]["file_name"]: why for track, why in left.items()}
    if not reasons and (why := edges_out_of_date(catalog, tracks, configs)):
        reasons[f"the edges of {avatar}"] = why
    refused = [
        f"{subject}: could not be brought up to date ({why}); run `tango onboard {avatar}` with its video again, "
        f"or `tango forget {avatar}` with the video that is not to be used"
        for subject, why in reasons.items()
    ]
    why, *more = list(dict.fromkeys(filter(None, old.values()))) or [edges or "not done yet"]
    others = f", and {len(more)} more" if more else ""
    return [] if refused else [f"{avatar} was brought up to date first ({why}{others})"], refused


def detect_mouths(runs: StageRuns, catalog: Catalog, avatar: str, tracks: list[str]) -> None:
    """Find the mouths of an avatar's footage, and hear its sound, where they are not known yet."""
    by_track = scopes(catalog, avatar)
    for video_id, track in {by_track[track]["video_id"]: track for track in tracks}.items():
        runs.submit("detect_mouths", by_track[track]["file_name"], {"video_id": video_id})
    runs.summaries()


def sound_notes(catalog: Catalog, speech_id: str) -> list[str]:
    """Notes where one of several sound tracks of the speech file was chosen, and where hardly anybody speaks on it."""
    columns = ["file_name", "track_note", "voice"]
    (row,) = catalog.table("speech").read(columns, where=equals(speech_id=speech_id)).to_pylist()
    spoken = float(np.mean(np.asarray(row["voice"]) >= 0.5))
    resting = f"a voice is heard in only {spoken:.0%} of it: elsewhere the avatar rests"
    said = [row["track_note"], resting if spoken < _HARDLY_SPOKEN else ""]
    return [f"{row['file_name']}: {note}" for note in said if note]


def drop_old_seams(catalog: Catalog, render_id: str, limit_mb: int) -> list[str]:
    """Keep the seams of all renders within `limit_mb` MB: those longest out of use go, but none of this render.

    Returns:
        a note where this render alone needs more.
    """
    made = catalog.record("render_video", render_id)
    assert made is not None
    left = evict(catalog, "transitions", limit=limit_mb * 10**6, keep=made.upstream.get("interpolate_seams", [])).left
    if left <= limit_mb * 10**6:
        return []
    return [f"the seams of {made.subject} take {left / 10**6:.0f} MB, more than transitions_mb = {limit_mb} allows"]


def drop_old_speeches(catalog: Catalog, speech_id: str, limit_mb: int) -> list[str]:
    """Keep what was made of speeches within `limit_mb` MB: those longest out of use go, but not this one, nor one that
    another run uses.

    Returns:
        a note where these need more.
    """
    left = evict_speeches(catalog, limit=limit_mb * 10**6, keep=[speech_id]).left
    if left <= limit_mb * 10**6:
        return []
    return [f"the speeches in use take {left / 10**6:.0f} MB, more than speech_mb = {limit_mb} allows"]
