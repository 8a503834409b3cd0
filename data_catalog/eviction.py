"""Keeping a table within bytes: what was longest out of use goes, units and rows, and is pending again."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from data_catalog.catalog import Catalog
from data_catalog.keys import equals
from data_catalog.schemas import TABLES

_ROOM = 0.9
"""Share of the limit that is filled after an eviction, so that not every run that follows has to evict again."""
_AT_A_TIME = 500
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Eviction:
    """Attributes:
    units: whose rows went; bytes: of their blobs.
    left: bytes of the blobs that stay. Above the limit only where all of it is in use.
    """

    units: int
    bytes: int
    left: int


def evict(
    catalog: Catalog,
    table: str,
    *,
    limit: int,
    keep: Iterable[str] = (),
    unused_for: timedelta | None = None,
    dry_run: bool = False,
) -> Eviction:
    """Drop rows of a table with blobs until these are below `limit` bytes, and take them off the disk.

    The order is that of last use: when a unit was made, or read by another unit that is in the ledger (its row there
    names what it read), whichever was later. A run elsewhere that planned with a unit which goes here finds it missing
    and plans anew.

    Args:
        keep: units of the table's stage that stay in any case.
        unused_for: drop those also that no unit in the ledger reads and that were made longer ago.
        dry_run: drop nothing, and say what would go.
    """
    spec = TABLES[table]
    rows = _by_unit(catalog.table(table).blob_sizes(spec.blobs[0], ["unit", "produced_at"]))
    total = sum(size for size, _ in rows.values())
    if total <= limit and unused_for is None:
        return Eviction(0, 0, total)
    used, kept = _last_read(catalog, spec.stage), set(keep)
    before = _NEVER if unused_for is None else datetime.now(UTC) - unused_for
    gone = [unit for unit, (_, made) in rows.items() if unit not in used and unit not in kept and made < before]
    freed = sum(rows[unit][0] for unit in gone)
    if total - freed > limit:
        for unit in sorted(
            rows.keys() - set(gone), key=lambda unit: (max(rows[unit][1], used.get(unit, _NEVER)), unit)
        ):
            if total - freed <= _ROOM * limit:
                break
            if unit not in kept:
                gone.append(unit)
                freed += rows[unit][0]
    if gone and not dry_run:
        for name, conditions in (("units", {"stage": spec.stage}), (table, {})):
            # The ledger first: a crash in between leaves rows that nobody asks for and the next writer replaces.
            for start in range(0, len(gone), _AT_A_TIME):
                catalog.table(name).delete(equals(**conditions, unit=gone[start : start + _AT_A_TIME]))
        catalog.table(table).rewrite(wait=2.0)
    return Eviction(len(gone), freed, total - freed)


def _by_unit(table: pa.Table) -> dict[str, tuple[int, datetime]]:
    """Bytes and newest row of each unit."""
    found = table.group_by("unit").aggregate([("size", "sum"), ("produced_at", "max")])
    columns = (found[name].to_pylist() for name in ("unit", "size_sum", "produced_at_max"))
    return {unit: (size, made or _NEVER) for unit, size, made in zip(*columns, strict=True)}


def _last_read(catalog: Catalog, stage: str) -> dict[str, datetime]:
    """When units of a stage were last read to make another."""
    table = catalog.table("units").read(["upstream", "produced_at"], where="status = 'ok'")
    table = table.filter(pc.match_substring(table["upstream"], json.dumps(stage)))
    used: dict[str, datetime] = {}
    for row in table.to_pylist():
        for unit in json.loads(row["upstream"]).get(stage, ()):
            used[unit] = max(row["produced_at"], used.get(unit, _NEVER))
    return used
