"""Pictures of the seams, taken while the video is rendered."""

import heapq

import numpy as np

from tasks.views.paths.playback import Playback, SeamWindow

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

    A strip is encoded when its last frame was seen, and waits for its `rank`; only frames of seams that are not past
    are held, so memory follows neither the length of the video nor the number of its seams, if ranks come soon.

    Args:
        most_bytes: of all strips together, as `inlined`.
    """

    def __init__(self, playback: Playback, *, most_bytes: int) -> None:
        self._seams, self._n_frames = playback.seams, len(playback.frame)
        self._most = most_bytes
        self._begins: dict[int, list[int]] = {}
        for k, seam in enumerate(playback.seams):
            self._begins.setdefault(frames_around(seam, self._n_frames).start, []).append(k)
        self._open: dict[int, list[np.ndarray]] = {}
        self._ranks: dict[int, float] = {}  # of seams whose strip is not drawn yet
        self._drawn: dict[int, tuple[bytes, bytes]] = {}  # strip and poster of seams without a rank
        self._kept: list[tuple[float, int]] = []  # ranks and, below 0, numbers: a heap, the least of them first
        self._held = 0
        self._refused = (-float("inf"), 0)  # the highest for which there was no room
        self._worst = (-float("inf"), 0)
        self.strips: dict[int, bytes] = {}
        """By number of the seam, a JPEG: those whose rank is above that of all others."""
        self.poster = b""
        """A smaller JPEG of the seam of the highest rank; empty without any."""

    def see(self, t: int, frame: np.ndarray) -> None:
        """Take what is wanted of output frame `t`, (H, W, 3) uint8; called for every frame, in order."""
        for k in self._begins.pop(t, ()):
            self._open[k] = []
        if not self._open:
            return
        import cv2

        width = max(1, round(frame.shape[1] * _HEIGHT / frame.shape[0]))
        small = cv2.resize(frame, (width, _HEIGHT), interpolation=cv2.INTER_AREA)
        for k in list(self._open):
            self._open[k].append(small)
            if t + 1 == frames_around(self._seams[k], self._n_frames).stop:
                self._draw(k, self._open.pop(k))

    def rank(self, k: int, value: float) -> None:
        """How bad seam `k` is, once for each, before or after its frames were seen; of equals the first is worse."""
        if k in self._drawn:
            self._place(k, value, *self._drawn.pop(k))
        else:
            self._ranks[k] = value

    def _draw(self, k: int, frames: list[np.ndarray]) -> None:
        from tango_models.report.strips import seam_strip

        seam = self._seams[k]
        times = frames_around(seam, self._n_frames)
        cut, made = seam.cut - times.start, [t in seam.frames for t in times]
        drawn = seam_strip(frames, cut, made, height=_HEIGHT), seam_strip(frames, cut, made, height=_POSTER_HEIGHT)
        if k in self._ranks:
            self._place(k, self._ranks.pop(k), *drawn)
        else:
            self._drawn[k] = drawn

    def _place(self, k: int, rank: float, strip: bytes, poster: bytes) -> None:
        place = (rank, -k)
        if place > self._worst:
            self._worst, self.poster = place, poster
        if place <= self._refused:
            return
        self.strips[k] = strip
        self._held += inlined(strip)
        heapq.heappush(self._kept, place)
        # What was refused once keeps all below it out, so that those shown are the worst whatever their order.
        while self._kept and (self._held > self._most or self._kept[0] <= self._refused):
            least = heapq.heappop(self._kept)
            self._refused = max(self._refused, least)
            self._held -= inlined(self.strips.pop(-least[1]))
