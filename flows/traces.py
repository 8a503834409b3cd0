"""Where the traces of faults go that nobody foresaw and no unit of the ledger keeps."""

import os
import sys
from datetime import UTC, datetime

from flows.configuration.state_folder import state_folder
from tasks.runtime.faults import describe, is_foreseen, trace_of

IN_THE_LOG = "in the run's log in the UI"
_KEPT = 50


def described(error: BaseException, catalog_uri: str, at: str) -> str:
    """`describe`, with the trace of what nobody foresaw kept where it says."""
    return describe(error, catalog_uri, at, "" if is_foreseen(error) else keep_trace(error))


def keep_trace(error: BaseException) -> str:
    """Write a stack trace down, in the user's state folder, which keeps the newest 50; on the terminal where no file
    can be written.

    Returns:
        where it is, in words.
    """
    text = trace_of(error)
    try:
        folder = state_folder() / "faults"
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{os.getpid()}.txt"
        file.write_text(f"{text}\n", encoding="utf-8", errors="backslashreplace")
        for old in sorted(folder.glob("*.txt"))[:-_KEPT]:
            old.unlink(missing_ok=True)
    except (OSError, RuntimeError):  # the latter: the user has no home
        print(text, file=sys.stderr)
        return "above"
    return f"in {file}"
