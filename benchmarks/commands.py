"""Running `tango` as a user does, in a process of its own, and reading in its ledger what that took."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SAME_PRIORITY = {"RAY_worker_niceness": "0"}
"""Ray starts its workers at a lower priority (15). This is for what is compared with processes of a usual one, and for
nothing else: what a user waits for is measured as a user runs it."""
_TRIVIAL_FLOW = """
from flows.server import environment
environment.prepare()
from prefect import flow
flow(name="trivial")(lambda: 1)()
"""


@dataclass(frozen=True)
class StageTime:
    """What the ledger says of one stage.

    Attributes:
        seconds: in the workers, all units together.
        wall: from the start of the first unit to the end of the last.
        began, ended: epoch seconds of the first unit's start and the last one's end.
    """

    stage: str
    units: int
    seconds: float
    began: float
    ended: float

    @property
    def wall(self) -> float:
        return self.ended - self.began


class Workplace:
    """A folder for one benchmark, with a Prefect database of its own, so that no history of other runs is measured."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {**os.environ, "PREFECT_HOME": str(folder / "prefect"), "PYTHONUNBUFFERED": "1"}
        # Prefect's own 20 s are not enough for its server to start on a busy machine.
        self.environment["PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS"] = "300"

    def python(self, *arguments: str, watch: Callable[[int], Any] | None = None) -> float:
        """Run this Python with these arguments and return its seconds.

        Args:
            watch: called with the process id as soon as it runs.

        Raises:
            RuntimeError: it failed; the message ends with what it printed.
        """
        log = self.folder / "output.log"
        with log.open("w") as output:
            start = time.perf_counter()
            process = subprocess.Popen(
                [sys.executable, *arguments], cwd=ROOT, env=self.environment, stdout=output, stderr=subprocess.STDOUT
            )
            if watch:
                watch(process.pid)
            code = process.wait()
            seconds = time.perf_counter() - start
        if code:
            raise RuntimeError(f"{' '.join(arguments)} ended with {code}:\n{log.read_text()[-4000:]}")
        return seconds

    def tango(self, *arguments: str | Path, catalog: Path, watch: Callable[[int], Any] | None = None) -> float:
        """Run a `tango` command and return its seconds."""
        return self.python("-m", "flows.command_line.app", *map(str, arguments), "--catalog", str(catalog), watch=watch)

    def trivial_flow(self) -> float:
        """Seconds of a flow that does nothing: the interpreter, Prefect's import and its temporary server."""
        return self.python("-c", _TRIVIAL_FLOW)


@contextmanager
def workplace() -> Iterator[Workplace]:
    """A workplace whose Prefect database is already created, as it is from the second command of a user's on."""
    with tempfile.TemporaryDirectory(prefix="tango-benchmark-", ignore_cleanup_errors=True) as folder:
        place = Workplace(Path(folder))
        place.trivial_flow()
        yield place


def stage_times(catalog: Path) -> list[StageTime]:
    """The stages in a catalog's ledger, in the order in which they began."""
    from data_catalog import Catalog

    spans: dict[str, list[tuple[float, float]]] = {}
    for row in Catalog(catalog).table("units").read(["stage", "unit", "seconds", "produced_at"]).to_pylist():
        ended = row["produced_at"].timestamp()
        spans.setdefault(row["stage"], []).append((ended - row["seconds"], ended))
    stages = [
        StageTime(name, len(s), sum(b - a for a, b in s), min(a for a, _ in s), max(b for _, b in s))
        for name, s in spans.items()
    ]
    return sorted(stages, key=lambda stage: stage.began)
