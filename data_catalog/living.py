"""Which processes live: a process id that is used again is told from the process that had it before."""

from pathlib import Path

_ENDED = "ZX"


def started(pid: int) -> str | None:
    """When a living process began, in ticks since the machine was started; None when there is none of that id, or only
    what its parent has not yet let go.

    psutil's time of day is made of these and of the clock, and is another one for the same process after the clock was
    set: a process that lives would be taken for one that is gone.
    """
    try:
        # Behind the name, in which there may be blanks and brackets: the state, and 19 fields later the start.
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in _ENDED else fields[19]
