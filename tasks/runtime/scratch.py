"""Folders for files that a process needs for a while. A process that is killed cannot remove its own: the next does."""

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

_FILES = "tango-files-"
_OWNED = ".owned"
"""File by which a folder is known as one of these; its process holds a lock on it, which the system gives back."""
_YOUNG_SECONDS = 60.0
"""A folder is locked a moment after it is made."""


@contextlib.contextmanager
def scratch_folder(prefix: str = _FILES, place: str | None = None) -> Iterator[Path]:
    """A new folder for the time of the context, or until this process ends, however it does.

    Args:
        prefix: of its name; what killed processes left under the same one is removed first.
        place: where; None: the folder for temporary files.
    """
    place = place or tempfile.gettempdir()
    _remove_left(Path(place), prefix)
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=place))
    try:
        with (folder / _OWNED).open("w") as owned:
            fcntl.flock(owned, fcntl.LOCK_EX)
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_left(place: Path, prefix: str) -> None:
    """Remove this user's folders that no process holds."""
    for folder in place.glob(f"{prefix}*"):
        with contextlib.suppress(OSError):
            status = folder.lstat()
            if status.st_uid != os.getuid() or abs(time.time() - status.st_mtime) < _YOUNG_SECONDS:
                continue
            with open(os.open(folder / _OWNED, os.O_RDWR | os.O_NOFOLLOW), "w") as owned:
                fcntl.flock(owned, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
