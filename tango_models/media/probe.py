"""What a video file is, before any work is spent on it."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass

from tango_models.errors import InputError
from tango_models.media.container import check_side, checked_path, container_seconds, open_media
from tango_models.media.pictures.decoding import Pictures
from tango_models.media.pictures.geometry import geometry_of
from tango_models.media.pictures.track import video_stream


@dataclass(frozen=True)
class VideoProbe:
    """A video as displayed. Width and height in px after rotation and pixel aspect, even."""

    width: int
    height: int
    seconds: float  # as declared by the file, 0.0 when it declares none
    has_audio: bool


def content_id(path: str | os.PathLike[str]) -> str:
    """32 hex digits that name the file's bytes (BLAKE2b, 16 bytes), whatever the file is called."""
    digest = hashlib.blake2b(digest_size=16)
    with checked_path(path).open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def probe_video(path: str | os.PathLike[str]) -> VideoProbe:
    """Reads the header and the first frame that can be decoded.

    Raises InputError: missing, unreadable, empty, not media, sound only, a side over 4096 px (from the header, before
    anything is decoded), cut off before its index, or no frame that can be decoded.
    """
    path = checked_path(path)
    with open_media(path) as container:
        stream = video_stream(container, path)
        _, _, frame = next(iter(Pictures(container, stream)), (None, None, None))
        if frame is None:
            raise InputError(str(path), "holds no frame that can be decoded", "re-export it as an MP4 (H.264)")
        check_side(path, frame.width, frame.height)
        geometry = geometry_of(frame, float(stream.sample_aspect_ratio or 0))
        own_seconds = float(stream.duration * stream.time_base) if stream.duration and stream.time_base else None
        return VideoProbe(
            width=geometry.width,
            height=geometry.height,
            seconds=own_seconds or container_seconds(container) or 0.0,
            has_audio=any(track.codec_context is not None for track in container.streams.audio),
        )
