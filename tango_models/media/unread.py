"""What stands behind the end of a recording: of two files that were joined as bytes, most readers see the first."""

from __future__ import annotations

import mmap
from pathlib import Path

_BEGINNINGS = (b"FLV\x01", bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"))  # the other one of ASF, WMV
_JOINED = "another recording is joined to its end and is not used: give each in a file of its own"


def joined_note(path: Path, read: int) -> str:
    """What is not used of a file that has another one of its kind behind its end; empty when there is none.

    Args:
        read: bytes up to which packets were found in it.
    """
    with path.open("rb") as file:
        head = file.read(32)
        begins = head[4:12] if head[4:8] == b"ftyp" else next((b for b in _BEGINNINGS if head.startswith(b)), b"")
        if not begins:
            return ""
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _JOINED if data.find(begins, max(read, len(head))) >= 0 else ""
