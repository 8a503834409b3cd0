"""What is read from: the whole catalog, or the part of it that a stage declares."""

from typing import Any, Protocol

import pyarrow as pa


class ReadableTable(Protocol):
    """A table without its means of writing; see `store.Table`."""

    def read(self, columns: list[str] | None = None, where: str | None = None) -> pa.Table: ...

    def read_blobs(self, column: str, where: str, *, key: str) -> dict[Any, bytes]: ...

    def count(self, where: str | None = None) -> int: ...


class Source(Protocol):
    """Tables by name."""

    def table(self, name: str) -> ReadableTable: ...
