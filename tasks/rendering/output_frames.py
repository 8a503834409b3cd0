"""The pictures of a path, in order."""

from collections.abc import Iterator

import numpy as np

from data_catalog import Source
from data_catalog.tables.sizes import CLIP_FRAMES
from tasks.views.footage.canvas import fit_frame
from tasks.views.footage.frame_source import FRAME_CACHE_MB, GopCache
from tasks.views.paths.playback import Playback
from tasks.views.paths.stand_ins import MadePictures
from tasks.views.paths.transitions import read_transition

_BLOCK_FRAMES = 120  # looked ahead over at a time, 7 MB encoded at 768 x 768
_BLOCK_BYTES = 16 * 10**6
_BYTES_PER_PIXEL = 0.1  # encoded; see `tango_models.media.gop`


def output_frames(
    source: Source,
    playback: Playback,
    method: str,
    size: tuple[int, int],
    *,
    smooth: bool,
    cache_mb: float = FRAME_CACHE_MB,
) -> Iterator[np.ndarray]:
    """The (H, W, 3) uint8 frames to show, in order: source frames, generated ones around the seams, and with `smooth`
    generated ones where the footage shows a picture twice. `cache_mb`: of footage held at most."""
    cache = GopCache(source, megabytes=cache_mb)
    length = int(np.clip(_BLOCK_BYTES / (_BYTES_PER_PIXEL * size[0] * size[1]), CLIP_FRAMES, _BLOCK_FRAMES))
    made = MadePictures(source, playback.videos) if smooth else None
    windows = {t: seam for seam in playback.seams if seam.half for t in seam.frames}
    generated: tuple[object, Iterator[np.ndarray]] | None = None
    shown = playback.pictures
    for t, (video, frame) in enumerate(shown):
        if t % length == 0:
            # Within a seam's window no source frame is shown.
            block = range(t, min(t + length, len(shown)))
            part = [shown[k] for k in block if k not in windows]
            cache.expect((v, f // CLIP_FRAMES) for v, f in part)
            if made is not None:
                made.prefetch(part)
        seam = windows.get(t)
        if seam is None:
            picture = made.find(video, frame) if made is not None else None
            yield fit_frame(cache.frame(video, frame) if picture is None else picture, size)
            continue
        if generated is None or generated[0] is not seam:
            generated = (seam, read_transition(source, seam, method, size))
        yield next(generated[1])  # of the window's frames every one is shown, in order
