"""Who is in view of a video beside its speaker, from samples over the whole of it.

The answer is that of the video and not of a segment: every worker that detects a part of it hides the same people.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from data_catalog import Source
from data_catalog.keys import equals
from data_catalog.tables.sizes import CLIP_FRAMES
from tango_models.errors import InputError

if TYPE_CHECKING:
    from tango_models.perception.faces import FaceFinder
    from tango_models.perception.others import Others

_SAMPLES = 6  # at least, however short the video
_GOPS_APART = 6  # at most: 0.8 s; a sample takes a fifth of what the detection of a frame does, so 1 % in all
_GOPS_APART_TOGETHER = 2  # where there are several people and they must be followed
_GOPS_PER_READ = 32


def bystanders(source: Source, video_id: str, finder: FaceFinder) -> Others | None:
    """The people beside the speaker of a video; None where he is alone."""
    columns = ["video_id", "n_frames", "cuts"]
    video = source.table("videos").read(columns, where=equals(video_id=video_id)).to_pylist()[0]
    gops = -(-video["n_frames"] // CLIP_FRAMES)
    apart = min(_GOPS_APART, max(1, gops // _SAMPLES))
    others = _survey(source, video, finder, range(0, gops, apart))
    if others is None or apart <= _GOPS_APART_TOGETHER:
        return others
    return _survey(source, video, finder, range(0, gops, _GOPS_APART_TOGETHER))


def _survey(source: Source, video: dict[str, Any], finder: FaceFinder, gops: range) -> Others | None:
    from tango_models.perception.census import Census

    census = None
    for gop, picture in _first_pictures(source, video["video_id"], gops):
        census = census or Census((picture.shape[1], picture.shape[0]), video["cuts"] or ())
        census.see(gop * CLIP_FRAMES, picture, finder.find(picture))
    return census.others() if census else None


def _first_pictures(source: Source, video_id: str, gops: range) -> Iterator[tuple[int, np.ndarray]]:
    """Small pictures of the first frames of GOPs: a closed GOP's first frame is decoded without the others."""
    table = source.table("frames")
    for start in range(0, len(gops), _GOPS_PER_READ):
        wanted = list(gops[start : start + _GOPS_PER_READ])
        blobs = table.read_blobs("pixels", equals(video_id=video_id, gop=wanted), key="gop")
        for gop in sorted(blobs):
            yield gop, _first_picture(blobs[gop])


def _first_picture(data: bytes) -> np.ndarray:
    """(h, w, 3) uint8 RGB, scaled down for the face network."""
    import av

    from tango_models.perception.faces import PICTURE_SIDE

    decoder = av.CodecContext.create("h264", "r")
    decoder.thread_count = 1
    try:
        packet = [*decoder.parse(data), *decoder.parse()][0]
        (frame, *_) = [*decoder.decode(packet), *decoder.decode(None)]
    except (av.error.FFmpegError, ValueError, IndexError) as error:
        fault = "its video bytes are damaged"
        raise InputError("stored clip", fault, "run the extraction of its video again") from error
    scale = min(1.0, PICTURE_SIDE / max(frame.width, frame.height))
    size = {"width": max(2, round(frame.width * scale)), "height": max(2, round(frame.height * scale))}
    return frame.reformat(format="rgb24", interpolation="AREA", **size).to_ndarray()
