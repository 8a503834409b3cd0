"""Files that could not even be read, so that they have no content and no video id: rows of the ledger by their path."""

import os
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from data_catalog.catalog import Catalog
from data_catalog.keys import digest, equals
from data_catalog.ledger import Ledger, Unit, UnitRecord
from data_catalog.uris.places import file_name, is_gone

STAGE = "extract_frames"
"""To which they count: it would have read them."""
UNREAD = "path"
"""Of whom such units are, as `Catalog.ledger` takes it."""
_PREFIX = f"{UNREAD}:"
_PATH = "path"
"""Where the file lay, among what else is noted of the unit."""


def refuse(
    catalog: Catalog,
    avatar: str,
    place: str | os.PathLike[str],
    reason: str,
    *,
    run_id: str,
    said: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Write down that a file given for an avatar, at a path or a URI, cannot be read, and why.

    Args:
        said: what goes with it when it is given again.
    """
    text = os.fspath(place)
    unit = Unit(STAGE, _key(avatar, text), file_name(text), "", "")
    there = not is_gone(text, catalog.storage_options)  # what never was there cannot be taken away
    catalog.fail(unit, reason, run_id=run_id, fields={_PATH: text, **said} if there else {})


def accept(catalog: Catalog, avatar: str, places: Iterable[str]) -> None:
    """Forget what was once wrong with files that can be read now."""
    if keys := [_key(avatar, place) for place in places]:
        catalog.table("units").delete(equals(stage=STAGE, unit=keys))


def forget_withdrawn(catalog: Catalog, refused: Mapping[str, Iterable[UnitRecord]]) -> None:
    """Forget what was wrong with files that are no longer where they were: somebody took them away.

    Args:
        refused: as `refusals` gives it.
    """
    records = [record for found in refused.values() for record in found]
    gone = [r.unit for r in records if (place := place_of(r)) and is_gone(place, catalog.storage_options)]
    if gone:
        catalog.table("units").delete(equals(stage=STAGE, unit=gone))


def refusals(catalog: Catalog, ledger: Ledger | None = None) -> dict[str, list[UnitRecord]]:
    """The files that could not be read when they were last given, by avatar.

    Args:
        ledger: where it was read already.
    """
    found: dict[str, list[UnitRecord]] = {}
    ledger = ledger or catalog.ledger([UNREAD])
    for key in ledger.units(STAGE):
        if key.startswith(_PREFIX) and (record := ledger.record(STAGE, key)):
            found.setdefault(key.split(":")[1], []).append(record)
    return found


def place_of(record: UnitRecord) -> str:
    """Where a file that could not be read lay; "" where it never was."""
    return record.fields.get(_PATH, "")


def is_refused(record: UnitRecord, avatar: str) -> bool:
    """Whether a unit is a file given for an avatar that could not be read."""
    return record.stage == STAGE and record.unit.startswith(f"{_PREFIX}{avatar}:")


def forget_refusals(catalog: Catalog, units: Iterable[str]) -> int:
    """Forget files that could not be read, by the keys of their units; says how many there were."""
    return catalog.table("units").delete(equals(stage=STAGE, unit=list(units)))


def _key(avatar: str, place: str) -> str:
    return f"{_PREFIX}{avatar}:{digest(place)}"
