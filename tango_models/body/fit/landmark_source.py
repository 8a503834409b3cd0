"""A video's landmarks a chunk at a time, so that no step needs the whole video at once."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Protocol

import numpy as np

from tango_models.perception.landmarks import Landmarks

_PART_FRAMES = 60  # long enough to tell tremor from motion, short enough for ten parts to see ten moments


class LandmarkSource(Protocol):
    """Where landmarks come from: :class:`Landmarks` themselves, or rows read when they are asked for."""

    def __len__(self) -> int: ...

    @property
    def found(self) -> np.ndarray:
        """(T,) bool: frames in which a body was found."""
        ...

    def frames(self, start: int, stop: int) -> Landmarks:
        """The landmarks of frames ``start`` to ``stop`` (exclusive)."""
        ...


class Shot:
    """The landmarks of frames ``start`` to ``stop`` (exclusive) of a video, between two cuts."""

    def __init__(self, source: LandmarkSource, start: int, stop: int) -> None:
        self._source, self._start, self._stop = source, start, stop

    def __len__(self) -> int:
        return self._stop - self._start

    @property
    def found(self) -> np.ndarray:
        """(T,) bool: frames in which a body was found."""
        return self._source.found[self._start : self._stop]

    def frames(self, start: int, stop: int) -> Landmarks:
        """The landmarks of the shot's frames ``start`` to ``stop`` (exclusive)."""
        return self._source.frames(self._start + start, self._start + stop)


def spans(total: int, cuts: Sequence[int]) -> list[tuple[int, int]]:
    """(start, stop) of the shots of a video of ``total`` frames.

    Args:
        cuts: first frames behind the cuts.
    """
    return list(pairwise([0, *sorted({int(cut) for cut in cuts if 0 < cut < total}), total]))


def sample(source: LandmarkSource, frames: int, cuts: Sequence[int] = ()) -> list[Landmarks]:
    """Excerpts of at most ``frames`` frames in all, spread evenly over the frames in which somebody was found; the
    whole video where it is no longer than that. None reaches across a cut."""
    total = len(source)
    chosen = [(0, total)] if total <= frames else _spread(source.found, frames)
    inside = [(max(start, a), min(stop, b)) for start, stop in chosen for a, b in spans(total, cuts)]
    return [source.frames(start, stop) for start, stop in inside if start < stop]


def _spread(found: np.ndarray, frames: int) -> list[tuple[int, int]]:
    """(start, stop) of the excerpts of a video longer than ``frames``."""
    total = len(found)
    seen = np.flatnonzero(found)
    length = min(_PART_FRAMES, frames)
    count = frames // length
    excerpts, after = [], 0
    for k in range(count):
        middle = int(seen[int((k + 0.5) / count * len(seen))])
        start = min(max(middle - length // 2, after), total - length)
        if start >= after:
            excerpts.append((start, start + length))
            after = start + length
    return excerpts
