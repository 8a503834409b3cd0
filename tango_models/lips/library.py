"""All mouths of an avatar's footage, side by side: what there is to choose from, and the speaker's own range."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tango_models.lips.head_pose import head_pose
from tango_models.lips.mesh_points import MOUTH
from tango_models.lips.mouths import Mouths
from tango_models.lips.visemes import LipTargets

_LEAST_RANGE = 0.04
"""Between closed and open lips, of the distance of the eyes, below which nobody speaks in the footage: the face mesh
of a still mouth scatters by half of it."""
_LEAST_WIDE = 0.08
"""Opening below which, when it is the widest, the inside of the mouth and the teeth are hardly seen: people who speak
reach 0.17 to 0.23."""
_MOST_TURNED = 40.0
_BLURRED = 0.5  # of the median sharpness
_LEAST_MOUTHS = 30


@dataclass(frozen=True)
class SpeakerRange:
    """What a speaker's mouth does, in eye distances.

    Attributes:
        closed: opening at the 3rd percentile; wide: at the 95th.
        narrow, usual, broad: width at the 5th, 50th and 95th percentile.
    """

    closed: float
    wide: float
    narrow: float
    usual: float
    broad: float

    @property
    def span(self) -> float:
        return self.wide - self.closed

    @property
    def speaks(self) -> bool:
        """Whether the mouth opens and closes at all."""
        return self.span >= _LEAST_RANGE

    @property
    def limited(self) -> bool:
        """Whether the mouth is never seen wide open."""
        return self.wide < _LEAST_WIDE

    def gap(self, opening: np.ndarray | float) -> np.ndarray:
        """Openings of `LipTargets` in eye distances."""
        return self.closed + np.asarray(opening) * self.span

    def breadth(self, width: np.ndarray) -> np.ndarray:
        """Widths of `LipTargets` in eye distances."""
        below, above = self.usual - self.narrow, self.broad - self.usual
        return self.usual + np.where(width < 0, width * below, width * above)


@dataclass(frozen=True)
class MouthLibrary:
    """N pictures of a mouth.

    Attributes:
        video: (N,) number of the video; frame: (N,) its frame; ascending.
        mouths: what was seen.
        shape: (N, 55, 3) float32, the points of `MOUTH` without the head's pose, one unit between the eyes.
        reference: (478, 3) float32, the mean face they are turned to.
        usable: (N,) bool: may be shown in another frame.
        follows: (N,) bool: is the frame after the one before, without a cut.
        range: of the usable ones.
    """

    video: np.ndarray
    frame: np.ndarray
    mouths: Mouths
    shape: np.ndarray
    reference: np.ndarray
    usable: np.ndarray
    follows: np.ndarray
    range: SpeakerRange

    def __len__(self) -> int:
        return len(self.frame)


def collect(
    parts: Sequence[tuple[np.ndarray, Mouths, Sequence[int]]], shape: np.ndarray, reference: np.ndarray
) -> MouthLibrary | None:
    """The mouths of several videos as one library; None where fewer than 30 frames show one that can be used.

    Args:
        parts: for each video its frame numbers (T,), their mouths (whose meshes may be left out), and the frames behind
            its cuts.
        shape: (N, 55, 3) of `mouth_shapes`, of all of them.
        reference: (478, 3) that they are turned to.
    """
    video = np.concatenate([np.full(len(frame), k) for k, (frame, _, _) in enumerate(parts)])
    frame = np.concatenate([frame for frame, _, _ in parts])
    mouths = Mouths.concatenate([mouths for _, mouths, _ in parts])
    follows = np.zeros(len(frame), bool)
    follows[1:] = (np.diff(video) == 0) & (np.diff(frame) == 1)
    for k, (_, _, cuts) in enumerate(parts):
        follows &= ~((video == k) & np.isin(frame, list(cuts)))
    seen = clear(mouths)
    if seen.sum() < _LEAST_MOUTHS:
        return None
    usable = seen & (mouths.sharpness > _BLURRED * np.median(mouths.sharpness[seen]))
    closed, wide = np.percentile(mouths.opening[usable], [3, 95])
    narrow, usual, broad = np.percentile(mouths.width[usable], [5, 50, 95])
    limits = SpeakerRange(*(float(value) for value in (closed, wide, narrow, usual, broad)))
    return MouthLibrary(video, frame, mouths, shape, reference, usable, follows, limits)


def asked_by(mouths: Mouths, limits: SpeakerRange) -> LipTargets:
    """What would have to be asked of a speaker for these mouths (T,); a mouth at rest where none is seen."""
    opening = (mouths.opening - limits.closed) / max(limits.span, 1e-6)
    beyond = mouths.width - limits.usual
    reach = np.where(beyond < 0, limits.usual - limits.narrow, limits.broad - limits.usual)
    width = np.clip(beyond / np.maximum(reach, 1e-6), -1, 1)
    return LipTargets(
        np.nan_to_num(opening).astype(np.float32), np.nan_to_num(width).astype(np.float32), np.zeros(len(mouths), bool)
    )


def width_speed(library: MouthLibrary) -> np.ndarray:
    """(N,) how much wider or narrower each mouth gets from frame to frame, of the speaker's range; 0 where no frame
    beside it is known. Lips that are spread or rounded fast are blurred, and the face mesh lags behind them."""
    limits, width = library.range, library.mouths.width.astype(np.float64)
    step = np.where(library.follows[1:], np.abs(np.diff(width)), np.nan)
    sides = np.stack([np.append(np.nan, step), np.append(step, np.nan)])
    known = np.isfinite(sides)
    total = np.where(known, sides, 0.0).sum(0) / np.maximum(known.sum(0), 1)
    return total / max(limits.broad - limits.narrow, 1e-3)


def clear(mouths: Mouths) -> np.ndarray:
    """(T,) bool: a mouth is seen, nothing is before it, and the face is not turned away."""
    turned = np.abs(np.nan_to_num(mouths.yaw, nan=90.0))
    return mouths.found & ~mouths.covered & (turned < _MOST_TURNED)


def mouth_shapes(meshes: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """(T, 55, 3) float32: lips and jaw of meshes (T, 478, 3) without the head's pose, one unit between the eyes."""
    return head_pose(meshes, reference).to_face(meshes)[:, MOUTH].astype(np.float32)
