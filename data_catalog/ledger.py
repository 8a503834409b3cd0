"""Units of work: what is wanted, what is done, what failed and why.

A stage works in units (a video, a pair of videos, a seam). The `units` table has one row for each, written after the
unit's data rows, so a unit is done exactly when its row says `ok` for the wanted version. What is pending is the
anti-join of the wanted units with that table.
"""

from collections.abc import Iterable, Mapping
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


def undone(units: Iterable[Unit], records: Mapping[str, UnitRecord]) -> list[Unit]:
    """Of units of a stage those that are not `ok` in the wanted version, by their rows."""
    found = [(unit, records.get(unit.key)) for unit in units]
    return [unit for unit, record in found if not (record and record.ok and record.version == unit.version)]


COLUMNS = list(UnitRecord._fields)
"""Of `units` that make a record; the last two are JSON."""


class Ledger:
    """Rows of `units`, of one read, for a look at very many: columns now, records of those that are asked for.

    Args:
        table: with the columns of `COLUMNS`.
    """

    def __init__(self, table: pa.Table) -> None:
        self._table = table
        self._columns: dict[str, list] = {}
        self._rows: dict[str, dict[str, int]] = {}
        self._records: dict[int, UnitRecord] = {}
        self._fields: dict[int, dict[str, str]] = {}
        self._upstream: dict[str, dict[str, list[str]]] = {}
        for row, (stage, unit) in enumerate(zip(self._column("stage"), self._column("unit"), strict=True)):
            self._rows.setdefault(stage, {})[unit] = row

    def units(self, stage: str) -> Iterable[str]:
        """The keys of a stage's units."""
        return self._rows.get(stage, {})

    def record(self, stage: str, unit: str) -> UnitRecord | None:
        """A unit's row. Those that read the same units share one `upstream`."""
        row = self._rows.get(stage, {}).get(unit)
        if row is None:
            return None
        if row not in self._records:
            *values, _, upstream = [self._column(name)[row] for name in COLUMNS]
            if upstream not in self._upstream:
                self._upstream[upstream] = _loads(upstream)
            self._records[row] = UnitRecord._make([*values, self._fields_of(row), self._upstream[upstream]])
        return self._records[row]

    def fields(self, stage: str, unit: str) -> dict[str, str]:
        """The content hash of each group of columns that a unit wrote."""
        row = self._rows[stage][unit]
        return self._fields.get(row) or self._fields_of(row)

    def are_ok(self, stage: str, units: Iterable[str], version: tuple[str, str, str]) -> bool:
        """Whether units of a stage are all done in a version."""
        rows, (input_hash, code_version, config_hash) = self._rows.get(stage, {}), version
        states, hashes = self._column("status"), self._column("input_hash")
        codes, configs = self._column("code_version"), self._column("config_hash")
        for unit in units:
            row = rows.get(unit)
            if row is None or hashes[row] != input_hash or states[row] != "ok":
                return False
            if codes[row] != code_version or configs[row] != config_hash:
                return False
        return True

    def _fields_of(self, row: int) -> dict[str, str]:
        found = self._fields.get(row)
        if found is None:
            found = self._fields[row] = _loads(self._column("fields")[row])
        return found

    def _column(self, name: str) -> list:
        if name not in self._columns:
            column = self._table[name]  # of strings this is several times as fast as `to_pylist`
            values = column.to_numpy().tolist() if pa.types.is_string(column.type) else column.to_pylist()
            self._columns[name] = values
        return self._columns[name]


def _loads(text: str | None) -> dict[str, Any]:
    return orjson.loads(text) if text else {}
