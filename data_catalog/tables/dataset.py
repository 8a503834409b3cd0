"""One Lance dataset: a table, or a shard of one. Created once, read by filter, written by upsert. Nothing else in the
project writes Lance."""

import logging
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import lance
import pyarrow as pa
import pyarrow.compute as pc
from lance import blob_array

from data_catalog.faults import InUse
from data_catalog.tables.compaction import drop_deleted_rows, is_merged, merge_fragments
from data_catalog.tables.contention import is_contention, retry
from data_catalog.tables.presence import alone, is_lockable, present
from data_catalog.tables.releases import STAMP, check_release, check_versions, release_of
from data_catalog.tables.schemas import SCHEMA
from data_catalog.tables.table_spec import TableSpec
from data_catalog.uris.reachable import UnusableStore, check_store

_LOG = logging.getLogger(__name__)
_STORAGE_VERSION: Literal["2.2"] = "2.2"  # the first that holds blob v2 columns
_TIDY_EVERY, _TIDY_EVERY_WITH_BLOBS = 16, 64
"""Writes of a process to a table after which it merges what they left; blobs are dear to copy."""
_SWEEP_EVERY = 4
"""Merges after which it also deletes old versions."""
_KEEP, _KEEP_LEDGER = timedelta(hours=1), timedelta(minutes=10)
"""How long a read or a write may take where nobody knows who is at it (see `presence`): the second where rows are few
bytes and come one at a time."""
_UNTAGGED = "Ref not found"
_FORBIDDEN = ("Permission denied", "Read-only file system", "Forbidden", "AccessDenied")
_ABSENT = re.compile(r"Dataset at path .* was not found", re.DOTALL)
_ALL_BUT_THE_NEWEST: dict[str, Any] = {"retain_versions": 1, "delete_unverified": True}
_SESSION = lance.Session(index_cache_size_bytes=1 << 20, metadata_cache_size_bytes=32 << 20)
"""Of this process: what a table's files hold is then read once, and not at every look (half of what a look costs)."""
_writes: Counter[str] = Counter()
_counting = threading.Lock()


