"""`tango status` of thousands of avatars: all in a line each, every unit that is not done, and one avatar.

The catalog is made in bulk (`made_catalog`): of every twenty avatars one failed, one is stale, one was only entered and
one was cut off. Timed is the command's own work with what it prints, in a process that has imported what it needs; what
the imports take stands apart.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.printing import heading, median_seconds, table

_LIMITS = {"all": 1.0, "every unit that is not done": 10.0, "one avatar": 0.3}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--avatars", type=int, default=2000)
    parser.add_argument("--clips", type=int, default=500, help="of each avatar")
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    heading("Status of thousands of avatars", __doc__, "status")
    from typer.testing import CliRunner

    from benchmarks.made_catalog import make_catalog
    from data_catalog import Catalog
    from flows.command_line.app import app
    from flows.configuration.settings import Settings

    with tempfile.TemporaryDirectory(prefix="tango-benchmark-") as folder:
        place = str(Path(folder, "catalog"))
        start = time.perf_counter()
        make_catalog(Settings(catalog=place), arguments.avatars, arguments.clips)
        took = time.perf_counter() - start
        catalog = Catalog(place)
        clips, units = catalog.table("clips").count(), catalog.table("units").count()

        def command(*options: str) -> str:
            done = CliRunner().invoke(app, ["status", *options, "--catalog", place])
            if done.exit_code:
                raise SystemExit(f"tango status {' '.join(options)} failed:\n{done.output}")
            return done.stdout

        measured = {"all": [], "every unit that is not done": ["--units"], "one avatar": ["avatar00003"]}
        for options in measured.values():
            command(*options)
        seconds = {
            name: _median_seconds(partial(command, *options), arguments.runs) for name, options in measured.items()
        }
        imports = _imports()
    print(f"{arguments.avatars} avatars, {clips} rows of clips, {units} units; made in {took:.0f} s.\n")
    rows = [[name, *(f"{found:.2f}" for found in seconds[name]), f"{_LIMITS[name]:.1f}"] for name in measured]
    table(["status of", f"median of {arguments.runs}, s", "of it on a CPU, s", "wanted at most, s"], rows)
    print(f"Imports of a fresh process: {imports:.1f} s.")


def _median_seconds(work: Callable[[], object], runs: int) -> tuple[float, float]:
    """Wall time, and time of CPUs, which is less where others keep the machine busy."""
    before = time.process_time()
    wall = median_seconds(work, runs)[0]
    return wall, (time.process_time() - before) / runs


def _imports() -> float:
    """Seconds that a process of its own needs to start and import what the command does."""
    start = time.perf_counter()
    code = "import flows.command_line.overview, flows.fleet.summary, flows.status"
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
