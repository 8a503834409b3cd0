"""The pictures of a path, in order."""

from collections.abc import Iterator

import numpy as np

from data_catalog import Source
from data_catalog.schemas import CLIP_FRAMES
from tasks.views.canvas import fit_frame
from tasks.views.frame_source import GopCache
from tasks.views.playback import Playback
from tasks.views.stand_ins import MadePictures
from tasks.views.transitions import read_transition

_PREFETCH_FRAMES = 120


def output_frames(
    source: Source, playback: Playback, method: str, size: tuple[int, int], *, smooth: bool
) -> Iterator[np.ndarray]:
    """The (H, W, 3) uint8 frames to show, in order: source frames, generated ones around the seams, and with `smooth`
    generated ones where the footage shows a picture twice."""
    cache = GopCache(source)
    made = MadePictures(source, playback.videos) if smooth else None
    windows = {t: seam for seam in playback.seams if seam.half for t in seam.frames}
    generated: tuple[object, np.ndarray] | None = None
    shown = playback.pictures
    for t, (video, frame) in enumerate(shown):
        if t % _PREFETCH_FRAMES == 0:
            cache.forget()
            # Within a seam's window no source frame is shown.
            block = range(t, min(t + _PREFETCH_FRAMES, len(shown)))
            part = [shown[k] for k in block if k not in windows]
            cache.prefetch((v, f // CLIP_FRAMES) for v, f in part)
            if made is not None:
                made.prefetch(part)
        seam = windows.get(t)
        if seam is None:
            picture = made.find(video, frame) if made is not None else None
            yield fit_frame(cache.frame(video, frame) if picture is None else picture, size)
            continue
        if generated is None or generated[0] is not seam:
            generated = (seam, read_transition(source, seam, method, size))
        yield generated[1][t - seam.frames.start]
