"""Footage to train on: takes of speakers, read frame by frame, and windows drawn from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tango_models.errors import InputError
from tango_models.interpolation.acinterp.poses import Poses


@dataclass(frozen=True)
class Take:
    """Frames of one speaker without a cut between them.

    poses   of its T frames, px
    person  (T, h, w) bool, of any size: where the speaker is
    read    the frames of these numbers, (n, H, W, 3) uint8 RGB
    """

    avatar: str
    poses: Poses
    person: np.ndarray
    read: Callable[[Sequence[int]], np.ndarray]

    def __len__(self) -> int:
        return len(self.poses)


class Takes:
    """All takes of a run. Windows are drawn with the same chance wherever they lie, whoever they show.

    Raises:
        InputError: no take has `least` frames.
    """

    def __init__(self, takes: Sequence[Take], *, least: int) -> None:
        self._takes = [take for take in takes if len(take) >= least]
        self.least = least
        if not self._takes:
            longest = max((len(take) for take in takes), default=0)
            fault = f"has no take of {least} frames (the longest has {longest})"
            raise InputError("the footage to train on", fault, "give longer videos, or a smaller window")

    @property
    def avatars(self) -> list[str]:
        return sorted({take.avatar for take in self._takes})

    @property
    def frames(self) -> int:
        return sum(len(take) for take in self._takes)

    def draw(self, rng: np.random.Generator) -> tuple[Take, int]:
        """A take, and the first frame of a window of `least` frames in it."""
        starts = np.array([len(take) - self.least + 1 for take in self._takes])
        place = int(rng.integers(starts.sum()))
        which = int(np.searchsorted(np.cumsum(starts), place, side="right"))
        return self._takes[which], place - int(starts[:which].sum())
