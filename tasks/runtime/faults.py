"""Failures in the words of the person who has to do something about them."""

import errno
import traceback

from data_catalog.faults import CatalogFault
from data_catalog.uris.reachable import plain
from tango_models.errors import InputError

IN_THE_LEDGER = "that `tango status --trace` and the run's log in the UI show"
WORKER_DIED = "worker process died"
_LONGEST_TRACE = 8_000
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
# Lance reports the system's error as text only, wrapped several times.
_FULL_TEXTS = ("No space left on device", "Disk quota exceeded", "quota exceeded", "File too large")


def is_disk_full(error: BaseException) -> bool:
    """Whether a write failed for want of room: that says nothing about what was to be written."""
    if not isinstance(error, OSError):
        return False
    return error.errno in _FULL if error.errno else any(text in str(error) for text in _FULL_TEXTS)


def is_foreseen(error: BaseException) -> bool:
    """Whether a person can mend it, and is told how in one line: nobody needs its trace."""
    return isinstance(error, InputError | CatalogFault) or is_disk_full(error)


def describe(error: BaseException, catalog_uri: str, at: str = "", traced: str = IN_THE_LEDGER) -> str:
    """An exception in one line; of an unforeseen one where it happened, what it was, what to do, and where its trace
    is.

    Args:
        at: the stage or the command.
        traced: where its trace is, in words.
    """
    if isinstance(error, InputError | CatalogFault):
        return str(error)
    if is_disk_full(error):
        return f"{catalog_uri}: the disk is full; free some space and run the command again"
    what = plain("".join(traceback.format_exception_only(error)))
    if not at:
        return what
    return (
        f"{at} met a fault of its own ({what}); run the command again, and if it stays, report it with the trace "
        f"{traced}"
    )


def trace_of(error: BaseException) -> str:
    """The stack trace of an exception, its last 8,000 characters."""
    return "".join(traceback.format_exception(error)).strip()[-_LONGEST_TRACE:]


def is_input_fault(error: str) -> bool:
    """Whether what the ledger says of a failure is the input's fault: anything else has a trace, or no process left to
    make one."""
    return "\n" not in error and not error.startswith(WORKER_DIED)


def reason(subject: str, error: str) -> str:
    """A failure in one line that names its subject, once; the ledger also keeps the stack trace of what is no fault of
    the input."""
    line = error.strip().partition("\n")[0]
    return line if subject in line.partition(": ")[0] else f"{subject}: {line}"
