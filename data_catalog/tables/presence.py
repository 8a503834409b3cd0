"""Who reads or writes a table just now, so that what an old version needs is deleted only when nobody does.

Deleting old versions under a write in progress loses its conflicts: Lance compares a write with the versions since it
began, passes over those that are gone, and commits a key twice. (Measured with 14.0.2: a version removed in the middle
of a merge, and the same new key of two writers was there twice.) Under a reader it loses files.

In a folder every read and write therefore holds a shared lock on a file in the table, which the system gives back when
a process dies. On a disk of this machine whoever gets the lock alone may delete; NFS clients of that disk are among
those it waits for. Elsewhere (object stores; network folders, where locks may end at this machine) nobody is ever known
to be alone, and old versions go by their age.
"""

import fcntl
import os
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

_FILE = "_presence.lock"
_LOCAL = {"ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "zfs", "bcachefs", "overlay", "tmpfs", "ramfs"}
_POLL_SECONDS = 0.01


@contextmanager
def present(uri: str) -> Iterator[None]:
    """Be known as a reader or writer of a table. Waits while somebody is `alone` with it."""
    descriptor = _open(uri)
    try:
        if descriptor is not None:
            _lock(descriptor, fcntl.F_RDLCK, wait=True)
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
    descriptor = _open_to_write(uri) if is_lockable(uri) else None
    try:
        yield descriptor is not None and _alone(descriptor, time.monotonic() + wait)
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _alone(descriptor: int, deadline: float) -> bool:
    while not _lock(descriptor, fcntl.F_WRLCK, wait=False):
        if time.monotonic() >= deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def _lock(descriptor: int, kind: int, *, wait: bool) -> bool:
    """Lock the whole file for this opening of it (two threads of a process are two); whether that went well."""
    whole = struct.pack("hhqqi4x", kind, os.SEEK_SET, 0, 0, 0)
    try:
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLKW if wait else fcntl.F_OFD_SETLK, whole)
    except OSError:  # somebody else has it, or the file system has no locks
        return False
    return True


def _open(uri: str) -> int | None:
    """The table's lock file; None where nothing was written yet, in an object store, or where it may not be made."""
    if "://" in uri:
        return None
    if (descriptor := _open_to_write(uri)) is not None:
        return descriptor
    try:  # a catalog that one may only read: nobody deletes with these rights, but others may
        return os.open(os.path.join(uri, _FILE), os.O_RDONLY)
    except OSError:
        return None


def _open_to_write(uri: str) -> int | None:
    """By which alone one can be `alone`."""
    try:
        return os.open(os.path.join(uri, _FILE), os.O_RDWR | os.O_CREAT, 0o666)
    except OSError:
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
