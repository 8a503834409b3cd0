"""Which fragments of a table to merge. Each write leaves one, and every query opens them all: 1 ms for each."""

from collections.abc import Iterable
from dataclasses import dataclass

import lance

_SMALL = 4096
_SMALL_WITH_BLOBS = 64
"""Rows below which a fragment is merged without asking; a row with a blob holds up to a MB of pixels."""
_DELETED_SHARE = 0.1
_BLOB_BATCH = 16
"""Rows that are copied at a time where there are blobs, so that memory does not follow the table."""


@dataclass(frozen=True)
class _Size:
    fragment: int
    rows: int
    deleted: int


def is_merged(dataset: lance.LanceDataset) -> bool:
    """Whether there is nothing to merge at all."""
    fragments = dataset.get_fragments()
    return len(fragments) <= 1 and not any(fragment.num_deletions for fragment in fragments)


def merge_fragments(dataset: lance.LanceDataset, *, blobs: bool) -> None:
    """Merge the small fragments, so that their number follows the logarithm of the writes and a row is copied as
    seldom: a large one is left alone until the smaller ones together are as large, or a tenth of it is deleted."""
    sizes = _sizes(dataset)
    chosen = chosen_fragments(sizes, small=_SMALL_WITH_BLOBS if blobs else _SMALL)
    if len(chosen) > 1 or any(size.deleted for size in sizes if size.fragment in chosen):
        _compact(dataset, {size.fragment for size in sizes} - chosen, blobs=blobs, threshold=_DELETED_SHARE)


def drop_deleted_rows(dataset: lance.LanceDataset, *, blobs: bool) -> None:
    """Write every fragment anew that holds a deleted row, without it."""
    sizes = _sizes(dataset)
    if any(size.deleted for size in sizes):
        _compact(dataset, {size.fragment for size in sizes if not size.deleted}, blobs=blobs, threshold=0.0)


def chosen_fragments(sizes: Iterable[_Size], *, small: int) -> set[int]:
    """The fragments that are worth merging now."""
    chosen: set[int] = set()
    below = 0
    for size in sorted(sizes, key=lambda size: size.rows):
        if size.rows <= max(small, below) or size.deleted > _DELETED_SHARE * (size.rows + size.deleted):
            chosen.add(size.fragment)
        below += size.rows
    return chosen


def _sizes(dataset: lance.LanceDataset) -> list[_Size]:
    return [_Size(f.fragment_id, f.count_rows(), f.num_deletions) for f in dataset.get_fragments()]


def _compact(dataset: lance.LanceDataset, left_alone: set[int], *, blobs: bool, threshold: float) -> None:
    dataset.optimize.compact_files(
        materialize_deletions_threshold=threshold,
        excluded_fragment_ids=sorted(left_alone),
        batch_size=_BLOB_BATCH if blobs else None,
    )
