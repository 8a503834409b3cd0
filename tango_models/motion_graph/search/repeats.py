"""Jumps that a viewer sees again too soon: footage that flips back and forth, or loops."""

from typing import NamedTuple

import numba
import numpy as np

NEAR = 4
"""Clips (0.53 s) within which two clips of a run are the same place."""


class Jumps(NamedTuple):
    """S jumps in order of time."""

    time: np.ndarray
    """(S,) slots; a jump lies before the slot of that number."""
    src: np.ndarray
    """(S,) node shown before it."""
    dst: np.ndarray
    """(S,) node shown after it."""


def jumps_of(nodes: np.ndarray, jumped: np.ndarray) -> Jumps:
    """Of a path (T,) with jumped (T,) bool."""
    time = np.flatnonzero(jumped)
    return Jumps(time, nodes[time - 1].astype(np.int64), nodes[time].astype(np.int64))


def places(successor: np.ndarray) -> np.ndarray:
    """(N,) int64: where on the footage a node lies. Nodes of one run differ by their distance in clips, nodes of
    different runs by more than `NEAR`. A run that closes on itself is cut before its first node."""
    successor = np.asarray(successor, np.int64)
    place = np.full(successor.size, -1, np.int64)
    follows = np.zeros(successor.size, bool)
    follows[successor[successor >= 0]] = True
    position = 0
    for start in (*np.flatnonzero(~follows).tolist(), *np.flatnonzero(follows).tolist()):
        node = start
        while node >= 0 and place[node] < 0:
            place[node] = position
            position += 1
            node = int(successor[node])
        position += NEAR  # also after a node that was placed already, which leaves a wider gap
    return place


def repeated(jumps: Jumps, place: np.ndarray, within: int) -> np.ndarray:
    """Positions in `jumps` of those that go from about where to about where another went shortly before. (K,) int64.

    Shortly before: up to `within` slots when there is a jump in between, as in every A-B-A-B between two places; up to
    half of that when there is none, a loop played again, for a short run has to be played over and over.
    """
    time, place = np.asarray(jumps.time, np.int64), np.asarray(place, np.int64)
    return np.flatnonzero(_repeated(time, place, jumps.src, jumps.dst, within)) if within else np.zeros(0, np.int64)


@numba.njit(cache=True, nogil=True)
def _repeated(time, place, src, dst, within):
    found = np.zeros(time.size, np.bool_)
    for k in range(time.size):
        i = k - 1
        while i >= 0 and time[k] - time[i] <= within and not found[k]:
            near = abs(place[src[k]] - place[src[i]]) <= NEAR and abs(place[dst[k]] - place[dst[i]]) <= NEAR
            found[k] = near and (i < k - 1 or 2 * (time[k] - time[i]) <= within)
            i -= 1
    return found
