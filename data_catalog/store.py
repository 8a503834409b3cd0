"""One Lance table: created once, read by filter, written by upsert. Nothing else in the project writes Lance."""

import random
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, TypeVar

import lance
import pyarrow as pa
from lance import blob_array

from data_catalog.schemas import TableSpec

T = TypeVar("T")
_STORAGE_VERSION: Literal["2.2"] = "2.2"  # the first that holds blob v2 columns
_COMMIT_ATTEMPTS = 24
_CONTENTION = ("conflict", "contention", "concurrent", "too many retries", "retryable")


class Table:
    """A table of the catalog at `uri` (a folder or an object-store prefix).

    Writers may race from many processes and machines. Every write is an upsert on the declared primary key without
    an index (with a BTREE on a merge key, eight processes left hundreds of duplicates; `dependencies` measurements),
    retried on contention with jitter.
    """

    def __init__(self, uri: str, spec: TableSpec, storage_options: dict[str, str] | None = None) -> None:
        self.spec = spec
        self.uri = f"{uri}/{spec.name}.lance"
        self._options = storage_options or None

    def find(self) -> lance.LanceDataset | None:
        """The newest version; None when nothing was ever written: looking creates no table.

        Columns that came in since the table was made are added to it, empty: its rows are of an older `code_version`
        and will be made again.
        """
        try:
            dataset = lance.dataset(self.uri, storage_options=self._options)
        except (ValueError, FileNotFoundError, OSError) as error:
            if "not found" not in str(error).lower():
                raise
            return None
        return dataset if set(self.spec.schema.names) <= set(dataset.schema.names) else _retry(self._with_new_columns)

    def _with_new_columns(self) -> lance.LanceDataset:
        dataset = lance.dataset(self.uri, storage_options=self._options)
        if new := [field for field in self.spec.schema if field.name not in dataset.schema.names]:
            dataset.add_columns(pa.schema(new))
        return dataset

    def open(self) -> lance.LanceDataset:
        """The newest version; the table is created if it does not exist yet, whoever comes first."""
        if (dataset := self.find()) is not None:
            return dataset
        if "://" not in self.uri:
            Path(self.uri).parent.mkdir(parents=True, exist_ok=True)
        try:
            return lance.write_dataset(
                self.rows([]),
                self.uri,
                mode="create",
                data_storage_version=_STORAGE_VERSION,
                enable_stable_row_ids=True,
                storage_options=self._options,
            )
        except OSError as error:  # another process created it between our look and our write
            if "exist" not in str(error).lower() and not _is_contention(error):
                raise
            return lance.dataset(self.uri, storage_options=self._options)

    def rows(self, rows: Iterable[dict[str, Any]]) -> pa.Table:
        """Dictionaries to an Arrow table of this schema; missing columns become null."""
        rows = list(rows)
        columns = []
        for field in self.spec.schema:
            values = [row.get(field.name) for row in rows]
            columns.append(blob_array(values) if field.name in self.spec.blobs else pa.array(values, field.type))
        return pa.table(columns, schema=self.spec.schema)

    def upsert(self, rows: pa.Table | Iterable[dict[str, Any]]) -> int:
        """Insert rows, or replace those with the same primary key. Returns how many rows were given.

        Raises:
            ValueError: a primary key occurs twice among `rows`.
        """
        table = rows if isinstance(rows, pa.Table) else self.rows(rows)
        if not table.num_rows:
            return 0
        keys = table.select(list(self.spec.primary_key))
        if keys.group_by(keys.column_names).aggregate([]).num_rows != table.num_rows:
            raise ValueError(f"{self.spec.name}: the same primary key twice in one write")
        _retry(
            lambda: (
                self.open()
                .merge_insert(list(self.spec.primary_key))
                .when_matched_update_all()
                .when_not_matched_insert_all()
                .use_index(False)
                .execute(table)
            )
        )
        return table.num_rows

    def delete(self, condition: str) -> None:
        """Delete the rows that satisfy a filter; nothing is written when there are none."""
        if self.count(condition):
            _retry(lambda: self.open().delete(condition))

    def read(self, columns: list[str] | None = None, where: str | None = None) -> pa.Table:
        """Rows without their blobs, in primary-key order unless the key is not among `columns`."""
        names = columns or [f.name for f in self.spec.schema if f.name not in self.spec.blobs]
        dataset = self.find()
        if dataset is None:
            return pa.schema([self.spec.schema.field(name) for name in names]).empty_table()
        table = dataset.to_table(columns=names, filter=where)
        order = [(key, "ascending") for key in self.spec.primary_key if key in names]
        return table.sort_by(order) if order else table

    def read_blobs(self, column: str, where: str, *, key: str) -> dict[Any, bytes]:
        """The blobs of the rows that satisfy `where`, by the value of column `key`."""
        dataset = self.find()
        if dataset is None:
            return {}
        found = dataset.to_table(columns=[key], filter=where, with_row_id=True)
        if not found.num_rows:
            return {}
        blobs = dataset.take_blobs(column, ids=found["_rowid"].to_pylist())
        return {k: blob.readall() for k, blob in zip(found[key].to_pylist(), blobs, strict=True) if blob is not None}

    def count(self, where: str | None = None) -> int:
        dataset = self.find()
        return dataset.count_rows(where) if dataset is not None else 0

    def unique_keys(self) -> int:
        """How many different primary keys there are: equals `count()` or a writer is at fault."""
        keys = self.read(list(self.spec.primary_key))
        return keys.group_by(keys.column_names).aggregate([]).num_rows

    def compact(self, *, keep: timedelta = timedelta(hours=1)) -> None:
        """Merge small fragments and forget versions older than `keep` (readers of old versions need that long)."""
        dataset = self.find()
        if dataset is None:
            return
        if len(dataset.get_fragments()) > 8:
            _retry(lambda: self.open().optimize.compact_files())
        self.open().cleanup_old_versions(older_than=keep)


def _is_contention(error: Exception) -> bool:
    return any(word in str(error).lower() for word in _CONTENTION)


def _retry(write: Callable[[], T]) -> T:
    for attempt in range(_COMMIT_ATTEMPTS):
        try:
            return write()
        except (OSError, RuntimeError) as error:
            if attempt + 1 == _COMMIT_ATTEMPTS or not _is_contention(error):
                raise
            time.sleep(random.uniform(0, min(2.0, 0.05 * 1.5**attempt)))
    raise AssertionError("unreachable")
