"""`kill -9` at random moments of what runs a run of `tango serve`: its flow process, Prefect's worker, an actor of
Ray's, a raylet, Prefect's server.

Each round onboards a video of 2 s that the catalog does not have, and kills one of these once. A round is good when the
run completes by itself, within three minutes beyond what an undisturbed run takes, the rows of its video are those of a
quiet run, no table has a key twice, and nothing that was started is left. Nothing is done by hand.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import httpx
import psutil

from benchmarks.commands import workplace
from benchmarks.printing import heading, table
from data_catalog import Catalog
from data_catalog.tables.schemas import TABLES
from tasks.runtime.registry import STAGES
from tests.flows.server.served import Served, serving, until
from tests.speaker import cut_speaker

NAME = "onboard-avatar/onboard-avatar"
TARGETS = ("flow process", "worker", "actor", "raylet", "server")
_ALLOWED_SECONDS = 180.0
"""For a run to end after the kill, beyond what an undisturbed one takes."""
_LEAVE_SECONDS = 90.0
"""For processes to go: Ray's agents take up to 80 s to notice that their raylet is gone."""
_PER_RUN = {"run_id", "produced_at", "added_at", "seconds", "attempts"}
_NO_RESULT = {"leases", "renders"}
_SHORT_LIVED = ("DashboardAgent", "RuntimeEnvAgent")


@dataclass
class Round:
    """What was killed when, and what became of the run.

    Attributes:
        moment: seconds from the submission to the kill; took: from there to the end of the run.
    """

    target: str
    moment: float
    took: float = 0.0
    state: str = ""
    tries: int = 0
    faults: list[str] = field(default_factory=list)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no round after these")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--target", choices=TARGETS, help="kill this only; otherwise each in turn, in random order")
    parser.add_argument("--folder", type=Path, help="keeps the videos and the quiet run's catalog for the next time")
    given = parser.parse_args()
    heading("Processes killed at random moments", __doc__, "chaos")
    with _folder(given.folder) as folder:
        videos = _videos(folder, given.rounds + 1)
        quiet = _quiet(folder)
        until_when = time.monotonic() + given.minutes * 60
        with tempfile.TemporaryDirectory(prefix="chaos-", dir=folder, ignore_cleanup_errors=True) as place:
            rounds, undisturbed = _rounds(
                Path(place), videos, quiet, random.Random(given.seed), given.target, until_when
            )
    counted = {t: [r for r in rounds if r.target == t] for t in TARGETS}
    rows = [
        [t, str(len(own)), str(sum(not r.faults for r in own)), f"{max(r.took for r in own):.0f}"]
        for t, own in counted.items()
        if own
    ]
    print(f"\n{len(rounds)} rounds with seed {given.seed}; an undisturbed run takes {undisturbed:.0f} s.\n")
    table(["killed", "rounds", "good", "longest from the kill to the end, s"], rows)
    faults = [f"- {r.target} after {r.moment:.1f} s: {fault}" for r in rounds for fault in r.faults]
    print("\n".join(faults or ["No faults."]), flush=True)
    sys.exit(bool(faults))


@contextmanager
def _folder(given: Path | None) -> Iterator[Path]:
    if given:
        given.mkdir(parents=True, exist_ok=True)
        yield given.absolute()
    else:
        with tempfile.TemporaryDirectory(prefix="tango-chaos-", ignore_cleanup_errors=True) as folder:
            yield Path(folder)


def _videos(folder: Path, count: int) -> list[Path]:
    """Videos of one avatar each, all different."""
    found = []
    for index in range(count):
        video = folder / "dataset" / f"avatar{index}" / "talk.mp4"
        if not video.exists():
            video.parent.mkdir(parents=True, exist_ok=True)
            cut_speaker(video, start=1.0 + index * 1.1, seconds=2.0, side=256)
        found.append(video)
    return found


def _quiet(folder: Path) -> Catalog:
    """All videos onboarded by one command that nobody disturbs."""
    with workplace() as place:
        place.tango("preprocess", folder / "dataset", catalog=folder / "quiet")
    return Catalog(folder / "quiet")


def _rounds(
    place: Path, videos: list[Path], quiet: Catalog, chance: random.Random, only: str | None, until_when: float
) -> tuple[list[Round], float]:
    catalog, rounds, before = Catalog(place / "catalog"), list[Round](), list[psutil.Process]()
    order = [only] * len(videos) if only else _shuffled(len(videos), chance)
    # A short name: Ray's sockets lie in it.
    sockets = tempfile.TemporaryDirectory(prefix="chaos-", dir="/tmp", ignore_cleanup_errors=True)
    with sockets as ray, serving(Path(catalog.uri), RAY_TMPDIR=ray) as served:
        began = time.monotonic()
        _ended(served, _submit(served, videos[0]), _ALLOWED_SECONDS * 4)
        undisturbed = time.monotonic() - began
        for video, target in zip(videos[1:], order, strict=False):
            if time.monotonic() > until_when:
                break
            played = _play(served, video, target, chance, undisturbed)
            if isinstance(played, float):
                undisturbed = min(undisturbed, played)
                print(f"{target}: the run had ended before, in {played:.0f} s; not counted", flush=True)
                continue
            played.faults += _differences(catalog, quiet, video)
            if left := [process for process in before if process.is_running()]:
                played.faults.append(f"still there since the round before: {_names(left)}")
            before = _of_runs(served)
            rounds.append(played)
            print(f"{len(rounds)}: {played}", flush=True)
        _, left = psutil.wait_procs(before, timeout=_LEAVE_SECONDS)
        last = rounds[-1].faults if rounds else []
        last += [f"processes left at the end: {_names(left)}"] if left else []
        last += [f"rows with a key twice in {name}" for name, (rows, keys) in catalog.verify().items() if rows != keys]
        last += [f"{count} leases left"] if (count := catalog.table("leases").count()) else []
        # That of the last kill goes with the next run.
        last += [f"folders left: {len(found)}"] if len(found := list(Path(ray).glob("tango-*"))) > 1 else []
        last += ["a stack trace in the terminal"] if "Traceback" in served.said() else []
    return rounds, undisturbed


