"""What a stage plans by: the ledger rows of the units it depends on, and the columns that it declares to read."""

from collections.abc import Callable, Iterable, Mapping
from typing import Literal, NamedTuple

from data_catalog import Catalog, UnitRecord
from tasks.runtime.reading import DeclaredSource


class UpstreamNotReady(Exception):
    """A unit cannot be planned because the rows it reads are not there, or not in the wanted version.

    Attributes:
        subject: what waits; stage: for which stage; stale: there are rows of an older version, and `why` they are old.
    """

    def __init__(self, subject: str, stage: str, *, why: str = "", stale: bool = False) -> None:
        self.subject, self.stage, self.why, self.stale = subject, stage, why, stale
        super().__init__(f"{subject}: waits for {stage}" + (f" ({why})" if why else ""))


class Standing(NamedTuple):
    """How a unit stands.

    Attributes:
        why: for `stale`, what changed; for `failed`, the error.
    """

    state: Literal["current", "stale", "failed", "missing"]
    why: str = ""
    record: UnitRecord | None = None


Look = Callable[[str, Iterable[str]], Mapping[str, Standing]]
"""How units of a stage stand; see `versions.Versions.look`."""


class PlanSource(DeclaredSource):
    """What `Stage.plan` reads from: the declared groups of the units that it asked for.

    Args:
        reader: the stage's name.
        groups: by stage, what it may read.
    """

    def __init__(self, catalog: Catalog, reader: str, groups: Mapping[str, Iterable[str]], look: Look) -> None:
        super().__init__(catalog, reader, groups, {})
        self._look = look

    def need(self, stage: str, *units: str, subject: str) -> list[UnitRecord]:
        """The ledger rows of upstream units, whose rows may then be read.

        Args:
            subject: what a person calls that which needs them.

        Raises:
            UpstreamNotReady: one of them is not done in the wanted version.
        """
        found = self._look(stage, units)
        for standing in found.values():
            if standing.state != "current":
                raise UpstreamNotReady(subject, stage, why=standing.why, stale=standing.state == "stale")
        self.allow(stage, units)
        return [standing.record for standing in (found[unit] for unit in units) if standing.record]
