"""The lips of a render as its report shows them: how far open they were painted, and the changes that can be seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from data_catalog import Source
from tango_models.metrics.seam_visibility import ResidualMeter, visibility
from tasks.rendering.seam_strips import SeamStrips
from tasks.views.footage.mouths import head_box
from tasks.views.paths.lips import read_lip_track
from tasks.views.paths.playback import Playback, SeamWindow

if TYPE_CHECKING:
    from tango_models.report.data import LipMoment


class LipWatch:
    """Sees every frame of a render whose mouths come from elsewhere, in order; then tells of its worst moments.

    Args:
        size: (width, height) of the render.
        most_bytes: of the pictures of them, inside a page.
    """

    def __init__(
        self, source: Source, path_id: str, playback: Playback, size: tuple[int, int], *, most_bytes: int
    ) -> None:
        count = len(playback.frame)
        self.opening, changes = read_lip_track(source, path_id, count)
        """(T,) eye distances between the painted lips; NaN where a frame keeps its own mouth."""
        self._meter, self._next = ResidualMeter(), 0
        self._box = head_box(source, playback.videos, size)
        self._changes = [range(t - 1, t + 1) for t in changes.tolist()] if self._box else []
        cuts = [SeamWindow("", "", change.stop - 1, 0) for change in self._changes]
        self._strips = SeamStrips(Playback(playback.track, playback.frame, cuts), most_bytes=most_bytes)

    def see(self, t: int, frame: np.ndarray) -> None:
        """Take output frame `t`, (H, W, 3) uint8 RGB."""
        if not self._changes or self._box is None:
            return
        left, top, right, bottom = self._box
        head = np.ascontiguousarray(frame[top:bottom, left:right])
        self._meter.see(head)
        self._strips.see(t, head)
        while self._next < len(self._changes):
            visible = self._meter.prominent(self._changes[self._next])
            if visible is None:
                break
            self._rank(visible)

    def _rank(self, visible: float) -> None:
        self._strips.rank(self._next, visible)
        self._next += 1

    def moments(self) -> tuple[list[LipMoment], float]:
        """Of a render that was seen: the changes of the mouth's source that are pictured, and the share of all that can
        be seen."""
        from tango_models.report.data import LipMoment

        seen = visibility(self._meter.whole, self._changes)
        while self._next < len(self._changes):
            self._rank(float(seen.seams[self._next]))
        strips = sorted(self._strips.strips.items())
        found = [LipMoment(self._changes[k].stop - 1, strip, float(seen.seams[k])) for k, strip in strips]
        return found, seen.seams_that_pop
