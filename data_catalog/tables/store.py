"""A table of the catalog: one dataset, or many that are shards of it."""

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from data_catalog.keys import equals
from data_catalog.tables.dataset import Dataset, rows_of
from data_catalog.tables.schemas import LEDGER, TABLES
from data_catalog.tables.shards import (
    existing_shards,
    is_whole,
    shard_of,
    shard_path,
    shards_in,
    shards_of,
    whole_path,
)
from data_catalog.tables.table_spec import TableSpec

T = TypeVar("T")
_AT_ONCE = 16
_stamped: set[str] = set()
"""Catalogs that no older release touches any more, as far as this process knows."""


class Table:
    """A table of the catalog at `uri` (a folder or an object-store prefix), in one dataset or in shards.

    Args:
        tag: read the version of that name, and write nothing; see `tags`.
    """

    def __init__(
        self, uri: str, spec: TableSpec, storage_options: dict[str, str] | None = None, tag: str | None = None
    ) -> None:
        self.spec = spec
        self._catalog, self._options, self._tag = uri, storage_options, tag

    def parts(self, where: str | None = None) -> list[Dataset]:
        """The datasets in which rows may lie that satisfy a filter: those of its videos where it is a `keys.Filter`
        that asks for some, else all. They may not be there yet."""
        if not self._is_cut():
            return [self._dataset(whole_path(self.spec.name))]
        shards = shards_of(self.spec, where)
        if shards is None:
            shards = set(existing_shards(self._catalog, self.spec.name, self._options))
        return [self._shard(shard) for shard in sorted(shards)]

    def split(self, rows: pa.Table) -> list[tuple[Dataset, pa.Table]]:
        """Rows, by the dataset in which they are to lie.

        Raises:
            ValueError: a row is of several videos; see `shards_in`.
        """
        if not self._is_cut():
            return [(self._dataset(whole_path(self.spec.name)), rows)]
        own = shards_in(self.spec, rows)
        shards = pc.unique(own).to_pylist()
        if len(shards) == 1:
            return [(self._shard(shards[0]), rows)]
        return [(self._shard(shard), rows.filter(pc.equal(own, shard))) for shard in shards]

    def _is_cut(self) -> bool:
        return bool(self.spec.shards_by) and not is_whole(self._catalog, self._options)

    def _shard(self, shard: str) -> Dataset:
        return self._dataset(shard_path(self.spec.name, shard))

    def _dataset(self, path: str) -> Dataset:
        return Dataset(self._catalog, path, self.spec, self._options, self._tag)

    def exists(self) -> bool:
        """Whether anything was (then) written; see `Dataset.find`."""
        return any(part.find() is not None for part in self.parts())  # the first, as a rule

    def rows(self, rows: Iterable[dict[str, Any]]) -> pa.Table:
        """Dictionaries to an Arrow table of this schema; missing columns become null."""
        return rows_of(self.spec, rows)

    def upsert(self, rows: pa.Table | Iterable[dict[str, Any]], *, where: str | None = None) -> int:
        """Insert rows, or replace those with the same primary key. Returns how many rows were given.

        Args:
            where: replace only rows of which this holds, a filter over `target.` and `source.` columns.

        Raises:
            ValueError: a primary key occurs twice among `rows`; a row is of several videos, see `shards_in`.
        """
        table = rows if isinstance(rows, pa.Table) else self.rows(rows)
        if not table.num_rows:
            return 0
        if _count_keys(table, self.spec) != table.num_rows:
            raise ValueError(f"{self.spec.name}: the same primary key twice in one write")
        parts = self.split(table)
        self._keep_older_releases_off()
        for part, own in parts:
            part.upsert(own, where=where)
        return table.num_rows

    def _keep_older_releases_off(self) -> None:
        """One that knows of no shards would find none of the rows, and call them done."""
        if self._catalog not in _stamped and self._is_cut():
            for name in ("avatars", LEDGER):
                Dataset(self._catalog, whole_path(name), TABLES[name], self._options).stamp()
            _stamped.add(self._catalog)

    def delete(self, condition: str) -> int:
        """Delete the rows that satisfy a filter, and return how many they were; without any nothing is written."""
        return sum(each(self.parts(condition), lambda part: part.delete(condition)))

    def read(self, columns: list[str] | None = None, where: str | None = None, *, ordered: bool = True) -> pa.Table:
        """Rows without their blobs, in primary-key order unless the key is not among `columns`."""
        names = columns or [f.name for f in self.spec.schema if f.name not in self.spec.blobs]
        found = each(self.parts(where), lambda part: part.read(names, where))
        table = _joined(found) if found else pa.schema([self.spec.schema.field(n) for n in names]).empty_table()
        order = [(key, "ascending") for key in self.spec.primary_key if ordered and key in names]
        return table.sort_by(order) if order else table

    def read_blobs(self, column: str, where: str, *, key: str) -> dict[Any, bytes]:
        """The blobs of the rows that satisfy `where`, by the value of column `key`."""
        found: dict[Any, bytes] = {}
        for blobs in each(self.parts(where), lambda part: part.read_blobs(column, where, key=key)):
            found |= blobs
        return found

    def blob_sizes(self, column: str, columns: list[str]) -> pa.Table:
        """Some columns of all rows, with the bytes of each row's blob as `size`."""
        fields = [self.spec.schema.field(name) for name in columns]
        found = each(self.parts(), lambda part: part.blob_sizes(column, columns))
        return _joined(found) if found else pa.schema([*fields, pa.field("size", pa.uint64())]).empty_table()

    def count(self, where: str | None = None) -> int:
        return sum(each(self.parts(where), lambda part: part.count(where)))

    def size_on_disk(self) -> int:
        """Bytes of all the table's files, old versions included."""
        return sum(each(self.parts(), lambda part: part.size_on_disk()))

    def unique_keys(self) -> int:
        """How many different primary keys there are: equals `count()` or a writer is at fault. A row in a shard where
        nobody looks for it counts as none."""
        cut = self._is_cut()

        def here(part: Dataset) -> int:
            keys = part.read(list(self.spec.primary_key))
            if cut:
                own = [key for key in pc.unique(keys[0]).to_pylist() if self._shard(shard_of(key)).uri == part.uri]
                keys = keys.filter(pc.is_in(keys[0], pa.array(own, pa.string())))
            return _count_keys(keys, self.spec)

        return sum(each(self.parts(), here))

    # -- upkeep -------------------------------------------------------------------------------------------------

    def compact(self, videos: Iterable[str] | None = None, *, wait: float = 2.0) -> None:
        """Merge small fragments, then delete old versions: all when nobody else is at the table within `wait`
        seconds, else those that are old enough. Losing against another writer is no fault: he does it, or the next.

        Args:
            videos: only where rows of these lie; None: everywhere.
        """
        own = self.spec.shards_by[:1] if videos is not None else ()
        for part, left in self._within(wait, equals(**{name: list(videos or ()) for name in own}) if own else None):
            part.compact(wait=left)

    def rewrite(self, *, wait: float, certain: bool = False) -> int:
        """Take deleted rows off the disk: write anew what holds any, and delete old versions.

        Args:
            wait: seconds to wait until nobody else is at the table; if `certain`, at each part of it.
            certain: delete the old versions in any case. Where nobody is known to be alone (an object store) the
                caller answers for it that nobody else writes.

        Returns:
            the bytes of the files that were removed.

        Raises:
            InUse: `certain`, and somebody was at the table all the time.
        """
        if certain:
            return sum(each(self.parts(), lambda part: part.rewrite(wait=wait, certain=True)))
        return sum(part.rewrite(wait=left) for part, left in self._within(wait))

    def forget_versions(self, *, wait: float = 0.0, keep: timedelta = timedelta(0), dry_run: bool = False) -> int:
        """Delete old versions, but those that are tagged, and what writers that died left; see `rewrite`.

        Args:
            keep: leave those that are younger.
            dry_run: delete nothing, and say how many bytes it would free.
        """
        return sum(part.forget_versions(wait=left, keep=keep, dry_run=dry_run) for part, left in self._within(wait))

    def merge(self) -> None:
        """Merge small fragments; losing against another writer is no fault."""
        for part in self.parts():
            part.merge()

    def _within(self, wait: float, where: str | None = None) -> Iterator[tuple[Dataset, float]]:
        """The parts, and how many seconds of `wait` are left for each."""
        deadline = time.monotonic() + wait
        for part in self.parts(where):
            yield part, max(0.0, deadline - time.monotonic())


def each(parts: list[Dataset], work: Callable[[Dataset], T]) -> list[T]:
    """What some work makes of each dataset, in their order. In an object store it is done for many at a time: one after
    the other, each waits for the store's answers."""
    if len(parts) < 2 or "://" not in parts[0].uri:
        return [work(part) for part in parts]
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        return list(threads.map(work, parts))


def _joined(parts: list[pa.Table]) -> pa.Table:
    return pa.concat_tables([part for part in parts if part.num_rows] or parts[:1])


def _count_keys(rows: pa.Table, spec: TableSpec) -> int:
    keys = rows.select(list(spec.primary_key))
    return keys.group_by(keys.column_names).aggregate([]).num_rows
