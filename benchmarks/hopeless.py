"""What a hopeless command costs before it says in a line what is the matter: a file that is not there, a name that is
not allowed, a cluster that nobody answers for, … (`tests/hopeless.py`; a test holds what each says).

Each in a process of its own, the time of whose CPUs stands beside the wall time: that is what it takes where nobody
else is at work.
"""

import argparse
import http.server
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from benchmarks.printing import heading, table
from tests.hopeless import HOPELESS, Hopeless, make_files

_LIMIT, _PATIENCE = 5.0, 120.0
_SHOWN = 12


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="parts of the names of those to try; all")
    given = parser.parse_args()
    heading("Hopeless commands", __doc__, "hopeless")
    wanted = [name for name in HOPELESS if not given.names or any(part in name for part in given.names)]
    with tempfile.TemporaryDirectory(prefix="tango-benchmark-") as place, _other_program() as other:
        folder = Path(place)
        make_files(folder)
        found = {}
        for name in wanted:
            found[name] = wall, cpu, code, lines = _try(HOPELESS[name].at(other.server_port), folder)
            print(f"{name}: {wall:.1f} s, on CPUs {cpu:.1f} s, exit code {code}, lines {lines}", file=sys.stderr)
        other.shutdown()
    slowest = sorted(found.items(), key=lambda pair: -pair[1][0])[:_SHOWN]
    table(
        ["slowest", "wall, s", "on CPUs, s", "exit code", "lines"],
        [[name, f"{wall:.1f}", f"{cpu:.1f}", str(code), str(lines)] for name, (wall, cpu, code, lines) in slowest],
    )
    walls, cpus = ([figures[k] for figures in found.values()] for k in (0, 1))
    well = sum(code == 1 and lines == 1 for _, _, code, lines in found.values())
    soon = f"{sum(wall <= _LIMIT for wall in walls)} within {_LIMIT:.0f} s"
    print(
        f"{len(found)} commands, {well} with exit code 1 and one line, {soon}; "
        f"median {statistics.median(walls):.1f} s, on CPUs {statistics.median(cpus):.1f} s, {max(cpus):.1f} s at most."
    )


def _other_program() -> http.server.ThreadingHTTPServer:
    """A program that has a port and is none of Prefect's or Ray's."""

    class Silent(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Silent)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def _try(command: Hopeless, folder: Path) -> tuple[float, float, int, int]:
    """Wall time, time on CPUs, exit code and lines of what it says is at fault, those that list what it passed over not
    counted."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "TANGO_"))}
    path = os.pathsep.join([str(Path(__file__).parents[1]), *filter(None, sys.path)])
    variables |= {"PYTHONPATH": path, "HOME": str(folder), **command.environment}
    before, start = _on_cpus(), time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "flows.command_line.start", *command.arguments],
        cwd=folder, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        said = process.communicate(timeout=_PATIENCE)[1]
    except subprocess.TimeoutExpired:
        process.terminate()
        said = process.communicate()[1]
    lines = [line for line in said.splitlines() if line.strip() and not line.startswith("  ")]
    return time.perf_counter() - start, _on_cpus() - before, process.returncode, len(lines)


def _on_cpus() -> float:
    """Seconds that processes which this one has ended were on CPUs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
