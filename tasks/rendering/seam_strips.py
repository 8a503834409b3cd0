"""Pictures of the seams, taken while the video is rendered."""

import heapq
from collections.abc import Sequence

import numpy as np

from tasks.views.playback import Playback, SeamWindow

_AROUND = 4  # frames shown on each side of a cut, at least
_HEIGHT = 200  # px of a frame: hands and mouth can be judged, 8 frames are about 60 KB
_POSTER_HEIGHT = 120


def frames_around(seam: SeamWindow, n_frames: int) -> range:
    """Output frames to show of a seam: what was made, and what it joins."""
    around = max(_AROUND, seam.half + 1)
    return range(max(0, seam.cut - around), min(n_frames, seam.cut + around))


def inlined(jpeg: bytes) -> int:
    """Bytes of a picture inside a page, as base64."""
    return 4 * -(-len(jpeg) // 3)


class SeamStrips:
    """Draws a strip of the frames around each cut, and keeps those of the worst seams.

    A strip is encoded when its last frame was seen, and only frames of seams that are not past are held, so memory
    follows neither the length of the video nor the number of its seams.

    Args:
        cost: of each seam of `playback`; the higher, the rather it is kept.
        most_bytes: of all strips together, as `inlined`.
        poster: number of a seam that is kept before all others and pictured smaller too; None without seams.
    """

    def __init__(self, playback: Playback, cost: Sequence[float], *, most_bytes: int, poster: int | None) -> None:
        self._seams, self._n_frames = playback.seams, len(playback.frame)
        self._rank = [float("inf") if k == poster else float(value) for k, value in enumerate(cost)]
        self._most, self._poster = most_bytes, poster
        self._begins: dict[int, list[int]] = {}
        for k, seam in enumerate(playback.seams):
            self._begins.setdefault(frames_around(seam, self._n_frames).start, []).append(k)
        self._open: dict[int, list[np.ndarray]] = {}
        self._kept: list[tuple[float, int]] = []  # a heap, the least of them first
        self._held = 0
        self._refused = -float("inf")  # the highest rank for which there was no room
        self.strips: dict[int, bytes] = {}
        """By number of the seam, a JPEG: those whose cost is above that of all others."""
        self.poster = b""

    def see(self, t: int, frame: np.ndarray) -> None:
        """Take what is wanted of output frame `t`, (H, W, 3) uint8; called for every frame, in order."""
        for k in self._begins.pop(t, ()):
            if self._rank[k] > self._refused:
                self._open[k] = []
        if not self._open:
            return
        import cv2

        width = max(1, round(frame.shape[1] * _HEIGHT / frame.shape[0]))
        small = cv2.resize(frame, (width, _HEIGHT), interpolation=cv2.INTER_AREA)
        for k in list(self._open):
            self._open[k].append(small)
            if t + 1 == frames_around(self._seams[k], self._n_frames).stop:
                self._close(k, self._open.pop(k))

    def _close(self, k: int, frames: list[np.ndarray]) -> None:
        from tango_models.report.strips import seam_strip

        seam = self._seams[k]
        times = frames_around(seam, self._n_frames)
        cut, made = seam.cut - times.start, [t in seam.frames for t in times]
        if k == self._poster:
            self.poster = seam_strip(frames, cut, made, height=_POSTER_HEIGHT)
        self.strips[k] = seam_strip(frames, cut, made, height=_HEIGHT)
        self._held += inlined(self.strips[k])
        heapq.heappush(self._kept, (self._rank[k], k))
        # What was refused once keeps all below it out, so that those shown are the worst whatever their order.
        while self._kept and (self._held > self._most or self._kept[0][0] <= self._refused):
            rank, least = heapq.heappop(self._kept)
            self._refused = max(self._refused, rank)
            self._held -= inlined(self.strips.pop(least))
