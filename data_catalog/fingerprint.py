"""Content hashes of groups of columns, taken from the rows as they are written."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from data_catalog.keys import digest
from data_catalog.tables.schemas import TABLES, groups_of, tables_of


class Fingerprint:
    """What a unit of a stage has written, group by group. The same rows in the same order have the same hashes,
    however many are written at a time.

    Two runs of the same code on the same input agree bit for bit, or what reads the rows is made again.
    """

    def __init__(self, stage: str) -> None:
        self._stage = stage
        self._columns: dict[tuple[str, str], _ColumnHash] = {}

    def see(self, table: str, rows: pa.Table, blobs: Mapping[str, Sequence[bytes | None]]) -> None:
        """The next rows of a table, and its blobs as bytes."""
        spec = TABLES[table]
        for name in [*spec.primary_key, *(column for columns in spec.groups.values() for column in columns)]:
            state = self._columns.setdefault((table, name), _ColumnHash())
            state.see(pa.array(blobs[name], pa.binary()) if name in spec.blobs else rows[name])

    def hashes(self) -> dict[str, str]:
        """The hash of every group of the stage; of no rows where none were written."""
        found = {}
        for group in groups_of(self._stage):
            parts = []
            for table in tables_of(self._stage):
                spec = TABLES[table]
                if columns := spec.groups.get(group):
                    states = [self._columns.get((table, name)) for name in (*spec.primary_key, *columns)]
                    parts.append([table, [state.digest() if state else "" for state in states]])
            found[group] = digest(parts)
        return found


class _ColumnHash:
    """Values, lengths and gaps of a column, each in a stream of its own."""

    def __init__(self) -> None:
        self._streams = {name: hashlib.blake2b(digest_size=16) for name in ("values", "lengths", "nulls")}

    def see(self, column: pa.Array | pa.ChunkedArray) -> None:
        array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        for part in array.chunks if isinstance(array, pa.ChunkedArray) else [array]:
            self._see(part)

    def _see(self, array: pa.Array) -> None:
        self._streams["nulls"].update(array.is_null().cast(pa.uint8()).to_numpy(zero_copy_only=False).tobytes())
        kind = array.type
        if pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind):
            lengths = [0 if value is None else value for value in pa.compute.list_value_length(array).to_pylist()]
            self._note("lengths", lengths)
            self._see_values(array.flatten())
        else:
            self._see_values(array)

    def _see_values(self, array: pa.Array) -> None:
        kind = array.type
        if pa.types.is_string(kind) or pa.types.is_binary(kind) or pa.types.is_fixed_size_binary(kind):
            values = [b"" if value is None else value for value in array.cast(pa.binary()).to_pylist()]
            self._note("lengths", [len(value) for value in values])
            for value in values:
                self._streams["values"].update(value)
        else:
            plain = array.cast(pa.uint8()) if pa.types.is_boolean(kind) else array
            plain = plain.fill_null(0) if plain.null_count else plain
            self._streams["values"].update(plain.to_numpy(zero_copy_only=False).tobytes())

    def _note(self, stream: str, numbers: Sequence[int]) -> None:
        self._streams[stream].update(b"".join(number.to_bytes(8, "little") for number in numbers))

    def digest(self) -> str:
        return "".join(state.hexdigest() for state in self._streams.values())


def blob_values(table: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, list[bytes | None]]:
    """The blobs of rows, by column."""
    return {name: [row.get(name) for row in rows] for name in TABLES[table].blobs}
