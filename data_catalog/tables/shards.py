"""In which dataset of a table the rows of a video lie.

A table with many rows per video is cut into shards by its videos, each a dataset of its own that is made when it is
first written. So what a write compares its keys with, and who may conflict with it, is a small part of the table. A
row's shard follows from its primary key: what is unique in each shard is unique in the table.

A catalog that was made before has one dataset for each table, and keeps them.
"""

import hashlib
import os
from collections.abc import Iterable, Mapping
from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc

from data_catalog.keys import Filter, video_in
from data_catalog.tables.schemas import TABLES
from data_catalog.tables.table_spec import TableSpec
from data_catalog.uris.reachable import UnusableStore, check_store

SHARDS = 64
_SUFFIX = ".lance"
_CUT = tuple(spec.name for spec in TABLES.values() if spec.shards_by)
_EITHER = frozenset({*_CUT, *(f"{name}{_SUFFIX}" for name in _CUT)})
_whole: dict[tuple[str, tuple[tuple[str, str], ...]], bool] = {}
"""What is known of object stores; a catalog that has tables stays as it is."""

Options = Mapping[str, str] | None


@lru_cache(maxsize=1 << 16)
def shard_of(key: str) -> str:
    """The shard of a video, by its id or the key of a track or a clip of it."""
    return f"{hashlib.blake2b(video_in(key).encode(), digest_size=8).digest()[0] % SHARDS:02x}"


def shards_of_unit(spec: TableSpec, unit: str) -> set[str]:
    """The shards in which the rows of a unit lie."""
    return {shard_of(video) for video in unit.split(":")[: spec.unit_videos]}


def shards_of(spec: TableSpec, where: str | None) -> set[str] | None:
    """The shards in which rows may lie that satisfy a filter; None: in any."""
    if not isinstance(where, Filter):
        return None
    found: set[str] | None = None
    for column, values in where.asked.items():
        if column == "unit":
            here = {shard for unit in values for shard in shards_of_unit(spec, unit)}
        elif column in spec.shards_by:
            here = {shard_of(value) for value in values}
        else:
            continue
        found = here if found is None else found & here
    return found


def shards_in(spec: TableSpec, rows: pa.Table) -> pa.ChunkedArray:
    """The shard of each row.

    Raises:
        ValueError: a row is of another shard by another of its columns, by which it would not be found.
    """
    own = _shards(rows[spec.shards_by[0]])
    for name in spec.shards_by[1:]:
        if name in rows.column_names and pc.any(pc.not_equal(own, _shards(rows[name]))).as_py():
            raise ValueError(f"{spec.name}: a row's {name} is of another video than its {spec.shards_by[0]}")
    for unit in pc.unique(rows["unit"]).to_pylist() if "unit" in rows.column_names else ():
        here = pc.unique(own.filter(pc.equal(rows["unit"], unit))).to_pylist() if unit is not None else []
        if not set(here) <= shards_of_unit(spec, unit or ""):
            key = spec.shards_by[0]
            raise ValueError(f"{spec.name}: a row's {key} is of no video that its unit {unit} begins with")
    return own


def _shards(column: pa.ChunkedArray) -> pa.ChunkedArray:
    keys = pc.unique(column)
    shards = pa.array([None if key is None else shard_of(key) for key in keys.to_pylist()], pa.string())
    return pc.take(shards, pc.index_in(column, keys))


def is_whole(catalog: str, options: Options) -> bool:
    """Whether a catalog was made before tables were cut into shards.

    Raises:
        UnusableStore: it has tables of both kinds.
    """
    if "://" not in catalog:
        return _is_whole(_EITHER.intersection(_folders(catalog, "", options)), catalog)
    key = (catalog, tuple(sorted((options or {}).items())))
    if key not in _whole:
        there = _EITHER.intersection(_folders(catalog, "", options))
        if not there:
            return False  # as yet
        _whole[key] = _is_whole(there, catalog)
    return _whole[key]


def _is_whole(there: Iterable[str], catalog: str) -> bool:
    """By the names of a catalog's folders."""
    old = sorted(name for name in there if name.endswith(_SUFFIX))
    new = sorted(set(there) - set(old))
    if old and new:
        what = f"{catalog}: an older release of TANGO wrote {old[0]} into it, beside {new[0]}"
        raise UnusableStore(f"{what}; name another --catalog and onboard again")
    return bool(old)


def existing_shards(catalog: str, table: str, options: Options) -> list[str]:
    """The shards of a table that are there, in order."""
    return sorted(name.removesuffix(_SUFFIX) for name in _folders(catalog, table, options) if name.endswith(_SUFFIX))


def shard_path(table: str, shard: str) -> str:
    """Where in the catalog a shard lies."""
    return f"{table}/{shard}{_SUFFIX}"


def whole_path(table: str) -> str:
    """Where in the catalog a table lies that is not cut."""
    return f"{table}{_SUFFIX}"


def _folders(catalog: str, path: str, options: Options) -> Iterable[str]:
    """The names of what lies right below a place in the catalog, if it is there: of an object store, of the folders."""
    if "://" not in catalog:
        try:
            return os.listdir(os.path.join(catalog, path))
        except (FileNotFoundError, NotADirectoryError):
            return []
    from lance.file import LanceFileSession

    check_store(catalog, options)
    session = LanceFileSession(catalog, storage_options=dict(options) if options else None)
    found = session.list_with_delimiter(path or None).common_prefixes
    return [prefix.rstrip("/").rpartition("/")[2] for prefix in found]
