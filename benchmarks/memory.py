"""Resident memory of every process while a short and a long video are onboarded."""

import argparse
import re
import threading
import time
from collections import defaultdict
from pathlib import Path

from benchmarks import footage
from benchmarks.commands import workplace
from benchmarks.printing import heading, table

_SECONDS_BETWEEN_SAMPLES = 0.2
_KINDS = (
    (r"ray::\w+Agent|raylet/raylet|gcs_server|dashboard|monitor", "Ray itself"),
    (r"^ray::(\w+)", r"worker: \1"),
    (r"flows\.command_line", "flow"),
    (r"uvicorn|prefect", "Prefect server"),
)


class MemorySampler:
    """Peak resident memory of a process and all below it, by process, and the processor time they take, sampled every
    so many seconds.

    Pages that processes share (libraries, Ray's object store) count for each of them. A sample takes some 20 ms of a
    processor.
    """

    def __init__(self, every: float = _SECONDS_BETWEEN_SAMPLES) -> None:
        self._every = every
        self.peaks: dict[int, float] = defaultdict(float)  # MB by process
        self.kinds: dict[int, str] = {}
        self.processor: dict[int, float] = {}  # seconds by process
        self.together = 0.0  # MB of all processes at one moment, at most
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def watch(self, pid: int) -> None:
        """Sample from now until `stop`."""
        self._thread = threading.Thread(target=self._run, args=(pid,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread:
            self._thread.join()

    def by_kind(self) -> dict[str, float]:
        """The largest process of each kind, MB."""
        largest: dict[str, float] = defaultdict(float)
        for pid, peak in self.peaks.items():
            kind = self.kinds.get(pid, "other")
            largest[kind] = max(largest[kind], peak)
        return largest

    def _run(self, pid: int) -> None:
        import psutil

        while not self._stop.wait(self._every):
            try:
                root = psutil.Process(pid)
                processes = [root, *root.children(recursive=True)]
            except psutil.NoSuchProcess:
                return
            together = 0.0
            for process in processes:
                try:
                    resident, command = process.memory_info().rss / 1e6, " ".join(process.cmdline())
                    times = process.cpu_times()
                except (psutil.NoSuchProcess, psutil.AccessDenied):
                    continue
                together += resident
                self.processor[process.pid] = times.user + times.system
                self.peaks[process.pid] = max(self.peaks[process.pid], resident)
                if kind := process_kind(command):  # a worker is named only while it has a stage
                    self.kinds[process.pid] = kind
            self.together = max(self.together, together)


def process_kind(command: str) -> str:
    """What a process of ours is for, from its command line; "" when that does not tell."""
    for pattern, kind in _KINDS:
        if found := re.search(pattern, command):
            return "" if found.group(0) == "ray::IDLE" else found.expand(kind)
    return ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, nargs="+", default=[20.0, 300.0], help="lengths of the videos")
    parser.add_argument("--motion", type=Path, nargs="*", help="import this motion for each video instead of fitting")
    arguments = parser.parse_args()
    heading("Memory while onboarding 768 x 768 footage", __doc__, "memory")
    source = footage.synthetic_speaker()
    columns, peaks = ["process"], []
    with workplace() as place:
        for k, seconds in enumerate(arguments.seconds):
            video = footage.make_video([source], place.folder / f"{k}.mp4", seconds)
            motion = ["--motion", str(arguments.motion[k])] if arguments.motion else []
            sampler, start = MemorySampler(), time.perf_counter()
            place.tango("onboard", "speaker", video, *motion, catalog=place.folder / str(k), watch=sampler.watch)
            sampler.stop()
            took = time.perf_counter() - start
            columns.append(f"{seconds:.0f} s of video ({took:.0f} s), MB")
            peaks.append(sampler.by_kind())
    print(f"Peak resident memory of the largest process of each kind, every {_SECONDS_BETWEEN_SAMPLES} s.")
    print("Wanted: the same for both.\n")
    kinds = sorted(set().union(*peaks), key=lambda kind: -peaks[-1].get(kind, 0.0))
    rows = [[kind, *(f"{p[kind]:.0f}" if kind in p else "" for p in peaks)] for kind in kinds]
    table(columns, [["largest of all", *(f"{max(p.values()):.0f}" for p in peaks)], *rows])


if __name__ == "__main__":
    main()
