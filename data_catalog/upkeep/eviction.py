"""Keeping a table within bytes: what was longest out of use goes, units and rows, and is pending again."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from data_catalog.catalog import Catalog
from data_catalog.keys import equals
from data_catalog.tables.schemas import TABLES

_ROOM = 0.9
"""Share of the limit that is filled after an eviction, so that not every run that follows has to evict again."""
_AT_A_TIME = 500
NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Eviction:
    """Attributes:
    units: whose rows went, or speeches; bytes: of what went.
    left: bytes that stay. Above the limit only where all of it is in use.
    """

    units: int
    bytes: int
    left: int


class Held(NamedTuple):
    """What can be dropped.

    Attributes:
        size: bytes.
        made: when; read: when it was last used for something that lasts, `NEVER` where it was not.
    """

    size: int
    made: datetime
    read: datetime


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
    used = _last_read(catalog, spec.stage)
    held = {unit: Held(size, made, used.get(unit, NEVER)) for unit, (size, made) in rows.items()}
    gone = longest_out_of_use(held, limit=limit, keep=keep, unused_for=unused_for)
    if gone and not dry_run:
        # The ledger first: a crash in between leaves rows that nobody asks for and the next writer replaces.
        delete_of_units(catalog, "units", gone, stage=spec.stage)
        delete_of_units(catalog, table, gone)
        catalog.table(table).rewrite(wait=2.0)
    freed = sum(held[unit].size for unit in gone)
    return Eviction(len(gone), freed, total - freed)


def longest_out_of_use(
    held: Mapping[str, Held], *, limit: int, keep: Iterable[str] = (), unused_for: timedelta | None = None
) -> list[str]:
    """What is to go until `limit` bytes hold the rest; see `evict`."""
    kept, left = set(keep), sum(size for size, _, _ in held.values())
    before = NEVER if unused_for is None else datetime.now(UTC) - unused_for
    gone = [key for key, (_, made, read) in held.items() if read == NEVER and key not in kept and made < before]
    left -= sum(held[key].size for key in gone)
    if left > limit:
        for key in sorted(held.keys() - set(gone), key=lambda key: (max(held[key].made, held[key].read), key)):
            if left <= _ROOM * limit:
                break
            if key not in kept:
                gone.append(key)
                left -= held[key].size
    return gone


def delete_of_units(catalog: Catalog, table: str, units: Iterable[str], **conditions: str) -> int:
    """Delete the rows of units, and say how many they were."""
    wanted, count = sorted(units), 0
    for start in range(0, len(wanted), _AT_A_TIME):
        count += catalog.table(table).delete(equals(**conditions, unit=wanted[start : start + _AT_A_TIME]))
    return count


def _by_unit(table: pa.Table) -> dict[str, tuple[int, datetime]]:
    """Bytes and newest row of each unit."""
    found = table.group_by("unit").aggregate([("size", "sum"), ("produced_at", "max")])
    columns = (found[name].to_pylist() for name in ("unit", "size_sum", "produced_at_max"))
    return {unit: (size, made or NEVER) for unit, size, made in zip(*columns, strict=True)}


def _last_read(catalog: Catalog, stage: str) -> dict[str, datetime]:
    """When units of a stage were last read to make another."""
    table = catalog.table("units").read(["upstream", "produced_at"], where="status = 'ok'")
    table = table.filter(pc.match_substring(table["upstream"], json.dumps(stage)))
    used: dict[str, datetime] = {}
    for row in table.to_pylist():
        for unit in json.loads(row["upstream"]).get(stage, ()):
            used[unit] = max(row["produced_at"], used.get(unit, NEVER))
    return used
