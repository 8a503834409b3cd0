"""Progress, drawn twice: bars in the terminal (rich) and progress artifacts in Prefect's UI."""

import contextlib
import logging
import re
import threading
import time
from types import TracebackType
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.context import FlowRunContext, TaskRunContext
from prefect.exceptions import MissingContextError
from prefect.logging import get_run_logger
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from data_catalog import Unit
from tasks.runtime.run_stage import Progress

_LOG = logging.getLogger(__name__)
_SECONDS_BETWEEN_UPDATES, _SECONDS_BETWEEN_UNITS = 3.0, 1.0
"""Of an artifact: while a unit goes on, and when one has ended. Of short units many end in a second."""


class FlowProgress(Progress):
    """One bar per (stage, scope). Use as a context manager. Without a terminal only artifacts are drawn. What goes
    wrong with an artifact is logged, and is no matter of the units."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, emoji=False)
        self._bars = Bars(
            TextColumn("[bold]{task.fields[stage]:<18}"),
            TextColumn("{task.fields[scope]:<24.24}"),
            BarColumn(bar_width=28),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("[dim]{task.fields[note]}"),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._tasks: dict[tuple[str, str], TaskID] = {}
        self._artifacts: dict[str, UUID] = {}
        self._creating: set[str] = set()
        self._withheld: dict[str, tuple[str, float]] = {}  # what came too early to be shown
        self._updated: dict[str, float] = {}
        self._lock = threading.Lock()
        self._whole: TaskID | None = None
        self._began = time.monotonic()
        self._log: logging.Logger | logging.LoggerAdapter = _LOG

    def __enter__(self) -> "FlowProgress":
        with contextlib.suppress(MissingContextError):
            self._log = get_run_logger()  # which the threads of the pools, that have no context, use as well
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()
        if error is None:  # whoever is interrupted waits for no server
            for stage in list(self._withheld):
                self._show_withheld(stage)

    def overall(self, done: int, total: int) -> None:
        """Videos that are through, well or not, of all of this run; from inside the flow run."""
        now = time.monotonic()
        left = ""
        if done and done < total:
            left = f", about {_duration((now - self._began) / done * (total - done))} left"
        text = f"{done} of {total} videos{left}"
        with self._lock:
            if self._whole is None:
                self._whole = self._bars.add_task("", total=total, stage="[bold]all[/bold]", scope="", note="")
            self._bars.update(self._whole, completed=done, total=total, note=text)
        self._publish(
            "overall", text, 100.0 * done / max(total, 1), every=0.0 if done in (0, total) else _SECONDS_BETWEEN_UPDATES
        )

    def stage(self, stage: str, scope: str, done: int, total: int) -> None:
        with self._lock:
            task = self._tasks.get((stage, scope))
            if task is None:
                task = self._bars.add_task("", total=total, stage=stage, scope=scope, note="")
                self._tasks[stage, scope] = task
            self._bars.update(task, completed=done, total=total, note="")
        self._publish(stage, f"{stage} {scope}", 100.0 * done / max(total, 1), every=_SECONDS_BETWEEN_UNITS)
        self._show_overdue()

    def others(self, stage: str, scope: str, count: int) -> None:
        with self._lock:
            if (task := self._tasks.get((stage, scope))) is not None:
                self._bars.update(task, note=f"another run is at {count} of them")

    def waits(self, stage: str, why: str) -> None:
        self._log.warning("%s %s", stage, why)
        self._bars.console.print(f"{stage} {why}", markup=False, highlight=False, soft_wrap=True)

    def unit(self, unit: Unit, done: int, total: int) -> None:
        if not total:
            return
        share = done / total
        with self._lock:
            for (stage, _), task in self._tasks.items():
                if stage == unit.stage:
                    self._bars.update(task, note=f"{unit.subject} {share:.0%}")
        self._publish(unit.stage, f"{unit.stage} {unit.subject}", 100.0 * share, every=_SECONDS_BETWEEN_UPDATES)
        self._show_overdue()

    def _show_overdue(self) -> None:
        """What was withheld, and is the newest for a while now."""
        now = time.monotonic()
        for stage in [s for s in list(self._withheld) if now - self._updated[s] >= _SECONDS_BETWEEN_UNITS]:
            self._show_withheld(stage)

    def _show_withheld(self, stage: str) -> None:
        with self._lock:
            found = self._withheld.pop(stage, None)
        if found:
            self._publish(stage, *found, every=0.0)

    def _publish(self, stage: str, description: str, percent: float, *, every: float) -> None:
        """Create or move the stage's progress artifact. Only calls from inside a task run can create one.

        Args:
            every: seconds between two; what comes earlier is withheld.
        """
        now, in_a_run = time.monotonic(), bool(FlowRunContext.get() or TaskRunContext.get())
        with self._lock:
            known = self._artifacts.get(stage)
            creating = stage in self._creating
            if known is None and not (in_a_run or creating):
                return
            if creating or (known is not None and now - self._updated[stage] < every):
                self._withheld[stage] = (description, percent)
                return
            self._withheld.pop(stage, None)
            self._updated[stage] = now
            if known is None:
                self._creating.add(stage)
        try:  # without the lock: the server may be slow, or away
            if known is not None:
                update_progress_artifact(known, percent, description=description)
                return
            key = re.sub(r"[^a-z0-9]+", "-", f"progress-{stage}".lower())
            artifact = create_progress_artifact(percent, key=key, description=description)
            assert isinstance(artifact, UUID)  # a coroutine only where an event loop runs
            self._artifacts[stage] = artifact
        except Exception as error:
            self._log.info("the progress of %s could not be shown: %s: %s", stage, type(error).__name__, error)
        finally:
            if known is None:
                self._creating.discard(stage)


def _duration(seconds: float) -> str:
    minutes, hours = round(seconds / 60), seconds / 3600
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 120 else f"{hours:.1f} h"
