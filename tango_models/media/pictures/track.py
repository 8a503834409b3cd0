"""Which of a file's picture tracks is shown."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

from tango_models.errors import InputError
from tango_models.media.container import check_side, open_media
from tango_models.media.packets import Packets, moving_pictures

if TYPE_CHECKING:
    import av.container
    import av.video.stream

_TRIED = 300  # packets of which one picture must come
_AS_MANY = 0.98  # of the most pictures: another angle of the same recording


@dataclass(frozen=True)
class PictureTrack:
    """A picture track of a file."""

    stream: int
    """Its index among the file's streams."""
    note: str
    """Which one it is and why; empty when the file has no other."""


def moving_picture(container: av.container.InputContainer, path: Path) -> av.video.stream.VideoStream | None:
    """The picture that `find_picture_track` finds in the file at `path`, of which `container` is open."""
    track = find_picture_track(container, path)
    stream = None if track is None else container.streams[track.stream]
    return None if stream is None or stream.codec_context is None else stream  # type: ignore[return-value]


def video_stream(container: av.container.InputContainer, path: Path) -> av.video.stream.VideoStream:
    """The same. Raises InputError when there is none or a side is longer than MAX_SIDE."""
    stream = moving_picture(container, path)
    if stream is None:
        kind = "has sound but no picture" if container.streams.audio else "has no video stream"
        raise InputError(str(path), kind, "give a video of the speaker")
    check_side(path, stream.codec_context.width, stream.codec_context.height)
    return stream


def find_picture_track(container: av.container.InputContainer, path: Path) -> PictureTrack | None:
    """The first track with about as many pictures as the one with most (cover art that is not marked as such has one),
    of those of which something can be decoded. None: the file has no picture.

    Where there are several, the file is read to its end once. Raises InputError: see `open_media`.
    """
    indices = [stream.index for stream in moving_pictures(container)]
    if len(indices) < 2:
        return PictureTrack(indices[0], "") if indices else None
    state = path.stat()
    return _with_most(path, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=16)
def _with_most(path: Path, size: int, changed: int) -> PictureTrack:  # of the file as it is now
    with open_media(path) as container:
        counts = {stream.index: 0 for stream in moving_pictures(container)}
        for packet in Packets(container):
            if packet.stream.index in counts:
                counts[packet.stream.index] += 1
    indices = list(counts)
    found = [index for index in indices if counts[index] and _can_decode(path, index)]
    most = max((counts[index] for index in found), default=0)
    chosen = next((index for index in found if counts[index] >= _AS_MANY * most), indices[0])
    said = [
        f"picture track {k + 1} of {len(indices)} "
        + (f"has {counts[index]} picture{'s' * (counts[index] != 1)}" if index in found else "cannot be decoded")
        for k, index in enumerate(indices)
    ]
    return PictureTrack(chosen, ", ".join([*said, f"track {indices.index(chosen) + 1} is used"]))


def _can_decode(path: Path, index: int) -> bool:
    import av

    with open_media(path) as container:
        stream = container.streams[index]
        if stream.codec_context is None:
            return False
        mine = (packet for packet in Packets(container) if packet.stream.index == index)
        for packet in chain(islice(mine, _TRIED), (None,)):  # None empties the decoder
            try:
                if stream.decode(packet):  # type: ignore[attr-defined]
                    return True
            except (av.error.FFmpegError, ValueError):
                continue
    return False
