"""W64, AIFF and CAF whose header declares less sound than they hold, or none: a recorder that stopped before it wrote
the length. FFmpeg believes it, so it is given the file with the true length in its place (WAV: see `wav_length`)."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tango_models.media.wav_length import is_name

_MOST_CHUNKS = 1000
_TRAILER = 24  # bytes behind the sound that are no chunk, and no sound either
_PCM = (b"lpcm", b"alaw", b"ulaw")  # of other codecs in CAF, packets have lengths of their own


@dataclass(frozen=True)
class _Layout:
    """How a format writes its chunks."""

    first: int
    """Byte at which they begin."""
    size: str
    """The length's place in a chunk's header, which is its end: for `struct`."""
    name: int
    """Bytes of the name, of which the first four are letters."""
    sound: bytes
    counts_header: bool
    aligned: int


_LAYOUTS = {
    b"riff\x2e\x91\xcf\x11": _Layout(40, "<Q", 16, b"data", counts_header=True, aligned=8),
    b"caff": _Layout(8, ">q", 4, b"data", counts_header=False, aligned=1),
    b"FORM": _Layout(12, ">I", 4, b"SSND", counts_header=False, aligned=2),
}


class MendedFile(io.RawIOBase):
    """A file, to be read only, in which some bytes are others."""

    def __init__(self, path: Path, at: int, instead: bytes) -> None:
        self._file, self._at, self._instead = path.open("rb"), at, instead

    def read(self, size: int = -1) -> bytes:
        start = self._file.tell()
        found = bytearray(self._file.read(size))
        for k, byte in enumerate(self._instead, self._at - start):
            if 0 <= k < len(found):
                found[k] = byte
        return bytes(found)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def close(self) -> None:
        self._file.close()
        super().close()


def mended(path: Path) -> MendedFile | None:
    """The file with the length that it has; None where its header can be believed, and for other formats."""
    with path.open("rb") as file:
        head = file.read(12)
        layout = next((known for start, known in _LAYOUTS.items() if head.startswith(start)), None)
        if layout is None or (head[:4] == b"FORM" and head[8:] not in (b"AIFF", b"AIFC")):
            return None
        size, chunks = path.stat().st_size, list(_chunks(file, layout, path.stat().st_size))
    names = [name for name, _, _ in chunks]
    if layout.sound not in names or (head[:4] == b"caff" and (b"desc" not in names or not _is_pcm(path, chunks))):
        return None
    _, begin, length = chunks[-1]
    rest, whole = size - begin, length >= 0 and begin + length <= size
    if names[-1] != layout.sound or length == -1 or (length and not whole) or rest - max(0, length) < _TRAILER:
        return None  # another chunk follows, or it is the rest of the file
    held = rest + (layout.name + struct.calcsize(layout.size) if layout.counts_header else 0)
    width = struct.calcsize(layout.size)
    if held >= 1 << (8 * width - 1):
        return None
    return MendedFile(path, begin - width, struct.pack(layout.size, held))


def _chunks(file: io.BufferedReader, layout: _Layout, size: int) -> Iterator[tuple[bytes, int, int]]:
    """(name, first byte of what it holds, length of that) of chunk after chunk, as far as they are such."""
    width = struct.calcsize(layout.size)
    header, at = layout.name + width, layout.first
    for _ in range(_MOST_CHUNKS):
        file.seek(at)
        found = file.read(header)
        if len(found) < header or not is_name(found[:4]):
            return
        (length,) = struct.unpack(layout.size, found[layout.name :])
        length -= header * layout.counts_header
        sound = found[:4] == layout.sound
        if not sound and not 0 <= length <= size - at - header:
            return
        yield found[:4], at + header, length
        if length < 0 or (sound and not length):
            return
        at += header + length
        at += -at % layout.aligned


def _is_pcm(path: Path, chunks: list[tuple[bytes, int, int]]) -> bool:
    begin = next(begin for name, begin, _ in chunks if name == b"desc")
    with path.open("rb") as file:
        file.seek(begin + 8)
        return file.read(4) in _PCM
