"""WAV files whose header declares less sound than they hold: a recorder that stopped before it wrote the length."""

from __future__ import annotations

import struct
from pathlib import Path

_LONG = (b"RF64", b"BW64")  # WAV of more than 4 GB, or such as might become so; EBU Tech 3306, ITU-R BS.2088
_TO_THE_END = {"ignore_length": "1"}
_MOST_CHUNKS = 1000
_TRAILER = 8  # bytes behind the sound that are no chunk, and no sound either: a chunk's header has as many


def reader_options(path: Path) -> dict[str, str]:
    """Options with which FFmpeg reads the file whole; none where its header can be believed, and for other formats.

    FFmpeg reads to the end where a header declares nothing or more than there is; but nothing where that of a RF64,
    whose lengths stand in a chunk of their own, declares nothing. Where it declares less, what follows the sound must
    be another chunk; if not, it is sound.
    """
    with path.open("rb") as file:
        head = file.read(12)
        if head[:4] not in (b"RIFF", *_LONG) or head[8:] != b"WAVE":
            return {}
        size, declared = path.stat().st_size, None
        for _ in range(_MOST_CHUNKS):
            name, length = _chunk(file.read(8))
            if name == b"data" and declared is not None:
                length = declared
            end = file.tell() + length + length % 2
            if name == b"ds64" and head[:4] in _LONG and length >= 16:
                declared = struct.unpack("<8xQ", file.read(16).ljust(16, b"\0"))[0]
            if name == b"data":
                if not length:
                    return {} if declared is None else _TO_THE_END
                if size - end < _TRAILER:
                    return {}
                file.seek(end)
                name, length = _chunk(file.read(8))
                return {} if is_name(name) and file.tell() + length <= size else _TO_THE_END
            if not is_name(name) or end > size:
                return {}
            file.seek(end)
    return {}


def _chunk(header: bytes) -> tuple[bytes, int]:
    """Name and length of a chunk, whose header is 8 bytes; nothing at the end of the file."""
    return struct.unpack("<4sI", header) if len(header) == 8 else (b"", 0)


def is_name(name: bytes) -> bool:
    """Whether four bytes can be the name of a chunk: printable ASCII."""
    return len(name) == 4 and all(32 <= byte < 127 for byte in name)
