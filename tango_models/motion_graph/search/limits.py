"""What a path has to keep besides being cheap: uses of a clip, no jump repeated soon."""

from dataclasses import dataclass

import numpy as np

from tango_models.motion_graph.search.repeats import jumps_of, repeated


@dataclass(frozen=True)
class Limits:
    """What a path of T nodes has to keep."""

    uses: np.ndarray | None
    """(N,) int64: how often each node may be shown at most, or None."""
    repeat_within: int
    """Slots within which no jump may be repeated; 0 for no such limit. See `repeats.repeated`."""
    place: np.ndarray
    """(N,) `repeats.places`."""


@dataclass(frozen=True)
class Excess:
    """By how much a path breaks the limits."""

    uses: np.ndarray
    """(N,) superfluous uses of each node."""
    repeats: np.ndarray
    """(K,) int64 numbers of the jumps that repeat one."""

    @property
    def total(self) -> int:
        return int(self.uses.sum()) + len(self.repeats)


def excess(nodes: np.ndarray, jumped: np.ndarray, limits: Limits) -> Excess:
    """By how much a path (T,) breaks the limits."""
    count = len(limits.place)
    over = np.zeros(count, np.int64)
    if limits.uses is not None:
        over = np.maximum(np.bincount(nodes, minlength=count) - limits.uses, 0)
    return Excess(over, repeated(jumps_of(nodes, jumped), limits.place, limits.repeat_within))
