"""A video's landmarks a chunk at a time, so that no step needs the whole video at once."""

from __future__ import annotations

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


def sample(source: LandmarkSource, frames: int) -> list[Landmarks]:
    """Excerpts of at most ``frames`` frames in all, spread evenly over the frames in which somebody was found; the
    whole video where it is no longer than that."""
    total = len(source)
    if total <= frames:
        return [source.frames(0, total)]
    seen = np.flatnonzero(source.found)
    length = min(_PART_FRAMES, frames)
    count = frames // length
    excerpts, after = [], 0
    for k in range(count):
        middle = int(seen[int((k + 0.5) / count * len(seen))])
        start = min(max(middle - length // 2, after), total - length)
        if start >= after:
            excerpts.append(source.frames(start, start + length))
            after = start + length
    return excerpts
