"""The stage contract: rows in, model, rows out.

Every stage is the same small shape, so that orchestration knows none of the models and a new stage is one file and a
few lines where it is registered (CONTRIBUTING.md, *Where to put a new thing*):

- class attributes `name` and `code_version` (raise it when what is computed changes: Prefect's own source hash would
  see a task's lines, not the model they call);
- `reads`, what it reads of which stages: a unit's version covers exactly that, and nothing else can be read;
- `cores`, the CPUs that one worker keeps busy;
- `libraries`, modules that `process` needs and that are slow to import: a worker imports them while the stage before
  still computes;
- `file_settings`, `files` and `outputs`, where it reads or writes files beside the catalog (`runtime/files.py`);
- a typed `config` whose content hash is part of every row's version;
- `plan` says which units are wanted and of which units they read (cheap: no pixels);
- `setup` loads what is expensive, once per worker;
- `process` does one unit: reads rows by key, writes rows through `out`.

Its tables, and the groups of columns in them that other stages may read, stand in `data_catalog/tables/`.
"""

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

import pyarrow as pa
from pydantic import BaseModel

from data_catalog import Catalog, Provenance, Source, Unit, digest
from data_catalog.fingerprint import Fingerprint, blob_values
from data_catalog.tables.schemas import tables_of
from tasks.runtime.files import Files
from tasks.runtime.plan_source import PlanSource

Groups = Mapping[str, Sequence[str]]
"""By stage, the names of groups of its columns."""


_HELD_BYTES = 8 << 20
"""Of rows that are written at once. Each write compares its keys with those of the whole dataset."""


class RowWriter:
    """Writes a unit's rows with their provenance, and reports progress. What is given in small parts is held back and
    written together; whoever reads the table before the unit has ended calls `flush`.

    Args:
        begin: called before the first row is written.
        progress: called with (done, total) in the stage's own measure, frames as a rule.
    """

    def __init__(
        self, catalog: Catalog, stage: str, provenance: Provenance, progress: Callable[[int, int], None] | None = None,
        *, begin: Callable[[], None] | None = None,
    ) -> None:  # fmt: skip
        self._catalog, self._tables = catalog, tables_of(stage)
        self._provenance = provenance
        self._progress = progress or (lambda done, total: None)
        self._begin = begin
        self._fingerprint = Fingerprint(stage)
        self._held: dict[str, list[pa.Table]] = {}
        self.n_rows = 0

    def write(self, rows: Iterable[dict[str, Any]], *, table: str | None = None) -> None:
        """Upsert rows into the stage's first table, or another one of its own: now, or with others that follow.

        Raises:
            ValueError: the table is another stage's.
        """
        name = table or self._tables[0]
        if name not in self._tables:
            raise ValueError(f"table {name}: not of this stage, which writes {', '.join(self._tables)}")
        target, provenance = self._catalog.table(name), self._provenance.columns()
        given = [{**row, **provenance} for row in rows]
        columns = target.rows(given)
        self._fingerprint.see(name, columns, blob_values(name, given))
        self.n_rows += columns.num_rows
        held = self._held.setdefault(name, [])
        held.append(columns)
        if sum(part.nbytes for part in held) >= _HELD_BYTES:
            self._flush(name)

    def flush(self) -> None:
        """Have all rows in the catalog."""
        for name in list(self._held):
            self._flush(name)

    def _flush(self, name: str) -> None:
        rows = pa.concat_tables(self._held.pop(name))
        if not rows.num_rows:
            return
        if self._begin:
            self._begin()
            self._begin = None
        self._catalog.table(name).upsert(rows)

    def hashes(self) -> dict[str, str]:
        """The content of each group of columns that was written."""
        return self._fingerprint.hashes()

    def progress(self, done: int, total: int) -> None:
        self._progress(done, total)


class Stage(ABC):
    """One stage of the pipeline. Instances are cheap until `setup`; workers keep one alive and call `process` on it."""

    name: ClassVar[str]
    code_version: ClassVar[str]
    reads: ClassVar[Groups] = {}
    """What `process` reads, by stage: names of groups in `data_catalog/tables/`. All of it is hashed into the version
    of a unit."""
    plan_reads: ClassVar[Groups] = {}
    """What only `plan` reads besides. What it finds there must stand in the keys of the units."""
    cores: ClassVar[float] = 2.0
    """CPUs that a worker keeps busy: how many workers a cluster gets for the stage follows from it."""
    libraries: ClassVar[tuple[str, ...]] = ()
    configured_by: ClassVar[str] = "settings"
    """What a person changed when the hash of the configuration is another."""

    file_settings: ClassVar[tuple[str, ...]] = ()
    """Fields of the configuration (dotted where they are nested) that name a file or a folder a worker reads."""

    def __init__(self, config: BaseModel) -> None:
        self.config = config
        self.file_access = Files()

    def version_parts(self) -> dict[str, Any]:
        """What of the configuration decides the result: all but the fields that are marked as `unversioned`. Files
        count by content: override where there are any."""
        bounds = {name for name, field in type(self.config).model_fields.items() if field.json_schema_extra == _BOUND}
        return self.config.model_dump(mode="json", exclude=bounds)

    @cached_property
    def config_hash(self) -> str:
        return digest(self.version_parts())

    def unit(self, key: str, *, subject: str, of: Mapping[str, Sequence[str]] | None = None, **inputs: Any) -> Unit:
        """A unit of this stage.

        Args:
            of: by stage, the units that it reads; each must have been asked for (`PlanSource.need`).
        """
        upstream = {stage: sorted(set(units)) for stage, units in (of or {}).items()}
        return Unit(self.name, key, subject, self.code_version, self.config_hash, upstream, inputs)

    @abstractmethod
    def plan(self, source: PlanSource, **scope: Any) -> list[Unit]:
        """The units wanted for a scope of ids. Raises UpstreamNotReady."""

    def setup(self) -> None:  # noqa: B027  (not every stage holds a model)
        """Load models. Called once in the worker, before the first `process`."""

    @abstractmethod
    def process(self, source: Source, unit: Unit, out: RowWriter) -> None:
        """Do one unit.

        Args:
            source: serves what is declared in `reads`, of the unit's upstream units, and what the unit itself wrote.

        Raises:
            InputError: the unit's input is at fault; it is recorded and not tried again.
        """

    def files(self, unit: Unit) -> Mapping[str, str]:
        """The files that `process` reads besides the catalog: where each lies, by the hash of its content. It opens
        them by `file_access`."""
        return {}

    def outputs(self, unit: Unit) -> list[str]:
        """Where the files go that `process` writes, by `file_access`."""
        return []

    def is_intact(self, catalog: Catalog, unit: Unit) -> bool:
        """Whether what an `ok` unit left outside the catalog (a rendered file) is still there."""
        return True


_BOUND = {"unversioned": True}


def unversioned(**constraints: Any) -> dict[str, Any]:
    """Arguments of a pydantic `Field` that bounds memory or room and decides no result."""
    return {"json_schema_extra": _BOUND, **constraints}


@contextlib.contextmanager
def closing(*resources: Any):
    """Close decoders and writers whatever happens."""
    try:
        yield
    finally:
        for resource in resources:
            resource.close()
