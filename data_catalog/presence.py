"""Who reads or writes a table just now, so that what an old version needs is deleted only when nobody does.

Deleting old versions under a write in progress loses its conflicts: Lance compares a write with the versions since it
began, passes over those that are gone, and commits a key twice. (Measured with 14.0.2: a version removed in the middle
of a merge, and the same new key of two writers was there twice.) Under a reader it loses files.

In a folder on a local disk every read and write therefore holds a shared lock on the table's folder, which the system
gives back when a process dies. Elsewhere (object stores, network folders, where locks may not reach other machines)
nobody is ever known to be alone, and old versions go by their age.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

_LOCAL = {"ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "zfs", "bcachefs", "overlay", "tmpfs", "ramfs"}
_POLL_SECONDS = 0.01


@contextmanager
def present(uri: str) -> Iterator[None]:
    """Be known as a reader or writer of a table. Waits while somebody is `alone` with it."""
    descriptor = _folder(uri)
    try:
        if descriptor is not None:
            fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)  # gives the lock back


@contextmanager
def alone(uri: str, *, wait: float = 0.0) -> Iterator[bool]:
    """Keep everybody else from a table; yields whether that is so.

    Args:
        wait: seconds to wait at most until those who are there have gone.
    """
    descriptor = _folder(uri)
    try:
        yield descriptor is not None and _lock(descriptor, time.monotonic() + wait)
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _lock(descriptor: int, deadline: float) -> bool:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(_POLL_SECONDS)


def _folder(uri: str) -> int | None:
    """The table's folder, opened; None where locks mean nothing or nothing was written yet."""
    if not is_lockable(uri):
        return None
    try:
        return os.open(uri, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return None


def is_lockable(uri: str) -> bool:
    """Whether locks tell who is at a table: it lies on a disk of this machine."""
    return "://" not in uri and _is_local(str(Path(uri).parent))


@lru_cache(maxsize=64)
def _is_local(folder: str) -> bool:
    place = os.path.realpath(folder)
    best, kind = "", ""
    try:
        lines = Path("/proc/self/mounts").read_text().splitlines()
    except OSError:
        return False
    for line in lines:
        _, mount, name, *_ = line.split(" ")
        mount = mount.encode().decode("unicode_escape")  # blanks are written as \040
        if (place == mount or place.startswith(mount.rstrip("/") + "/")) and len(mount) >= len(best):
            best, kind = mount, name
    return kind in _LOCAL
