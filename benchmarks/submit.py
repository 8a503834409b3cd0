"""From *Run* in the UI to a run that runs: `tango serve`, and runs of `onboard-avatar` submitted through its API, one
after the other. Their video does not exist, which each of them says, so that nothing is computed beside the next."""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

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
        began = time.perf_counter()
        with serving(Path(place, "catalog"), RAY_TMPDIR=ray) as served:
            ready = time.perf_counter() - began
            found = [_seconds(served, Path(place, "talk.mp4")) for _ in range(given.runs)]
    print(f"`tango serve` was ready after {ready:.1f} s.\n")
    rows = []
    for name, of in (("the first run", found[:1]), (f"median of {given.runs}", found), ("the slowest", found)):
        chosen = max if name == "the slowest" else statistics.median
        running, ended = (chosen(seconds[k] for seconds in of) for k in (0, 1))
        rows.append([name, f"{running:.1f}", f"{_WANTED:g}", f"{ended:.1f}"])
    table(["", "submitted to running, s", "wanted at most", "to its end, s"], rows)


def _seconds(served: Served, video: Path) -> tuple[float, float]:
    """From the submission to the state Running, and to the end."""
    began = time.perf_counter()
    run = served.submit(_NAME, avatar="ann", videos=[str(video)])["id"]
    until(lambda: served.run(run)["state_type"] not in ("SCHEDULED", "PENDING"), within=300, what="running", every=0.1)
    running = time.perf_counter() - began
    ended = served.ended(run, within=900)
    if "talk.mp4" not in ((ended["state"] or {}).get("message") or ""):
        raise SystemExit(f"the run ended {ended['state_type']}: {(ended['state'] or {}).get('message')}")
    return running, time.perf_counter() - began


if __name__ == "__main__":
    main()
