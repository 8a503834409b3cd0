"""From *Run* in the UI to a run that runs: `tango serve`, and runs of `onboard-avatar` submitted through its API, one
after the other, each of a video that the catalog has by then."""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks import footage
from benchmarks.printing import heading, table
from tests.flows.server.served import Served, serving, until

_NAME = "onboard-avatar/onboard-avatar"
_WANTED = 10.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    heading("Submitted to running", __doc__, "submit")
    # A short name: Ray's sockets lie in it.
    sockets = tempfile.TemporaryDirectory(prefix="submit-", dir="/tmp", ignore_cleanup_errors=True)
    folder = tempfile.TemporaryDirectory(prefix="tango-benchmark-", ignore_cleanup_errors=True)
    with sockets as ray, folder as place:
        video = footage.make_video([footage.synthetic_speaker()], Path(place, "talk.mp4"), 2.0)
        began = time.perf_counter()
        with serving(Path(place, "catalog"), RAY_TMPDIR=ray) as served:
            ready = time.perf_counter() - began
            first = _seconds(served, video)
            later = [_seconds(served, video) for _ in range(given.runs)]
    print(f"`tango serve` was ready after {ready:.1f} s.\n")
    rows = [["the first run, which computes", f"{first[0]:.1f}", f"{first[1]:.1f}", f"{_WANTED:g}"]]
    running, ended = ([row[k] for row in later] for k in (0, 1))
    middle = [statistics.median(running), statistics.median(ended)]
    rows.append([f"median of {given.runs} more", *(f"{value:.1f}" for value in middle), f"{_WANTED:g}"])
    rows.append(["the slowest of them", f"{max(running):.1f}", f"{max(ended):.1f}", ""])
    table(["", "submitted to running, s", "to its end, s", "running after, wanted at most, s"], rows)


def _seconds(served: Served, video: Path) -> tuple[float, float]:
    """From the submission to the state Running, and to the end."""
    began = time.perf_counter()
    run = served.submit(_NAME, avatar="ann", videos=[str(video)])["id"]
    until(lambda: served.run(run)["state_type"] not in ("SCHEDULED", "PENDING"), within=300, what="running", every=0.1)
    running = time.perf_counter() - began
    ended = served.ended(run, within=900)
    if ended["state_type"] != "COMPLETED":
        raise SystemExit(f"the run ended {ended['state_type']}: {(ended['state'] or {}).get('message')}")
    return running, time.perf_counter() - began


if __name__ == "__main__":
    main()