class Dataset:
    """The rows of a table that lie in one place; see `store.Table`.

    Writers may race from many processes and machines. Every write is an upsert on the declared primary key without
    an index (with a BTREE on a merge key, eight processes left hundreds of duplicates; `dependencies` measurements),
    retried on contention with jitter.

    Args:
        catalog: the URI of the catalog, a folder or an object-store prefix.
        path: where in it the dataset lies.
        tag: read the version of that name, and write nothing; see `tags`.
    """

    def __init__(
        self,
        catalog: str,
        path: str,
        spec: TableSpec,
        storage_options: dict[str, str] | None = None,
        tag: str | None = None,
    ) -> None:
        self.spec, self._tag = spec, tag
        self._catalog = catalog
        self.uri = f"{catalog}/{path}"
        self._options = storage_options or None

    def find(self) -> lance.LanceDataset | None:
        """The newest version, or the tagged one; None when nothing was (then) written: looking creates nothing.

        Columns that came in since the dataset was made are added to it, empty: its rows are of an older `code_version`
        and will be made again.

        Raises:
            UnusableStore: the catalog is of a newer release, or has another key, or columns that are not known or hold
                something else: it is of one that this one does not read; columns are missing, and none can be added.
            UnusableStore: the object store does not answer, has no such bucket, or lets nobody in; or a power cut has
                emptied a version.
        """
        check_store(self._catalog, self._options)
        try:
            dataset = lance.dataset(self.uri, self._tag, storage_options=self._options, session=_SESSION)
        except (ValueError, FileNotFoundError, OSError) as error:
            if not (self._tag and _UNTAGGED in str(error)) and not _ABSENT.match(str(error)):
                check_versions(self.uri)
                raise  # a bucket, or a file of the table, that is missing is a fault
            return None
        check_release(self.uri, self.spec, dataset.schema)
        new = set(self.spec.schema.names) - set(dataset.schema.names)
        return retry(self._with_new_columns) if new and not self._tag else dataset

    def _with_new_columns(self) -> lance.LanceDataset:
        dataset = lance.dataset(self.uri, storage_options=self._options, session=_SESSION)
        if new := [field for field in self.spec.schema if field.name not in dataset.schema.names]:
            try:
                dataset.add_columns(pa.schema(new))
            except OSError as error:
                if not any(word in str(error) for word in _FORBIDDEN):
                    raise
                fault = f"it is of an older release (it has no column {new[0].name}), and may not be written to"
                raise UnusableStore(f"{self.uri}: {fault}; change its permissions, or use a copy") from error
        return dataset

    def stamp(self) -> None:
        """Where the dataset is there, and of a release that does not know of `SCHEMA`, keep that release from it."""
        if (dataset := self.find()) is not None and release_of(dataset.schema) < SCHEMA:
            self._write(lambda newest: newest.update_schema_metadata(dict(STAMP)))

    def open(self) -> lance.LanceDataset:
        """The newest version; the dataset is created if it does not exist yet, whoever comes first."""
        if (dataset := self.find()) is not None:
            return dataset
        if "://" not in self.uri:
            Path(self.uri).parent.mkdir(parents=True, exist_ok=True)
        try:
            return lance.write_dataset(
                rows_of(self.spec, []).replace_schema_metadata(STAMP),
                self.uri,
                mode="create",
                data_storage_version=_STORAGE_VERSION,
                enable_stable_row_ids=True,
                storage_options=self._options,
            )
        except OSError as error:  # another process created it between our look and our write
            if "exist" not in str(error).lower() and not is_contention(error):
                raise
            return lance.dataset(self.uri, storage_options=self._options, session=_SESSION)

    def upsert(self, rows: pa.Table, *, where: str | None = None) -> None:
        """See `store.Table.upsert`; a primary key occurs once among `rows`."""
        self.open()
        self._write(
            lambda dataset: (
                dataset.merge_insert(list(self.spec.primary_key))
                .when_matched_update_all(where)
                .when_not_matched_insert_all()
                .use_index(False)
                .execute(rows)
            )
        )
        self._tidy_now_and_then()

    def delete(self, condition: str) -> int:
        """See `store.Table.delete`."""
        if found := self.count(condition):
            self._write(lambda dataset: dataset.delete(condition))
        return found

    def _write(self, write: Callable[[lance.LanceDataset], object]) -> None:
        assert not self._tag, f"{self.spec.name} is read as it was at {self._tag}, and not written"

        def attempt() -> None:
            with present(self.uri):
                write(self.open())

        retry(attempt)

    def read(self, names: list[str], where: str | None = None) -> pa.Table:
        """Columns of the rows that satisfy a filter, in no order."""
        with present(self.uri):
            dataset = self.find()
            if dataset is None:
                return pa.schema([self.spec.schema.field(name) for name in names]).empty_table()
            there = [name for name in names if name in dataset.schema.names]
            table = dataset.to_table(columns=there, filter=where)
        for position, name in enumerate(names):  # came in since it was tagged
            if name not in there:
                field = self.spec.schema.field(name)
                table = table.add_column(position, field, pa.nulls(table.num_rows, field.type))
        return table

    def read_blobs(self, column: str, where: str, *, key: str) -> dict[Any, bytes]:
        """See `store.Table.read_blobs`."""
        with present(self.uri):
            dataset = self.find()
            if dataset is None:
                return {}
            found = dataset.to_table(columns=[key], filter=where, with_row_id=True)
            if not found.num_rows:
                return {}
            blobs = dataset.take_blobs(column, ids=found["_rowid"].to_pylist())
            keys = found[key].to_pylist()
            return {k: blob.readall() for k, blob in zip(keys, blobs, strict=True) if blob is not None}

    def blob_sizes(self, column: str, columns: list[str]) -> pa.Table:
        """See `store.Table.blob_sizes`."""
        with present(self.uri):
            dataset = self.find()
            if dataset is None:
                fields = [self.spec.schema.field(name) for name in columns]
                return pa.schema([*fields, pa.field("size", pa.uint64())]).empty_table()
            table = dataset.to_table(columns=[*columns, column])
        sizes = pc.fill_null(pc.struct_field(table[column], "size"), 0)
        return table.select(columns).append_column("size", sizes)

    def count(self, where: str | None = None) -> int:
        with present(self.uri):
            dataset = self.find()
            return dataset.count_rows(where) if dataset is not None else 0

    def size_on_disk(self) -> int:
        """Bytes of all the dataset's files, old versions included."""
        with present(self.uri):
            dataset = self.find()
            if dataset is None:
                return 0
            return sum(sum(batch["size_bytes"].to_pylist()) for batch in dataset.all_files())

    # -- upkeep -------------------------------------------------------------------------------------------------

    def compact(self, *, wait: float = 2.0) -> None:
        """See `store.Table.compact`."""
        if not self._is_tidy():  # most are, where there are many datasets
            self.merge()
            self.forget_versions(wait=wait)

    def _is_tidy(self) -> bool:
        with present(self.uri):
            dataset = self.find()
            if dataset is None or not is_merged(dataset):
                return dataset is None
            try:
                return len(dataset.versions()) == 1
            except ValueError:  # where nobody is known to be alone, one may just be deleted
                return False

    def rewrite(self, *, wait: float, certain: bool = False) -> int:
        """See `store.Table.rewrite`."""
        if self.find() is None:
            return 0
        blobs = bool(self.spec.blobs)
        self._write(lambda dataset: drop_deleted_rows(dataset, blobs=blobs))
        # The newest version is kept with what was done in it, which names the rows that a deletion was for.
        self._write(lambda dataset: dataset.update_config({"tango.rewritten": str(time.time_ns())}))
        return self.forget_versions(wait=wait, certain=certain)

    def forget_versions(
        self,
        *,
        wait: float = 0.0,
        certain: bool = False,
        keep: timedelta = timedelta(0),
        dry_run: bool = False,
    ) -> int:
        """See `store.Table.forget_versions`."""
        with alone(self.uri, wait=wait) as nobody_else:
            dataset = self.find()
            if dataset is None:
                return 0
            if nobody_else or (certain and not is_lockable(self.uri)):
                chosen = _ALL_BUT_THE_NEWEST if not keep else {"older_than": keep, "delete_unverified": True}
                return _clean_up(dataset, chosen, dry_run)
        if certain:
            raise InUse(f"{self.uri}: in use all the time; let the other runs end and give the command again")
        with present(self.uri):
            at_least = _KEEP if self.spec.stage else _KEEP_LEDGER
            return _clean_up(self.open(), {"older_than": max(keep, at_least)}, dry_run)

    def merge(self) -> None:
        """Merge small fragments; losing against another writer is no fault."""
        if self.find() is None:
            return
        try:
            with present(self.uri):
                merge_fragments(self.open(), blobs=bool(self.spec.blobs))
        except (OSError, RuntimeError) as error:
            if not is_contention(error):
                raise

    def _tidy_now_and_then(self) -> None:
        every = _TIDY_EVERY_WITH_BLOBS if self.spec.blobs else _TIDY_EVERY
        with _counting:
            _writes[self.uri] += 1
            count = _writes[self.uri]
        try:
            if count % every == 0:
                self.merge()
            if count % (every * _SWEEP_EVERY) == 0:
                with alone(self.uri) as nobody_else:
                    if nobody_else:
                        _clean_up(self.open(), _ALL_BUT_THE_NEWEST)
        except OSError as error:  # what was to be written is written; `compact` at the end of the run says it too
            _LOG.warning("%s: could not be compacted (%s)", self.uri, error)


def rows_of(spec: TableSpec, rows: Iterable[dict[str, Any]]) -> pa.Table:
    """Dictionaries to an Arrow table of a table's schema; missing columns become null."""
    rows = list(rows)
    columns = []
    for field in spec.schema:
        values = [row.get(field.name) for row in rows]
        columns.append(blob_array(values) if field.name in spec.blobs else pa.array(values, field.type))
    return pa.table(columns, schema=spec.schema)


def _clean_up(dataset: lance.LanceDataset, chosen: dict[str, Any], dry_run: bool = False) -> int:
    """Delete versions, but none that is tagged; returns the bytes of their files."""
    if dry_run:
        return dataset.explain_cleanup_old_versions(**chosen, error_if_tagged_old_versions=False).stats.bytes_removed
    return dataset.cleanup_old_versions(**chosen, error_if_tagged_old_versions=False).bytes_removed
