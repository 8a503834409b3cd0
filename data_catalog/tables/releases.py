"""Tables of other releases, and damaged ones: what this release can read, what it refuses, and what to do then."""

from pathlib import Path

import pyarrow as pa

from data_catalog.tables.schemas import SCHEMA
from data_catalog.tables.table_spec import TableSpec
from data_catalog.uris.reachable import UnusableStore

_STAMP = "tango.schema"
STAMP = {_STAMP: str(SCHEMA)}
"""Metadata of every table that is made, or that an older release must not touch any more."""


def release_of(schema: pa.Schema) -> int:
    """The `SCHEMA` that a table is stamped with; 0 for one of a release that knew of none."""
    return int((schema.metadata or {}).get(_STAMP.encode(), b"0"))


def check_release(uri: str, spec: TableSpec, there: pa.Schema) -> None:
    """Refuse a table of another release, unless it only lacks columns that can be added to it.

    Raises:
        UnusableStore: it is of a newer release, or has another key, or columns that are not known or hold something
            else.
    """
    if release_of(there) > SCHEMA:
        fault = "it is of a newer release of TANGO than this one"
        raise UnusableStore(f"{uri}: {fault}; use that release, or name another --catalog")
    wanted = spec.schema
    if other := sorted({*spec.primary_key, *spec.identity} - set(there.names)):
        raise _another_release(uri, f"it has no column {other[0]}", "or go back to that release")
    if other := sorted(set(there.names) - set(wanted.names)):
        raise _another_release(uri, f"its column {other[0]} is not known here", "or install that release")
    for name in set(there.names) - set(spec.blobs):
        if there.field(name).type != wanted.field(name).type:
            fault = f"its column {name} is {there.field(name).type}, not {wanted.field(name).type}"
            raise _another_release(uri, fault, "or install that release")


def check_versions(uri: str) -> None:
    """Refuse a table that a power cut has hit: the name of its newest version is there, what it says is not."""
    for file in Path(uri).glob("_versions/*.manifest") if "://" not in uri else ():
        if not file.stat().st_size:
            remedy = "put the table back from a copy, or name another --catalog and onboard again"
            raise UnusableStore(f"{uri}: damaged ({file.name} is empty, as after a power cut); {remedy}")


def _another_release(uri: str, fault: str, remedy: str) -> UnusableStore:
    what = f"{uri}: written by another release of TANGO ({fault})"
    return UnusableStore(f"{what}; name another --catalog and onboard again, {remedy}")
