"""When the picture goes over from one run to the other, place by place.

Two pictures that were brought to each other still differ in places: a fold, a mouth, an inset. If all of them went over
at one moment, that moment would be seen. So each place goes over when both runs are most alike there, and only as fast
as nobody notices; where they stay apart on the speaker, fast enough that nothing is seen twice for long.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from tango_models.interpolation.warping.matching import blur

_CAPPED = 60.0  # grey levels: what differs by more is simply something else
_QUICKEST = 1.5  # frames over which even equal places go over
_PREFERS_ALIKE = 6  # power by which a likeness counts
_MIDDLE = 0.2  # of the window: standard deviation of the moments when nothing tells
_OTHER = 15, 35  # grey levels from which two places show other things, which must not be seen at once for long
_DOUBLE = 4.0  # frames that this may last
_BEHIND = 4.0  # grey levels behind the speaker from which a place takes the whole window
_TOGETHER = 30, 60  # shares of the longer side over which differences, and moments, are one place's


@dataclass(frozen=True)
class Changeover:
    """When each place of the flow grid goes over. The window's frames are 0 .. count - 1.

    moment  (h, w) float32, frame at which both runs have the same share
    frames  (h, w) float32, over how many frames it goes over
    """

    moment: np.ndarray
    frames: np.ndarray

    def share(self, index: float) -> np.ndarray:
        """(h, w) float32 0..1 of the incoming run in frame `index`."""
        return np.clip((index - self.moment) / self.frames + 0.5, 0, 1).astype(np.float32)


def plan_changeover(
    differences: Sequence[np.ndarray], person: np.ndarray | None, *, per_frame: float, longest: float
) -> Changeover:
    """Moments for the frames 1 .. count - 2 of a window.

    Args:
        differences: of each of these frames, (h, w) grey levels that the two warped runs are apart.
        person: (h, w) 0..1, where the speaker is seen in any of them; None: everywhere.
        per_frame: grey levels that a place may change in a frame by going over.
        longest: frames that a place on the speaker may take; 4 where the runs show other things there.
    """
    count, side = len(differences) + 2, max(differences[0].shape)
    apart = np.stack([blur(np.minimum(rest, _CAPPED), side / _TOGETHER[0]) for rest in differences])
    least = apart.min(axis=0)
    index = np.arange(1, count - 1, dtype=np.float32)
    central = np.exp(-0.5 * ((index - (count - 1) / 2) / (_MIDDLE * count)) ** 2)
    alike = ((least + 2) / (apart + 2)) ** _PREFERS_ALIKE * central[:, None, None]
    moment = np.tensordot(index, alike, axes=1) / alike.sum(axis=0)
    moment = blur(moment.astype(np.float32), side / _TOGETHER[1])
    most = float(count - 1)
    other = np.clip((least - _OTHER[0]) / (_OTHER[1] - _OTHER[0]), 0, 1)
    bound = np.minimum(longest + other * (_DOUBLE - longest), most)
    frames = np.clip(least / per_frame, min(_QUICKEST, most), bound).astype(np.float32)
    if person is not None:
        slow = np.clip(least / _BEHIND, 0, 1) * (most - _QUICKEST) + _QUICKEST
        frames = (slow + person * (frames - slow)).astype(np.float32)
    frames = np.minimum(blur(frames, side / _TOGETHER[1]), most)
    return Changeover(np.clip(moment, frames / 2, most - frames / 2).astype(np.float32), frames)


def on_grid(masks: Sequence[np.ndarray], shape: tuple[int, int], *, around: float) -> np.ndarray:
    """(h, w) float32 0..1: where any of some masks is true, and `around` pixels of the grid around it."""
    total = np.zeros(shape, np.float32)
    for mask in masks:
        resized = cv2.resize(np.ascontiguousarray(mask, np.float32), shape[::-1], interpolation=cv2.INTER_LINEAR)
        total = np.maximum(total, resized)
    reach = max(1, round(around))
    grown = cv2.dilate((total > 0.3).astype(np.float32), np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))
    return blur(grown, reach / 2 + 0.5)
