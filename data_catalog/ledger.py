"""Units of work: what is wanted, what is done, what failed and why.

A stage works in units (a video, a pair of videos, a seam). The `units` table has one row for each, written after the
unit's data rows, so a unit is done exactly when its row says `ok` for the wanted version. What is pending is the
anti-join of the wanted units with that table.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson
import pyarrow as pa


@dataclass(frozen=True)
class Provenance:
    """Where a row comes from: the unit, the hash of the upstream fields it read, and the versions that made it."""

    unit: str
    input_hash: str
    code_version: str
    config_hash: str
    run_id: str

    def columns(self) -> dict[str, Any]:
        return {
            "unit": self.unit,
            "input_hash": self.input_hash,
            "code_version": self.code_version,
            "config_hash": self.config_hash,
            "run_id": self.run_id,
            "produced_at": datetime.now(UTC),
        }


@dataclass(frozen=True)
class Unit:
    """One wanted unit of work of a stage.

    Attributes:
        stage: the stage's name.
        key: the unit's key within the stage: ids only, so equal work has an equal key.
        subject: what a person calls it; used in messages.
        code_version, config_hash: of the stage.
        upstream: by stage, the units whose rows are read for it.
        inputs: the ids and small settings the stage needs to do it (JSON-able; never pixels or features). What decides
            the result beyond what is read stands in the key.
        input_hash: hash of the column groups that the stage declares to read, of those units.
    """

    stage: str
    key: str
    subject: str
    code_version: str
    config_hash: str
    upstream: dict[str, list[str]] = field(default_factory=dict, hash=False)
    inputs: dict[str, Any] = field(default_factory=dict, hash=False)
    input_hash: str = ""

    @property
    def version(self) -> tuple[str, str, str]:
        return self.input_hash, self.code_version, self.config_hash

    def provenance(self, run_id: str) -> Provenance:
        return Provenance(self.key, self.input_hash, self.code_version, self.config_hash, run_id)


class UnitRecord(NamedTuple):
    """A row of `units`."""

    stage: str
    unit: str
    subject: str
    input_hash: str
    code_version: str
    config_hash: str
    status: str
    error: str | None
    attempts: int
    n_rows: int
    seconds: float
    run_id: str
    fields: dict[str, str]
    upstream: dict[str, list[str]]

    @property
    def ok(self) -> bool:
        return self.status == "ok"

    @property
    def version(self) -> tuple[str, str, str]:
        return self.input_hash, self.code_version, self.config_hash

    def field_hash(self, name: str) -> str:
        """The content hash of a group of columns; stages that read only that group depend on nothing else."""
        return self.fields[name]

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> "UnitRecord":
        return cls(*(row[name] for name in COLUMNS[:-2]), *(_loads(row[name]) for name in COLUMNS[-2:]))

    @classmethod
    def from_table(cls, table: pa.Table) -> "Iterator[UnitRecord]":
        """The records of rows with the columns of `COLUMNS`. Those that read the same units share one `upstream`."""
        *columns, given, upstream = [_values(table[name]) for name in COLUMNS]
        by_text = {text: _loads(text) for text in set(upstream)}
        return map(cls, *columns, map(_loads, given), map(by_text.__getitem__, upstream))


COLUMNS = list(UnitRecord._fields)
"""Of `units` that make a record; the last two are JSON."""


def _values(column: pa.ChunkedArray) -> list:
    """`to_pylist`, of strings several times as fast."""
    return column.to_numpy().tolist() if pa.types.is_string(column.type) else column.to_pylist()


def _loads(text: str | None) -> dict[str, Any]:
    return orjson.loads(text) if text else {}