def _shuffled(count: int, chance: random.Random) -> list[str]:
    found: list[str] = []
    while len(found) < count:
        found += chance.sample(TARGETS, len(TARGETS))
    return found


def _play(served: Served, video: Path, target: str, chance: random.Random, undisturbed: float) -> Round | float:
    """One round; how long the run took, when what was to be killed was gone before."""
    run, began = _submit(served, video), time.monotonic()
    until(lambda: _find(served, target) or _state(served, run), within=_ALLOWED_SECONDS * 2, what=target, every=0.05)
    time.sleep(chance.uniform(0.0, max(0.0, undisturbed - (time.monotonic() - began))))
    victims = _find(served, target)
    if not victims or _state(served, run):
        ended = _ended(served, run, _ALLOWED_SECONDS + undisturbed)
        return _lasted(ended) if ended else undisturbed
    chance.choice(sorted(victims, key=lambda process: process.pid)).kill()
    killed = time.monotonic()
    played = Round(target, killed - began)
    found = _ended(served, run, _ALLOWED_SECONDS + undisturbed)
    played.took = time.monotonic() - killed
    if found is None:
        played.faults.append(f"not ended after {played.took:.0f} s")
        return played
    played.state, played.tries = found["state_type"], found["run_count"]
    if played.state != "COMPLETED":
        played.faults.append(f"{played.state}: {(found['state'] or {}).get('message')}")
    return played


def _submit(served: Served, video: Path) -> str:
    """The id of a new run; the server may just be starting again."""

    def submitted() -> str | None:
        with suppress(httpx.HTTPError):
            return served.submit(NAME, avatar=video.parent.name, videos=[str(video)])["id"]
        return None

    return until(submitted, within=_ALLOWED_SECONDS, what="the server")


def _state(served: Served, run: str) -> dict | None:
    """A run when it has ended for good; None otherwise, also while the server is away."""
    with suppress(httpx.HTTPError):
        found = served.run(run)
        if found["state_type"] in ("COMPLETED", "FAILED", "CRASHED", "CANCELLED"):
            return found
    return None


def _ended(served: Served, run: str, seconds: float) -> dict | None:
    """A run when it has ended and stays so: one that crashed may be tried once more by itself."""
    deadline = time.monotonic() + seconds
    since = None
    while time.monotonic() < deadline:
        if found := _state(served, run):
            since = since or time.monotonic()
            if found["state_type"] == "COMPLETED" or time.monotonic() - since > 30:
                return found
        else:
            since = None
        time.sleep(0.25)
    return None


def _lasted(run: dict) -> float:
    """Seconds from the submission of a run to its end."""
    return (datetime.fromisoformat(run["end_time"]) - datetime.fromisoformat(run["created"])).total_seconds()


def _find(served: Served, target: str) -> list[psutil.Process]:
    return [process for process, line in _lines(served) if _is(target, line)]


def _is(target: str, line: list[str]) -> bool:
    text = " ".join(line)
    if target == "flow process":
        return "prefect.engine" in line
    if target == "actor":
        return any(text.startswith(f"ray::{stage}") for stage in STAGES)
    if target == "raylet":
        return line[0].endswith("/raylet")
    return "flows.server.child" in line and f"prefect {target} start" in text


def _of_runs(served: Served) -> list[psutil.Process]:
    """What belongs to runs, not to the server or the worker."""
    return [process for process, line in _lines(served) if line[0].startswith("ray::") or "/ray/" in line[0]]


def _lines(served: Served) -> Iterator[tuple[psutil.Process, list[str]]]:
    for process in psutil.Process(served.process.pid).children(recursive=True):
        with suppress(psutil.Error):
            if line := process.cmdline():
                yield process, line


def _names(processes: list[psutil.Process]) -> str:
    names = []
    for process in processes:
        with suppress(psutil.Error):
            names.append(process.name())
    return ", ".join(sorted(names))


def _differences(found: Catalog, wanted: Catalog, video: Path) -> list[str]:
    """Tables in which the rows of a video, pixels too, are not those of a quiet run."""
    rows, expected = _rows(found, video), _rows(wanted, video)
    return [
        f"{name}: {len(rows.get(name, []))} rows, and {len(expected[name])} in a quiet run, or others"
        for name in expected
        if rows.get(name) != expected[name]
    ]


def _rows(catalog: Catalog, video: Path) -> dict[str, list[str]]:
    """By table the rows that name a video, as text, without what differs between two runs by nature."""
    (video_id,) = catalog.avatar_videos(video.parent.name) or [""]
    found = {}
    for name in set(TABLES) - _NO_RESULT:
        read = catalog.table(name).read()
        read = read.drop_columns([column for column in read.column_names if column in _PER_RUN])
        found[name] = sorted(text for row in read.to_pylist() if video_id in (text := repr(row)))
    blobs = catalog.table("frames").read_blobs("pixels", f"video_id = '{video_id}'", key="gop")
    return found | {"pixels": [repr(blobs[gop]) for gop in sorted(blobs)]}


if __name__ == "__main__":
    main()
