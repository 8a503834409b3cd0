"""What a stage is given to read from: its declared groups of columns, of the units it depends on, and nothing else.

So an undeclared read fails at once, in the first test, instead of becoming rows that are stale and say `ok`.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from data_catalog import Catalog
from data_catalog.tables.store import Table
from data_catalog.tables.table_spec import TableSpec

_QUOTED = re.compile(r"'(?:[^']|'')*'")
_NAME = re.compile(r"[A-Za-z_]\w*")


class UndeclaredRead(Exception):
    """A stage reads what it did not declare: a fault of its code."""


class DeclaredSource:
    """A `Source` that serves some groups of columns of some units.

    Args:
        reader: the stage's name, for messages; the rows of `own` units of it are served whole.
        groups: by stage, the groups that are declared.
        units: by stage, the units whose rows may be read. It may grow.
        before_own: called before rows of its own stage are read, which may not all be written yet.
    """

    def __init__(
        self,
        catalog: Catalog,
        reader: str,
        groups: Mapping[str, Iterable[str]],
        units: Mapping[str, Iterable[str]],
        *,
        own: Iterable[str] = (),
        before_own: Callable[[], None] = lambda: None,
    ) -> None:
        self._catalog, self._reader = catalog, reader
        self._groups = {stage: frozenset(names) for stage, names in groups.items()}
        self._units = {stage: set(keys) for stage, keys in units.items()}
        self._own, self._before_own = set(own), before_own
        self.served: set[tuple[str, str]] = set()
        """The (stage, group) pairs that were read."""

    def allow(self, stage: str, units: Iterable[str]) -> None:
        """Serve the rows of more units."""
        self._units.setdefault(stage, set()).update(units)

    def table(self, name: str) -> "DeclaredTable":
        return DeclaredTable(self, self._catalog.table(name))

    def check_columns(self, spec: TableSpec, columns: Iterable[str]) -> None:
        """Raises UndeclaredRead for a column of no declared group; notes the groups."""
        if spec.stage == self._reader:
            self._before_own()
            return
        for column in columns:
            if column in spec.primary_key or column in spec.identity:
                continue
            group = spec.group_of(column)
            if group is None or group not in self._groups.get(spec.stage, ()):
                declared = f'"{spec.stage}": (…, "{group}")' if group else "a group in data_catalog/tables/"
                raise UndeclaredRead(f"{self._reader} reads {spec.name}.{column} without declaring {declared}")
            self.served.add((spec.stage, group))

    def check_units(self, spec: TableSpec, units: Iterable[str]) -> None:
        """Raises UndeclaredRead for rows of a unit that the reader does not depend on."""
        allowed = self._own if spec.stage == self._reader else self._units.get(spec.stage, set())
        if foreign := set(units) - allowed:
            raise UndeclaredRead(
                f"{self._reader} reads rows in {spec.name} of {spec.stage} {sorted(foreign)[0]!r}, "
                f"which is not among the units it depends on"
            )


class DeclaredTable:
    """A table of a `DeclaredSource`."""

    def __init__(self, source: DeclaredSource, table: Table) -> None:
        self._source, self._table, self._spec = source, table, table.spec

    def read(self, columns: list[str] | None = None, where: str | None = None) -> pa.Table:
        """As `Table.read`; all columns of no name are refused, since they would be of every group."""
        if columns is None:
            raise UndeclaredRead(f"{self._spec.name} is read without naming columns")
        self._source.check_columns(self._spec, [*columns, *self._named_in(where)])
        found = self._table.read([*columns, "unit"] if "unit" not in columns else columns, where)
        self._source.check_units(self._spec, pc.unique(found["unit"]).to_pylist())
        return found.select(columns)

    def read_blobs(self, column: str, where: str, *, key: str) -> dict[Any, bytes]:
        self._source.check_columns(self._spec, [column, key, *self._named_in(where)])
        self._source.check_units(self._spec, pc.unique(self._table.read(["unit"], where)["unit"]).to_pylist())
        return self._table.read_blobs(column, where, key=key)

    def count(self, where: str | None = None) -> int:
        return self.read(list(self._spec.primary_key), where).num_rows

    def _named_in(self, where: str | None) -> list[str]:
        """The table's columns that a filter mentions."""
        names = set(_NAME.findall(_QUOTED.sub("", where or "")))
        return sorted(names & set(self._spec.schema.names) - {"unit"})


def all_groups(*declarations: Mapping[str, Iterable[str]]) -> dict[str, set[str]]:
    """Several declarations as one."""
    found: dict[str, set[str]] = {}
    for declaration in declarations:
        for stage, groups in declaration.items():
            found.setdefault(stage, set()).update(groups)
    return found
