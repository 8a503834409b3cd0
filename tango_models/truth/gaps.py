"""Gaps in footage: frames that an interpolator is to make and that are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from tango_models.interpolation.seam import Seam
from tango_models.interpolation.seam_points import TORSO, arm_points, head_circle
from tango_models.interpolation.warping.arms import bridged

LENGTHS = (3, 7, 11)
"""Frames taken out: the seams that the project makes have 4 to 16."""
BEFORE, AFTER = 3, 3
"""Frames of footage on each side of what was taken out: an end, and two beyond it by which whoever wants to can see how
things move, as at a seam. The seam's own window has an even number: of an odd number the last lies behind it
(`Seam.after`)."""
SPEEDS = ("slow", "middle", "fast")
_SEEN = 0.6  # share of a gap's frames in which a hand is to be known for its speed to be
_LONGEST_BLINK = 4  # frames over which a hand that is not found is supposed to go evenly


@dataclass(frozen=True)
class Gap:
    """Frames to be made, what they are made from, and what they are.

    Attributes:
        seam: what the interpolator is given.
        made: frames of the seam's window that are judged; the others are given.
        true: (n, H, W, 3) uint8 RGB, what was there.
        hands: (n, 2, 4) px x0, y0, x1, y1 of the person's left and right hand; NaN where out of sight.
        points: (n, 2, 21, 2) px of the hands as the detector of the footage saw them; NaN where it did not.
        ends: (2, 2, 4) px, the hands in the last frame before the gap and in the first behind it.
        speed: of the faster hand on the way, picture heights a second.
        pace: number in `SPEEDS`, among the gaps of the same length and footage.
        kind: what it was taken from; gaps of a kind and length are counted together.
    """

    seam: Seam
    made: range
    true: np.ndarray
    hands: np.ndarray
    points: np.ndarray
    ends: np.ndarray
    speed: float
    pace: int
    kind: str = "footage"

    def __post_init__(self) -> None:
        shape = (len(self.made), *self.seam.outgoing.shape[1:])
        if self.true.shape != shape or self.true.dtype != np.uint8:
            raise ValueError(f"true frames must be {shape} uint8, not {self.true.shape} {self.true.dtype}")
        if not 0 < self.made.start <= self.made.stop < len(self.seam):
            raise ValueError(f"the frames {self.made} do not lie within a window of {len(self.seam)}")


@dataclass(frozen=True)
class Seen:
    """What is known of a run of frames: (N, 33, 2) px, (N, 33), (N, 2, 21, 2) px, (N, 2, 4) px and (N, P, 2) px of
    `Landmarks`, and (N, h, w) bool, where the speaker is, over the whole frame at any size."""

    body_xy: np.ndarray
    body_visibility: np.ndarray
    hands_xy: np.ndarray
    hand_boxes: np.ndarray
    face_xy: np.ndarray
    person: np.ndarray

    def frames(self, rows: Sequence[int] | np.ndarray) -> Seen:
        """Of some of them, in this order."""
        rows = np.asarray(rows)
        return Seen(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


@dataclass(frozen=True)
class Place:
    """Where a gap may be made: the picture behind which it begins is number `first` of a run, `length` are taken out
    and (speed, pace) are as in `Gap`."""

    first: int
    length: int
    speed: float
    pace: int = 0

    @property
    def window(self) -> range:
        """Pictures of the run that the gap's window holds, those that are taken out among them."""
        return range(self.first - BEFORE + 1, self.first + 1 + self.length + AFTER)


def places(hands_xy: np.ndarray, height: int, length: int, *, fps: float = 30.0) -> list[Place]:
    """All gaps of `length` frames in a run of pictures in which the speed of a hand is known.

    Args:
        hands_xy: (N, 2, 21, 2) px, NaN where not found.
        height: of the picture, px.
    """
    centre = bridged(hands_xy, longest=_LONGEST_BLINK).mean(axis=2) / height  # (N, 2, 2)
    step = np.linalg.norm(np.diff(centre, axis=0), axis=-1)  # (N-1, 2)
    found = []
    for first in range(BEFORE - 1, len(hands_xy) - length - AFTER):
        on_the_way = step[first : first + length + 1]
        known = np.isfinite(on_the_way)
        sides = known.mean(axis=0) >= _SEEN
        if sides.any():
            speed = np.nanmean(on_the_way[:, sides], axis=0).max() * fps
            found.append(Place(first, length, float(speed)))
    return found


def choose(candidates: Sequence[Place], count: int, rng: np.random.Generator) -> list[int]:
    """Numbers of `count` of these (all if they are fewer), as many of each tercile of speed as can be, increasing."""
    pace = paces(candidates)
    order = rng.permutation(len(candidates))
    ranks = np.empty(len(candidates), int)
    for tercile in range(len(SPEEDS)):
        members = order[pace[order] == tercile]
        ranks[members] = np.arange(len(members))
    wanted = np.lexsort((np.argsort(order), ranks))[:count]
    return sorted(wanted.tolist())


def paces(candidates: Sequence[Place]) -> np.ndarray:
    """(C,) tercile of the speed of each among all of them: 0, 1 or 2."""
    speed = np.array([place.speed for place in candidates])
    if not len(speed):
        return np.zeros(0, int)
    return np.searchsorted(np.quantile(speed, [1 / 3, 2 / 3]), speed, side="right")


def take_out(frames: np.ndarray, seen: Seen, place: Place, kind: str = "footage") -> Gap:
    """The gap at a place.

    Args:
        frames: (W, H, W', 3) uint8 RGB, the pictures of `place.window`.
        seen: of the same pictures.
    """
    length, count = place.length, len(frames)
    if count != len(place.window):
        raise ValueError(f"{count} frames for a window of {len(place.window)}")
    made, inside = range(BEFORE, BEFORE + length), count - count % 2
    # What was taken out is held back from both runs: each stands still from there on.
    outgoing = np.minimum(np.arange(inside), BEFORE - 1)
    incoming = np.maximum(np.arange(inside), BEFORE + length)
    times = np.clip((np.arange(inside) - (BEFORE - 1)) / (length + 1), 0.0, 1.0)
    arms = arm_points(seen.body_xy, seen.body_visibility, seen.hands_xy)
    heads = head_circle(seen.body_xy)
    seam = Seam(
        frames[outgoing], frames[incoming],
        seen.body_xy[outgoing][:, TORSO], seen.body_xy[incoming][:, TORSO],
        arms[outgoing], arms[incoming], heads[outgoing], heads[incoming],
        seen.person[outgoing], seen.person[incoming], seen.face_xy[outgoing], seen.face_xy[incoming],
        times=times, after=frames[inside:],
    )  # fmt: skip
    hidden = slice(made.start, made.stop)
    return Gap(
        seam, made, frames[hidden].copy(), seen.hand_boxes[hidden], seen.hands_xy[hidden],
        seen.hand_boxes[[made.start - 1, made.stop]], place.speed, place.pace, kind,
    )  # fmt: skip
