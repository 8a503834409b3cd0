"""What the commands have in common: settings, the consoles, and how faults and results are said. Exit code 0 only when
everything asked for is done."""

import io
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.markup import escape

from flows.command_line.interrupts import interruptible
from flows.server import environment

if TYPE_CHECKING:
    from flows.configuration.settings import Settings
    from flows.failures import FailedUnit

CONSOLE = Console(highlight=False, emoji=False)
ERRORS = Console(stderr=True, highlight=False, emoji=False)


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
