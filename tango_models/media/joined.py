"""Recordings that were joined as bytes: of two files one behind the other, most readers see the first."""

from __future__ import annotations

import mmap
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_MOST_PARTS = 100_000
_FLAC = re.compile(rb"fLaC[\x00\x80]\x00\x00\x22")  # its marker and the header of its first block, always 34 bytes
_BEGINNINGS = (b"FLV\x01", bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"))  # the other one of ASF, WMV
_IGNORED = "another recording is joined to its end and is not used: give each in a file of its own"
_DAMAGED = "another recording is joined to it, the beginning of which is lost: give each in a file of its own"


def joined_note(path: Path) -> str:
    """What is not used of a WAV, AVI, AIFF, CAF, W64, MP4 or FLAC file that has another one of its kind behind its end;
    empty when there is none, and for formats that may be joined."""
    with path.open("rb") as file:
        head, size = file.read(12), path.stat().st_size
        if head[:4] == b"fLaC":
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                return _DAMAGED if _FLAC.search(data, 4) else ""
        parts = _parts(file, size, head)
        first = next(parts, None)
        return _IGNORED if first is not None and first in parts else ""


def unread_note(path: Path, read: int) -> str:
    """The same of a MP4, FLV or ASF file, of which another one may begin in the middle of what its own parts say.

    Args:
        read: bytes up to which packets were found in it.
    """
    with path.open("rb") as file:
        head = file.read(32)
        begins = head[4:12] if head[4:8] == b"ftyp" else next((b for b in _BEGINNINGS if head.startswith(b)), b"")
        if not begins:
            return ""
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _IGNORED if data.find(begins, max(read, len(head))) >= 0 else ""


def _parts(file: BinaryIO, size: int, head: bytes) -> Iterator[bytes]:
    """Names of the outermost parts of a file, in order."""
    start = 0
    for _ in range(_MOST_PARTS):
        if start + 24 > size:
            return
        file.seek(start)
        header = file.read(24)
        if head[:4] in (b"RIFF", b"FORM"):
            name = header[:4] + header[8:12]  # what it holds: a long AVI goes on in parts of another kind
            length = 8 + struct.unpack_from("<I" if head[:4] == b"RIFF" else ">I", header, 4)[0]
            length += length % 2
        elif head[:4] == b"riff":  # W64
            name, length = header[:16], -(-struct.unpack_from("<Q", header, 16)[0] // 8) * 8
        elif head[:4] == b"caff":
            name = header[:4]
            length = 8 if name == b"caff" else 12 + struct.unpack_from(">q", header, 4)[0]
        elif head[4:8] == b"ftyp":
            name, length = header[4:8], struct.unpack_from(">I", header)[0]
            length = struct.unpack_from(">Q", header, 8)[0] if length == 1 else length
        else:
            return
        yield name
        if length < 8:  # to the end of the file
            return
        start += length
