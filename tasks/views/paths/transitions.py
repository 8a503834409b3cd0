"""The frames made at jumps: under which keys they are kept, and out of the catalog."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from data_catalog import Source
from data_catalog.keys import equals
from data_catalog.tables.sizes import CLIP_FRAMES
from tasks.views.paths.playback import SeamWindow

_SEAMS_PER_READ = 200


def transition_id(method: str, shift: int, half: int, size: Sequence[int]) -> str:
    """What decides a seam's frames apart from its two clips: the interpolator's id, the window, the picture size."""
    return f"{method}:{shift:+d}:{half}:{size[0]}x{size[1]}"


def transition_key(seam: SeamWindow, method: str, size: Sequence[int]) -> str:
    return f"{seam.src}>{seam.dst}:{transition_id(method, seam.shift, seam.half, size)}"


def read_transition(source: Source, seam: SeamWindow, method: str, size: Sequence[int]) -> Iterator[np.ndarray]:
    """The 2·half generated frames of a seam, (H, W, 3) uint8, decoded one by one."""
    where = equals(src=seam.src, dst=seam.dst, interpolator_id=transition_id(method, seam.shift, seam.half, size))
    return unpack_gops(source.table("transitions").read_blobs("pixels", where, key="src")[seam.src])


def read_made(
    source: Source, seams: Sequence[SeamWindow], method: str, size: Sequence[int], columns: Sequence[str]
) -> dict[SeamWindow, dict[str, Any]]:
    """Columns of what was made of some seams, some hundred seams a read. Left out are plain cuts, and what another run
    has meanwhile dropped to make room."""
    found: dict[SeamWindow, dict[str, Any]] = {}
    made = [seam for seam in seams if seam.half]
    for first in range(0, len(made), _SEAMS_PER_READ):
        part = made[first : first + _SEAMS_PER_READ]
        where = equals(unit=sorted({transition_key(seam, method, size) for seam in part}))
        rows = source.table("transitions").read(["src", "dst", "interpolator_id", *columns], where=where).to_pylist()
        by_key = {(row["src"], row["dst"], row["interpolator_id"]): row for row in rows}
        for seam in part:
            key = seam.src, seam.dst, transition_id(method, seam.shift, seam.half, size)
            if key in by_key:
                found[seam] = {name: by_key[key][name] for name in columns}
    return found


def pack_gops(frames: np.ndarray, *, crf: int) -> bytes:
    """Frames (n, H, W, 3) uint8 as GOPs of 4, each behind its length."""
    from tango_models.media.gop import encode_gop

    gops = [encode_gop(frames[k : k + CLIP_FRAMES], crf=crf) for k in range(0, len(frames), CLIP_FRAMES)]
    return b"".join(len(gop).to_bytes(4, "little") + gop for gop in gops)


def unpack_gops(data: bytes) -> Iterator[np.ndarray]:
    """The frames of `pack_gops`, one by one."""
    from tango_models.media.gop import iter_gop

    position = 0
    while position < len(data):
        length = int.from_bytes(data[position : position + 4], "little")
        yield from iter_gop(data[position + 4 : position + 4 + length])
        position += 4 + length
