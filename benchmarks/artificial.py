"""Stages that only wait, or only write: what is left of a run is the fleet's own machinery.

`python -m benchmarks.artificial SECONDS FRAMES ROWS preprocess FOLDER ...` is `tango` whose workers do each unit of the
onboarding by waiting so many seconds; every video is said to have so many frames, and with ROWS of 1 the rows that
their stage would write are written, of their full size. Ledger, leases, Prefect, Ray and Lance are the real ones.
"""

import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import made_rows
from benchmarks.commands import Workplace
from data_catalog import Unit
from tasks.runtime.cluster import workers
from tasks.runtime.cluster.workers import Outcome, StageWorker
from tasks.runtime.stage import RowWriter


class ArtificialWorker(StageWorker):
    """A worker without a model."""

    SECONDS, FRAMES, ROWS = 0.0, 60, False

    def warm(self) -> None:
        self._ready = True  # there is nothing to load

    def process(self, unit: Unit) -> Outcome:
        began = time.monotonic()
        time.sleep(self.SECONDS)
        begin = partial(self._catalog.begin, unit)
        out = RowWriter(self._catalog, unit.stage, unit.provenance(self._run_id), self._note, begin=begin)
        for table, rows in made_rows.rows_of(unit, self.FRAMES, everything=self.ROWS):
            out.write(rows, table=table)
        out.flush()
        # A unit that writes no rows counts as one whose content is its key.
        fields = dict.fromkeys(made_rows.groups_of(unit.stage), unit.key) | out.hashes()
        seconds = time.monotonic() - began
        self._catalog.finish(unit, n_rows=out.n_rows, run_id=self._run_id, seconds=seconds, fields=fields)
        return Outcome(unit.key, unit.subject, True, n_rows=out.n_rows, seconds=seconds)


def make_dataset(folder: Path, count: int, video: Path) -> None:
    """<folder>/<avatar>/talk.mp4, of one video each, all different: a box that no player looks into ends each."""
    content = video.read_bytes()
    for index in range(count):
        path = folder / f"a{index:04}" / "talk.mp4"
        path.parent.mkdir(parents=True)
        path.write_bytes(content + (12).to_bytes(4, "big") + b"free" + index.to_bytes(4, "big"))


def preprocess(
    place: Workplace,
    dataset: Path,
    catalog: Path,
    *,
    seconds: float = 0.0,
    frames: int = 60,
    rows: bool = False,
    **more: Any,
) -> float:
    """Seconds of the command over a folder of avatars; `more` as `Workplace.python`."""
    stages = [f"{seconds:g}", str(frames), str(int(rows))]
    command = ["preprocess", str(dataset), "--catalog", str(catalog)]
    return place.python("-m", "benchmarks.artificial", *stages, *command, **more)


def _tango() -> None:
    seconds, frames, rows = float(sys.argv.pop(1)), int(sys.argv.pop(1)), bool(int(sys.argv.pop(1)))
    told = {"SECONDS": seconds, "FRAMES": frames, "ROWS": rows}
    # A class of this program goes to the workers by value, with what they are told.
    workers.StageWorker = type("Waiting", (ArtificialWorker,), told)  # type: ignore[misc, assignment]
    from flows.command_line.app import app

    app()


if __name__ == "__main__":
    _tango()
