"""What the figures were measured on, and the memory of a process."""

import os
import platform
import subprocess
from datetime import date
from pathlib import Path

_ROOT = Path(__file__).parents[1]


def describe() -> str:
    """One line: processor, cores, memory, Python, date, the commit of the code, and what else kept the machine busy."""
    import psutil

    memory = psutil.virtual_memory().total / 2**30
    parts = [_processor(), f"{os.cpu_count()} cores", f"{memory:.0f} GiB", f"Python {platform.python_version()}"]
    return ", ".join([*parts, date.today().isoformat(), *_commit(), f"load {os.getloadavg()[0]:.1f} at the start"])


def peak_memory() -> float:
    """MB that this process has held at most.

    Not `ru_maxrss`: a process begins with what the one that started it had reached.
    """
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6


def busy_seconds() -> float:
    """Processor time that all processes of this machine have taken since it was started."""
    import psutil

    times = psutil.cpu_times()
    return times.user + times.nice + times.system + times.irq + times.softirq


def _commit() -> list[str]:
    """The commit that was measured and whether the code differs from it; empty outside a checkout."""
    try:
        commit = _git("rev-parse", "--short", "HEAD")
        changed = _git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!benchmarks/RESULTS.md")
    except (OSError, subprocess.CalledProcessError):
        return []
    return [f"commit {commit}" + " with changes" * bool(changed)]


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=_ROOT, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
