"""Which processes live: a process id that is used again is told from the process that had it before."""

from pathlib import Path

import psutil

_PROC = Path("/proc")
_ENDED = "ZX"


def started(pid: int) -> str | None:
    """When a living process began; None when there is none of that id, or only what its parent has not yet let go.

    On Linux in ticks since the machine was started. psutil's time of day is made of these and of the clock, and is
    another one for the same process after the clock was set: a process that lives would be taken for one that is gone.
    """
    if _PROC.joinpath("self", "stat").exists():
        try:
            # Behind the name, in which there may be blanks and brackets: the state, and 19 fields later the start.
            fields = _PROC.joinpath(str(pid), "stat").read_text(errors="replace").rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        return None if fields[0] in _ENDED else fields[19]
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else repr(process.create_time())
    except psutil.NoSuchProcess:
        return None
