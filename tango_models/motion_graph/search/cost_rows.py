"""Node costs of long speech, which need not lie in memory as one matrix."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, cast, runtime_checkable

import numpy as np

from tango_models.errors import InputError

_BLOCK = 4_000_000  # cells looked at together: 16 MB of float32


@runtime_checkable
class CostRows(Protocol):
    """(T, N) float32 costs, computed or read when a slice of rows is asked for. A numpy array is one, and a memmap."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def __getitem__(self, rows: slice) -> np.ndarray: ...


@dataclass(frozen=True)
class MaskedRows:
    """The first rows of another, with infinity for the nodes that may not be shown."""

    rows: CostRows
    steps: int
    usable: np.ndarray
    """(N,) bool."""

    @property
    def shape(self) -> tuple[int, ...]:
        return self.steps, self.rows.shape[1]

    def __getitem__(self, rows: slice) -> np.ndarray:
        part = self.rows[slice(*rows.indices(self.steps))]
        return np.where(self.usable[None, :], part, np.float32(np.inf)).astype(np.float32)


def as_rows(node_cost: np.ndarray | CostRows) -> CostRows:
    """An array as float32, any other provider of rows as it is."""
    if isinstance(node_cost, CostRows) and not isinstance(node_cost, np.ndarray):
        return node_cost
    return cast(CostRows, np.ascontiguousarray(node_cost, dtype=np.float32))


def blocks(rows: CostRows) -> Iterator[tuple[int, int]]:
    """Ranges of rows that cover all of them, some 16 MB each."""
    steps, nodes = rows.shape
    size = max(_BLOCK // nodes, 1)
    for start in range(0, steps, size):
        yield start, min(start + size, steps)


def read(rows: CostRows, start: int, stop: int) -> np.ndarray:
    """(stop - start, N) float32, contiguous. May share memory with the provider: not to be written to."""
    part = np.ascontiguousarray(rows[slice(start, stop)], dtype=np.float32)
    if part.shape != (stop - start, rows.shape[1]):
        fault = f"for slots {start} to {stop - 1} have shape {part.shape}"
        raise InputError("node costs", fault, f"give {(stop - start, rows.shape[1])}")
    return part


def showable(rows: CostRows) -> np.ndarray:
    """(N,) bool: nodes that may be shown in some slot. InputError for NaN or -inf anywhere."""
    some = np.zeros(rows.shape[1], bool)
    for start, stop in blocks(rows):
        part = read(rows, start, stop)
        if np.isnan(part).any() or np.isneginf(part).any():
            raise InputError("node costs", "contain NaN or -inf", "check the features the scorer was given")
        some |= np.isfinite(part).any(axis=0)
    return some


def along(rows: CostRows, nodes: np.ndarray) -> float:
    """Sum of the costs of showing nodes (T,), one a slot, in float64."""
    total = 0.0
    for start, stop in blocks(rows):
        part = read(rows, start, stop)
        total += float(part[np.arange(stop - start), nodes[start:stop]].astype(np.float64).sum())
    return total
