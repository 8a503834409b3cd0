"""How visible the seams of a render are, measured on the frames as they pass."""

import numpy as np

from data_catalog import Source, clip_id, video_of
from data_catalog.keys import equals
from data_catalog.tables.sizes import CLIP_FRAMES
from tango_models.metrics.seam_visibility import ResidualMeter, visibility
from tasks.views.columns import unpack_masks
from tasks.views.footage.canvas import fit_masks
from tasks.views.paths.playback import Playback


class SeamWatch:
    """Sees every frame of a render, in order, and then says how visible its seams are."""

    def __init__(self, source: Source, playback: Playback, size: tuple[int, int]) -> None:
        self._meter = ResidualMeter()
        self._windows = [seam.frames or range(seam.cut, seam.cut) for seam in playback.seams]
        self._next = 0  # the first seam that was not told
        shown = zip(playback.track, playback.frame.tolist(), strict=True)
        self._shown = [(clip_id(track, frame // CLIP_FRAMES), frame % CLIP_FRAMES) for track, frame in shown]
        tracks = sorted(set(playback.track))
        table = source.table("clips").read(["clip_id", "mask"], where=equals(track_id=tracks))
        self._masks = dict(zip(table["clip_id"].to_pylist(), table["mask"].to_pylist(), strict=True))  # 2 kB each
        self._canvas, self._videos = size, [video_of(track) for track in playback.track]
        columns = ["video_id", "width", "height"]
        videos = source.table("videos").read(columns, where=equals(video_id=playback.videos)).to_pylist()
        self._sizes = {row["video_id"]: (row["width"], row["height"]) for row in videos}
        self._window = {t: seam.frames for seam in playback.seams for t in seam.frames}
        self._around: tuple[range, np.ndarray] | None = None  # a window and whoever is in one of its frames

    def see(self, t: int, frame: np.ndarray) -> None:
        """Take output frame `t`, (H, W, 3) uint8 RGB."""
        self._meter.see(frame, self._person(t))

    def told(self) -> list[tuple[int, float]]:
        """Seams that are newly past, so that all that their visibility is measured by was seen: number and visibility.
        Those at the end of the render are told by `figures` alone."""
        found: list[tuple[int, float]] = []
        while self._next < len(self._windows):
            visible = self._meter.prominent(self._windows[self._next])
            if visible is None:
                break
            found.append((self._next, visible))
            self._next += 1
        return found

    def _person(self, t: int) -> np.ndarray:
        window = self._window.get(t)
        if window is None:
            return self._mask(t)
        if self._around is None or self._around[0] != window:
            self._around = window, np.logical_or.reduce([self._mask(k) for k in window if 0 <= k < len(self._shown)])
        return self._around[1]

    def _mask(self, t: int) -> np.ndarray:
        clip, position = self._shown[t]
        mask = unpack_masks([self._masks[clip]])[position : position + 1]
        return fit_masks(mask, self._sizes[self._videos[t]], self._canvas)[0]

    def figures(self) -> tuple[list[float], dict[str, float]]:
        """The visibility of each seam, and the figures of the whole render."""
        whole, behind = (visibility(rest, self._windows) for rest in (self._meter.whole, self._meter.background))
        return whole.seams.round(2).tolist(), {
            "seams_that_pop": whole.seams_that_pop,
            "elsewhere_pop": whole.elsewhere_pop,
            "worst_seam": whole.worst,
            "worst_elsewhere": whole.elsewhere_worst,
            "worst_background": behind.worst,
            "worst_background_elsewhere": behind.elsewhere_worst,
        }
