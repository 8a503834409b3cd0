"""WAV files of whose words only some bits count (24 of 32, as many recorders write): FFmpeg goes by the bits that
count, and reads words of as many or, at 24 of 32, floating-point numbers of an editor of its own kind. It is given the
file with all bits counted, which are the same numbers: those that do not count are zeros behind the others (Microsoft,
WAVEFORMATEXTENSIBLE)."""

from __future__ import annotations

import struct
from pathlib import Path

from tango_models.media.sound_length import MendedFile
from tango_models.media.wav_length import is_name

_EXTENSIBLE = 0xFFFE
_NUMBERS = (1, 3)  # PCM, IEEE float
_KIND = bytes.fromhex("000000001000800000aa00389b71")  # behind the number, of every kind that has a number
_MOST_CHUNKS = 1000


def with_whole_words(path: Path) -> MendedFile | None:
    """The file with all bits of its words counted; None where they are, and for other formats."""
    with path.open("rb") as file:
        head = file.read(12)
        if head[:4] not in (b"RIFF", b"RF64", b"BW64") or head[8:] != b"WAVE":
            return None
        for _ in range(_MOST_CHUNKS):
            header = file.read(8)
            if len(header) < 8 or not is_name(header[:4]):
                return None
            name, length = struct.unpack("<4sI", header)
            begin = file.tell()
            if name == b"fmt ":
                break
            file.seek(begin + length + length % 2)
        else:
            return None
        form = file.read(min(length, 40))
    if len(form) < 40:
        return None
    tag, channels, _, _, frame, bits, _, counted, _, number = struct.unpack("<HHIIHHHHIH", form[:26])
    if tag != _EXTENSIBLE or number not in _NUMBERS or form[26:] != _KIND or frame * 8 != channels * bits:
        return None
    if bits not in (16, 24, 32, 64) or not 0 < counted <= bits or (counted + 7) // 8 * 8 == bits:
        return None
    return MendedFile(path, begin + 18, struct.pack("<H", bits))
