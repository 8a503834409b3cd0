"""What the commands do: settings, the flow, and what is printed. Exit code 0 only when everything asked for is done."""

import io
import json as jsonlib
import os
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from flows.command_line.interrupts import interruptible
from flows.server import environment
from flows.server.local_server import ready, server

if TYPE_CHECKING:
    from flows.configuration.settings import Settings
    from flows.failures import FailedUnit
    from flows.server.worker import Work

_HERE, _ON_A_CLUSTER = 2, 16
"""Runs at a time: each has a Ray of its own, with workers for all of this machine's CPUs, or its own of a cluster."""
_METRICS_PORT = 9464
"""Which exporters for Prometheus usually take."""
CONSOLE = Console(highlight=False, emoji=False)
ERRORS = Console(stderr=True, highlight=False, emoji=False)


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


def serve(port: int | None, home: str | None, catalog: str | None) -> None:
    with reported("serve"):
        from flows.server import serving

        settings = read_settings(catalog, home)
        given, folder = _work_and_home(settings)
        serving.serve(port=port, work=given, home=folder)


def work(home: str | None, catalog: str | None) -> None:
    with reported("work"):
        from flows.server import working

        settings = read_settings(catalog, home)
        given, folder = _work_and_home(settings)
        working.work(given, home=folder)


def metrics(port: int | None, catalog: str | None, *, new: bool) -> None:
    with reported("metrics"), environment.quiet():
        from flows.fleet.figures import fleet_figures
        from flows.intake.catalogs import existing_catalog
        from flows.server.metrics import FleetCollector, listening

        settings = read_settings(catalog)
        if not new:
            existing_catalog(settings)
        given = settings.metrics
        collector = FleetCollector(lambda: fleet_figures(settings), seconds=given.seconds, say=_say)
        with listening(collector, host=given.host, port=port or given.port or _METRICS_PORT) as bound:
            _say(f"http://{given.host}:{bound}/metrics   catalog {settings.catalog}   Ctrl-C ends it")
            threading.Event().wait()


def _say(line: str) -> None:
    ERRORS.print(line, soft_wrap=True, markup=False)


def _work_and_home(settings: "Settings") -> "tuple[Work, Path]":
    """What a worker does for a catalog that can be written to, and the folder of Prefect's that goes with it."""
    from data_catalog import Catalog
    from flows.configuration.setting_paths import whole_paths
    from flows.server.worker import Work

    where = Catalog(settings.catalog, settings.storage_options)
    where.check()
    at_a_time = settings.runs_at_a_time or (_ON_A_CLUSTER if settings.cluster.address else _HERE)
    given = settings.metrics
    work = Work(
        where.uri,
        pool=settings.pool,
        at_a_time=at_a_time,
        variables=whole_paths(settings),
        metrics=(given.host, given.port) if given.port else None,
    )
    return work, prefect_home(settings)


def synth(out: Path, text: str | None, *, identity: str, seed: int, voice: str, size: int) -> None:
    with reported("synth"):
        from rich.progress import Progress

        from flows.intake.paths import local_path
        from tango_models.synthetic.build_assets import SPEAKER_TEXT
        from tango_models.synthetic.speaker import synthesize

        with Progress(console=ERRORS, disable=not ERRORS.is_terminal) as bars:
            bar = bars.add_task("frames")
            synthesize(
                text or SPEAKER_TEXT,
                local_path(out, written=True),
                identity=identity,
                seed=seed,
                voice=voice,
                size=size,
                progress=lambda done, total: bars.update(bar, completed=done, total=total),
            )
        CONSOLE.print(f"  video  {out}\n motion  {out.with_suffix('.npz')}", soft_wrap=True)


def read_settings(catalog: str | None, home: str | None = None) -> "Settings":
    """The settings, with what the command line says over them."""
    from flows.configuration.settings import load_settings
    from tango_models.errors import InputError

    given: dict[str, Any] = {"catalog": catalog, "home": home}
    settings = load_settings(**{name: value for name, value in given.items() if value is not None})
    if os.path.isfile(settings.catalog):
        raise InputError(settings.catalog, "is a file", "name a folder or a URI for the catalog")
    return settings


def prefect_home(settings: "Settings") -> Path:
    """The folder of Prefect's database."""
    from data_catalog import Catalog
    from flows.intake.paths import local_path
    from flows.server.home import home_of
    from tango_models.errors import InputError

    try:
        given = str(local_path(settings.home)) if settings.home else None
    except InputError as error:
        remedy = "name a folder on this machine with --home or TANGO_HOME"
        raise InputError(f"home = {error.subject}", error.fault, remedy) from None
    return home_of(Catalog(settings.catalog).uri, given)


@contextmanager
def reported(command: str) -> Iterator[None]:
    """Faults in one line that says what to do, failed units as a list; the trace of what nobody foresaw is kept."""
    _never_fail_to_print()
    with interruptible():
        environment.prepare()
        environment.quiet_console()
        try:
            yield
        except typer.Exit:
            raise
        except Exception as error:
            report = getattr(error, "report", None)  # of a run of which something failed
            for note in report.notes if report else ():
                ERRORS.print(note, soft_wrap=True, markup=False)
            _fail(_told(error, command))


def _told(error: Exception, command: str) -> str:
    from flows.traces import described
    from tasks.runtime.cluster.native_libraries import missing_library

    if type(error).__name__ == "FlowIncomplete":  # whose module takes long to import
        return str(error)
    if isinstance(error, ImportError) and (fault := missing_library(error)):
        return str(fault)
    if isinstance(error, FileNotFoundError) and not _is_anywhere():
        return "the current folder: is gone, deleted or moved; change to another with `cd` and run the command again"
    return described(error, "the catalog", f"`tango {command}`")


def _is_anywhere() -> bool:
    """Whether the current folder is still there."""
    try:
        os.getcwd()
    except FileNotFoundError:
        return False
    return True


def _never_fail_to_print() -> None:
    """Names that the terminal's encoding, or any, cannot show are shown escaped."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _fail(message: str) -> None:
    ERRORS.print(f"[bold red]error[/bold red] {escape(message)}", soft_wrap=True)
    raise typer.Exit(1)


def print_failed(units: "Iterable[FailedUnit]") -> None:
    for unit in units:
        CONSOLE.print(f"[red]{unit.stage}[/red] {escape(unit.why)}", soft_wrap=True)
        if unit.trace:
            CONSOLE.print(unit.trace, soft_wrap=True, markup=False)


def print_report(report) -> None:
    for note in report.notes:
        CONSOLE.print(note, soft_wrap=True, markup=False)
    CONSOLE.print(
        f"{report.subject}: {report.computed} units computed, {report.rows} rows written, nothing failed.",
        soft_wrap=True,
        markup=False,
    )


def _print_made(made) -> None:
    for note in made.report.notes:
        CONSOLE.print(note, soft_wrap=True, markup=False)
    for label, path in (("video", made.video), ("report", made.report_page), ("motion", made.motion)):
        shown = os.path.relpath(path) if sys.stdout.isatty() and os.path.isabs(path) else path
        CONSOLE.print(f"{label:>7}  {shown}", soft_wrap=True, markup=False)
