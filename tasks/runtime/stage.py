"""The stage contract: rows in, model, rows out.

Every stage is the same small shape, so that orchestration knows none of the models and a new stage is one file:

- class attributes `name`, `table` and `code_version` (raise it when what is computed changes: Prefect's own source
  hash would see a task's lines, not the model they call);
- `cores`, the CPUs that one worker keeps busy;
- `libraries`, modules that `process` needs and that are slow to import: a worker imports them while the stage before
  still computes;
- a typed `config` whose content hash is part of every row's version;
- `plan` says which units are wanted and on which upstream fields they depend (cheap: reads the ledger, no pixels);
- `setup` loads what is expensive, once per worker;
- `process` does one unit: reads rows by key, writes rows through `out`, returns content hashes of its column groups.
"""

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from pydantic import BaseModel

from data_catalog import Catalog, Provenance, Unit, UnitRecord, digest


class UpstreamNotReady(Exception):
    """A unit cannot be planned because the rows it reads are not there (its upstream failed or never ran)."""

    def __init__(self, subject: str, stage: str) -> None:
        self.subject, self.stage = subject, stage
        super().__init__(f"{subject}: waits for {stage}")


class RowWriter:
    """Writes a unit's rows with their provenance, and reports progress.

    Args:
        progress: called with (done, total) in the stage's own measure, frames as a rule.
    """

    def __init__(
        self, catalog: Catalog, table: str, provenance: Provenance, progress: Callable[[int, int], None] | None = None
    ) -> None:
        self._table = catalog.table(table)
        self._other = catalog.table
        self._provenance = provenance
        self._progress = progress or (lambda done, total: None)
        self.n_rows = 0

    def write(self, rows: Iterable[dict[str, Any]], *, table: str | None = None) -> None:
        """Upsert rows into the stage's table (or another one that the stage also owns)."""
        target = self._other(table) if table else self._table
        self.n_rows += target.upsert([{**row, **self._provenance.columns()} for row in rows])

    def progress(self, done: int, total: int) -> None:
        self._progress(done, total)


class Stage(ABC):
    """One stage of the pipeline. Instances are cheap until `setup`; workers keep one alive and call `process` on it."""

    name: ClassVar[str]
    table: ClassVar[str]
    code_version: ClassVar[str]
    cores: ClassVar[float] = 2.0
    """CPUs that a worker keeps busy: how many workers a cluster gets for the stage follows from it."""
    libraries: ClassVar[tuple[str, ...]] = ()

    def __init__(self, config: BaseModel) -> None:
        self.config = config

    def version_parts(self) -> dict[str, Any]:
        """What of the configuration decides the result. Files count by content: override where there are any."""
        return self.config.model_dump(mode="json")

    @property
    def config_hash(self) -> str:
        return digest(self.version_parts())

    def unit(self, key: str, *, subject: str, reads: Iterable[Any], **inputs: Any) -> Unit:
        """A unit of this stage; `reads` are the hashes of the upstream fields it depends on."""
        return Unit(self.name, key, subject, digest(*reads), self.code_version, self.config_hash, inputs)

    @abstractmethod
    def plan(self, catalog: Catalog, **scope: Any) -> list[Unit]:
        """The units wanted for a scope of ids. Raises UpstreamNotReady."""

    def setup(self) -> None:  # noqa: B027  (not every stage holds a model)
        """Load models. Called once in the worker, before the first `process`."""

    @abstractmethod
    def process(self, catalog: Catalog, unit: Unit, out: RowWriter) -> dict[str, str]:
        """Do one unit. Returns the content hash of each group of columns that other stages read on its own.

        Raises:
            InputError: the unit's input is at fault; it is recorded and not tried again.
        """

    def is_intact(self, catalog: Catalog, unit: Unit) -> bool:
        """Whether what an `ok` unit left outside the catalog (a rendered file) is still there."""
        return True


def upstream(catalog: Catalog, stage: str, unit: str, subject: str) -> UnitRecord:
    """The ledger row of an upstream unit that is done.

    Raises:
        UpstreamNotReady: it is not.
    """
    record = catalog.record(stage, unit)
    if record is None or not record.ok:
        raise UpstreamNotReady(subject, stage)
    return record


@contextlib.contextmanager
def closing(*resources: Any):
    """Close decoders and writers whatever happens."""
    try:
        yield
    finally:
        for resource in resources:
            resource.close()
