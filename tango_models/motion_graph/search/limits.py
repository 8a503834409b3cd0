"""What a path has to keep besides being cheap: uses of a clip, no jump repeated soon."""

from dataclasses import dataclass, field

import numpy as np

from tango_models.motion_graph.search.objective import Before
from tango_models.motion_graph.search.repeats import Jumps, repeated


@dataclass(frozen=True)
class Limits:
    """What a path of T nodes has to keep."""

    uses: np.ndarray | None
    """(N,) int64: how often each node may be shown at most, or None."""
    repeat_within: int
    """Slots within which no jump may be repeated; 0 for no such limit. See `repeats.repeated`."""
    place: np.ndarray
    """(N,) `repeats.places`."""
    earlier: Jumps = field(default_factory=Jumps.none)
    """Jumps before the path, at negative times: what it may not repeat either."""
    before: Before | None = None
    """What is shown before the path."""


@dataclass(frozen=True)
class Excess:
    """By how much a path breaks the limits."""

    uses: np.ndarray
    """(N,) superfluous uses of each node."""
    repeats: Jumps
    """The jumps that repeat one."""

    @property
    def total(self) -> int:
        return int(self.uses.sum()) + len(self.repeats)


def excess(nodes: np.ndarray, jumped: np.ndarray, limits: Limits) -> Excess:
    """By how much a path (T,) breaks the limits."""
    count = len(limits.place)
    over = np.zeros(count, np.int64)
    if limits.uses is not None:
        over = np.maximum(np.bincount(nodes, minlength=count) - limits.uses, 0)
    jumps = Jumps.of_path(nodes, jumped, limits.before)
    again = Jumps.none()
    if limits.repeat_within:
        chain = limits.earlier.then(jumps)
        positions = repeated(chain, limits.place, limits.repeat_within)
        positions = positions[positions >= len(limits.earlier)]
        again = Jumps(chain.time[positions], chain.src[positions], chain.dst[positions])
    return Excess(over, again)
