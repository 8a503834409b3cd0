"""Where to cut from one run to another, and over how many frames: from what both show around the jump.

Output frame t shows frame t of the outgoing or of the incoming run, on one clock. So the cut may move by some frames
and the window may grow, and nothing before or behind it changes its time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from tango_models.interpolation.seam import window_alpha
from tango_models.interpolation.warping.alignment import HAND_SCALE, HAND_TURN, similarity

_LOST = 0.15  # as different in shape as a hand counts that is found in one run only
_PIXELS = 1000  # per image height, for what is measured in pixels


@dataclass(frozen=True)
class PlacementConfig:
    """What a seam may look like, and what makes one better than another. Terms are in natural units: 1 is noticeable.

    Attributes:
        min_half, max_half: frames made on each side of the cut, where there is room.
        max_shift: frames that the cut may move from the border of its clips.
        slowest_hand, slowest_head: image heights per frame at which a hand and the head may always move; as fast as one
            of the two runs moves them at that time they may move, too. The same limits the change from step to step,
            so that a fast hand does not turn back at once.
        travel: price of a hand's or wrist's step or change of step that goes furthest beyond that, in multiples of it.
        head: the same for the head, whose steps are seen first.
        shape: price of a hand that changes its shape by its own size when the picture changes over.
        face: price of a face that changes by 10 grey levels then.
        life: price of a made frame: lips and fingers follow neither run in it.
        shift: price of each frame that the cut moves.
        hold: price of each frame for which a run has no footage and stands still, as far as it is shown.
        stutter: price of two repeated frames so close to each other that the picture stands still twice.
        whole, background: price of a picture, and of what is not the speaker in it, that changes over by as much as it
            usually changes from frame to frame.
    """

    min_half: int = 7
    max_half: int = 8
    max_shift: int = 4
    slowest_hand: float = 0.008
    slowest_head: float = 0.004
    travel: float = 1.0
    head: float = 2.0
    shape: float = 3.0
    face: float = 0.5
    life: float = 0.025
    shift: float = 0.04
    hold: float = 0.5
    stutter: float = 0.3
    whole: float = 0.1
    background: float = 0.4


@dataclass(frozen=True)
class RunAround:
    """One run at the offsets -K .. K-1 from the border of its clip; where there is no footage, the last frame is held.

    Lengths are in image heights; NaN where unknown.
    """

    hands: np.ndarray
    """(2K, 2, 21, 2) points of the left and right hand."""
    wrists: np.ndarray
    """(2K, 2, 2) left and right wrist of the body, which are known where a hand is blurred or out of the picture."""
    head: np.ndarray
    """(2K, 3) middle and side of the face."""
    face: np.ndarray
    """(2K, h, w) uint8 grey, the face at one place and size."""
    held: np.ndarray
    """(2K,) bool: there is no footage, the frame is a copy of the nearest one."""
    repeated: np.ndarray
    """(2K,) bool: shows the picture before once more."""
    picture: np.ndarray
    """(2K, P) uint8 grey, the whole frame small."""
    person: np.ndarray
    """(2K, P) bool, in its pixels: where the speaker is."""
    usual: np.ndarray
    """(2,) grey levels by which the whole picture, and the background, change from frame to frame."""


@dataclass(frozen=True)
class Placement:
    """Where a seam lies: frames -half .. half-1 around the cut are made, the cut is `shift` frames late. `cost`: what
    it was chosen by."""

    shift: int
    half: int
    cost: float = 0.0


def place_seam(
    outgoing: RunAround,
    incoming: RunAround,
    *,
    before: int,
    after: int,
    config: PlacementConfig | None = None,
) -> Placement:
    """The cheapest placement of a seam. The same data give the same placement.

    Args:
        outgoing: the run that is left; its border is the end of its last clip.
        incoming: the run that is entered; its border is the beginning of its first clip.
        before, after: frames on each side of the border that belong to this seam.

    Returns:
        one whose window lies within `before` and `after`. Without room for `min_half` frames each side, the longest
        that a moved cut has room for; without any, `half` is 0: a plain cut.
    """
    config = config or PlacementConfig()
    reach = len(outgoing.head) // 2
    before, after = min(before, reach - 2), min(after, reach - 2)
    largest = min(config.max_half, (before + after) // 2)
    smallest = min(config.min_half, largest)
    if smallest < 1:
        return Placement(0, 0)
    look = _Comparison(outgoing, incoming, config)

    def cheapest(half: int) -> Placement | None:
        low, high = max(-config.max_shift, half - before), min(config.max_shift, after - half)
        placed = [Placement(s, half, look.cost(s, half)) for s in sorted(range(low, high + 1), key=abs)]
        return _cheapest(one for one in placed if one.cost < float("inf"))

    lengths = (cheapest(half) for half in range(smallest, largest + 1))
    best = _cheapest(placed for placed in lengths if placed)
    shorter = iter(range(smallest - 1, 0, -1))  # the room lies on one side, or the footage ends: as long as can be
    while best is None and (half := next(shorter, 0)):
        best = cheapest(half)
    return best or Placement(0, 0)


def _cheapest(placements: Iterable[Placement]) -> Placement | None:
    """The first of the cheapest; what differs by rounding alone costs the same."""
    best: Placement | None = None
    for placed in placements:
        if best is None or placed.cost < best.cost - 1e-6:
            best = placed
    return best


class _Comparison:
    """Both runs side by side, frame by frame."""

    def __init__(self, outgoing: RunAround, incoming: RunAround, config: PlacementConfig) -> None:
        self._config, self._old, self._new = config, outgoing, incoming
        self._border = len(outgoing.head) // 2
        followed = [
            (run.hands[:, 0], run.hands[:, 1], *np.split(run.wrists, 2, axis=1)) for run in (outgoing, incoming)
        ]
        pairs = [(old, new, config.slowest_hand, config.travel) for old, new in zip(*followed, strict=True)]
        pairs.append((outgoing.head[:, None, :2], incoming.head[:, None, :2], config.slowest_head, config.head))
        self._parts = []
        for old, new, slowest, price in pairs:
            allowed = [np.fmax(_widened(np.fmax(see(old), see(new))), slowest) for see in (_steps, _turns)]
            self._parts.append((old, new, allowed, price))
        difference = np.abs(outgoing.face.astype(np.float32) - incoming.face).mean(axis=(1, 2))
        seen = np.isfinite(outgoing.head[:, 0]) & np.isfinite(incoming.head[:, 0])
        self._face = np.where(seen, difference, 0.0)
        self._picture = self._pictures()
        self._shape: dict[int, float] = {}

    def cost(self, shift: int, half: int) -> float:
        config, cut = self._config, self._border + shift
        window = slice(cut - half, cut + half)
        alpha = window_alpha(2 * half)
        shown_late, shown_early = slice(self._border, cut), slice(cut, self._border)
        if self._old.held[shown_late].any() or self._new.held[shown_early].any():
            return float("inf")  # there is no such footage
        cost = config.life * 2 * half + config.shift * abs(shift)
        cost += config.hold * float(((1 - alpha) * self._old.held[window] + alpha * self._new.held[window]).sum())
        at_cut = slice(cut - 1, cut + 1)
        cost += config.shape * (self._shapes(cut - 1) + self._shapes(cut)) / 2
        cost += config.face * float(self._face[at_cut].mean()) / 10
        cost += float(self._picture[at_cut].mean(axis=0) @ [config.whole, config.background])
        around = slice(window.start - 1, window.stop + 1)
        whole = np.concatenate([[0.0], alpha, [1.0]])[:, None, None]
        for old, new, allowed, price in self._parts:
            shown = old[around] + whole * (new[around] - old[around])
            excess = [0.0]
            for see, most in zip((_steps, _turns), allowed, strict=True):
                found = see(shown)
                relative = found / most[around.start : around.start + len(found)] - 1
                excess.append(float(np.max(relative, initial=0.0, where=np.isfinite(relative))))
            cost += price * max(excess)
        return cost + config.stutter * self._stutters(cut)

    def _pictures(self) -> np.ndarray:
        """(2K, 2) by how much the pictures of both runs are apart, and the background, of what is usual."""
        old, new = self._old, self._new
        apart = np.abs(old.picture.astype(np.int16) - new.picture)
        free = ~(old.person | new.person)
        behind = (apart * free).sum(axis=1) / np.maximum(free.sum(axis=1), 1)
        usual = (np.asarray(old.usual, np.float64) + new.usual) / 2
        return np.stack([apart.mean(axis=1), behind], axis=1) / np.maximum(usual, 1e-6)

    def _shapes(self, t: int) -> float:
        """How much the hands differ in shape once they are brought to one place, size and turn, of their size."""
        if t not in self._shape:
            self._shape[t] = self._unlike(t)
        return self._shape[t]

    def _unlike(self, t: int) -> float:
        total = 0.0
        for k in range(2):
            old, new = self._old.hands[t, k], self._new.hands[t, k]
            known = [bool(np.isfinite(points).all()) for points in (old, new)]
            if known[0] != known[1]:
                total += _LOST
            elif all(known):
                matrix = similarity(old * _PIXELS, new * _PIXELS, scale=HAND_SCALE, turn=HAND_TURN, clip=True)
                if matrix is not None:
                    moved = old @ matrix[:, :2].T + matrix[:, 2] / _PIXELS
                    size = max(float(np.ptp(new, axis=0).max()), 1e-3)
                    total += min(1.0, float(np.linalg.norm(moved - new, axis=-1).mean()) / size)
        return total

    def _stutters(self, cut: int) -> bool:
        """Whether the last repeat before the cut and the first behind it lie within two frames."""
        old = np.flatnonzero(self._old.repeated[cut - 2 : cut])
        new = np.flatnonzero(self._new.repeated[cut : cut + 2])
        return bool(old.size and new.size and new[0] + 2 - old[-1] <= 2)


def _steps(points: np.ndarray) -> np.ndarray:
    """(T-1,) mean movement of points (T, P, 2) from frame to frame; NaN where unknown."""
    return np.linalg.norm(np.diff(points, axis=0), axis=-1).mean(axis=1)


def _turns(points: np.ndarray) -> np.ndarray:
    """(T-2,) mean change of movement of points (T, P, 2) from step to step; NaN where unknown."""
    return np.linalg.norm(np.diff(points, n=2, axis=0), axis=-1).mean(axis=1)


def _widened(values: np.ndarray) -> np.ndarray:
    """(S,) the largest known of each and its two neighbours; NaN where all are unknown."""
    padded = np.pad(values, 1, constant_values=np.nan)
    return np.fmax(np.fmax(padded[:-2], padded[1:-1]), padded[2:])
