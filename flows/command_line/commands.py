"""What the commands for avatars do: settings, the flow, and what is printed."""

import json as jsonlib
import os
import sys
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from flows.command_line.reporting import CONSOLE, prefect_home, print_failed, print_report, read_settings, reported
from flows.server import environment
from flows.server.local_server import ready, server


def onboard(avatar: str, videos: list[str], motion: str | None, catalog: str | None, scene: str = "") -> None:
    with reported("onboard"):
        from data_catalog import Catalog, check_avatar_name
        from flows.intake.paths import as_typed, source_place
        from flows.intake.videos import check_videos

        avatar = check_avatar_name(avatar)
        paths, motion_path = [source_place(video) for video in videos], source_place(motion) if motion else None
        settings = read_settings(catalog)
        check_videos(videos, settings.storage_options, min_seconds=settings.stages.extract_frames.min_seconds)
        from flows.intake.requests import check_onboarding

        where = Catalog(settings.catalog, settings.storage_options)
        with as_typed(motion):
            check_onboarding(where, avatar, paths, motion_path, settings, scene=scene)
        with server(prefect_home(settings)):
            from flows.onboard_avatar import onboard_avatar

            ready()
            print_report(onboard_avatar(avatar, paths, motion=motion_path, settings=settings, scene=scene))


def reenact(
    avatar: str,
    speech: str,
    out: str,
    scorer: str,
    interpolator: str,
    seed: int,
    catalog: str | None,
    lips: str,
    tag: str | None = None,
    scene: str | None = None,
) -> None:
    with reported("reenact"):
        from data_catalog import check_avatar_name
        from flows.intake.paths import as_typed, source_place
        from flows.intake.videos import check_speech

        avatar = check_avatar_name(avatar)
        source, target = source_place(speech), source_place(out, written=True)
        settings = read_settings(catalog)
        longest = settings.stages.analyse_speech.max_seconds
        check_speech(speech, settings.storage_options, max_seconds=longest)
        from flows.intake.requests import check_reenactment

        with as_typed(speech, out):
            check_reenactment(avatar, source, target, scorer, interpolator, settings, lips, tag, scene)
        with server(prefect_home(settings)):
            from flows.reenact import reenact as flow

            ready()
            made = flow(avatar, source, target, scorer, interpolator, seed, settings, lips, tag, scene)
            _print_made(made)


def preprocess(folder: str, catalog: str | None) -> None:
    with reported("preprocess"):
        from data_catalog import Catalog
        from flows.intake.batch import read_batch
        from flows.intake.paths import as_typed, source_place
        from tasks.runtime.cluster.ray_cluster import check_cluster

        place = source_place(folder)
        settings = read_settings(catalog)
        with as_typed(folder):
            read_batch(place, settings.storage_options)
        check_cluster(settings.cluster)
        Catalog(settings.catalog, settings.storage_options).check()
        with server(prefect_home(settings)):
            from flows.preprocess_dataset import preprocess_dataset

            ready()
            print_report(preprocess_dataset(place, settings=settings))


def demo(out: Path, catalog: str | None) -> None:
    with reported("demo"):
        from flows.intake.paths import local_path
        from tango_models.synthetic.speaker import SPEAKER_VIDEO, SPEECH
        from tasks.runtime.cluster.ray_cluster import check_cluster

        local_path(out, written=True).mkdir(parents=True, exist_ok=True)
        settings = read_settings(catalog or str(out / "catalog"))
        check_cluster(settings.cluster)
        with server(prefect_home(settings)):
            from flows.onboard_avatar import onboard_avatar
            from flows.reenact import reenact as flow

            ready()
            onboard_avatar("synthetic", [str(SPEAKER_VIDEO)], settings=settings)
            _print_made(flow("synthetic", str(SPEECH), str(out / "synthetic.mp4"), settings=settings))


def status(avatar: str | None, *, as_json: bool, trace: bool, catalog: str | None) -> None:
    with reported("status"), environment.quiet():
        from flows.status import catalog_status

        found = catalog_status(read_settings(catalog), avatar)
        if as_json:
            print(jsonlib.dumps([entry.model_dump() for entry in found], indent=2))
            return
        if not found:
            CONSOLE.print("The catalog is empty; `tango onboard AVATAR VIDEO...` fills it.")
        for entry in found:
            table = Table(title=entry.avatar, title_justify="left", show_edge=False)
            for name in ("stage", "ok", "stale", "pending", "failed", "waiting", "running", "rows"):
                table.add_column(name, justify="left" if name == "stage" else "right")
            for stage in entry.stages:
                counts = (stage.ok, stage.stale, stage.pending, stage.failed, stage.waiting, stage.running, stage.rows)
                table.add_row(stage.stage, *(str(count) if count else "·" for count in counts))
            CONSOLE.print(table)
            for stage in entry.stages:
                for why in stage.reasons:
                    CONSOLE.print(f"  [yellow]{stage.stage}[/yellow] stale: {escape(why)}", soft_wrap=True)
                for why in stage.waits:
                    CONSOLE.print(f"  [cyan]{stage.stage}[/cyan] {escape(why)}", soft_wrap=True)
                for error in stage.errors:
                    CONSOLE.print(f"  [red]{stage.stage}[/red] {escape(error)}", soft_wrap=True)
            if trace:
                print_failed(entry.failed_units)


def _print_made(made) -> None:
    for note in made.report.notes:
        CONSOLE.print(note, soft_wrap=True, markup=False)
    for label, path in (("video", made.video), ("report", made.report_page), ("motion", made.motion)):
        shown = os.path.relpath(path) if sys.stdout.isatty() and os.path.isabs(path) else path
        CONSOLE.print(f"{label:>7}  {shown}", soft_wrap=True, markup=False)
