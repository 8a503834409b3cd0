"""What a table of the catalog is: its columns, its key, whose rows they are and who reads what of them."""

from dataclasses import dataclass, field

import pyarrow as pa
from lance import blob_field

_PRIMARY = {b"lance-schema:unenforced-primary-key": b"true"}


@dataclass(frozen=True)
class TableSpec:
    """
    Attributes:
        primary_key: its columns, in order.
        blobs: columns that are read lazily.
        stage: whose rows they are; "" for what no stage writes.
        groups: the columns that other stages read together, by the group's name. A group may have columns in several
            tables of its stage. A column of no group is read by no stage.
        identity: columns that follow from the primary key.
        shards_by: the columns that name a row's video, the first of the primary key before others; the rows lie in the
            shard of it. None: the table is one dataset.
        unit_videos: how many videos the key of a unit begins with, of one of which each of its rows is.
    """

    name: str
    schema: pa.Schema
    primary_key: tuple[str, ...]
    blobs: tuple[str, ...] = ()
    stage: str = ""
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    identity: tuple[str, ...] = ()
    shards_by: tuple[str, ...] = ()
    unit_videos: int = 1

    def group_of(self, column: str) -> str | None:
        """The group that a column belongs to; None for keys, provenance and what no stage reads."""
        return next((group for group, columns in self.groups.items() if column in columns), None)


def vector(size: int) -> pa.DataType:
    """float32, so many."""
    return pa.list_(pa.float32(), size)


def fixed_bytes(size: int) -> pa.DataType:
    """Binary of one length."""
    return pa.binary(size)


_PROVENANCE = {
    "unit": pa.string(),  # the unit of work that wrote the row; its status stands in `units`
    "input_hash": pa.string(),
    "code_version": pa.string(),
    "config_hash": pa.string(),
    "run_id": pa.string(),
    "produced_at": pa.timestamp("us", tz="UTC"),
}


def table(
    name: str,
    primary_key: dict,
    columns: dict,
    *,
    stage: str = "",
    groups: dict[str, tuple[str, ...]] | None = None,
    identity: tuple[str, ...] = (),
    shards_by: tuple[str, ...] = (),
    unit_videos: int = 1,
) -> TableSpec:
    """A table of these columns, by name; a stage's has the provenance of its rows too. A column of kind "blob" is read
    lazily."""
    fields = [pa.field(key, kind, nullable=False, metadata=_PRIMARY) for key, kind in primary_key.items()]
    fields += [blob_field(key) if kind == "blob" else pa.field(key, kind) for key, kind in columns.items()]
    if stage:
        fields += [pa.field(key, kind) for key, kind in _PROVENANCE.items()]
    blobs = tuple(key for key, kind in columns.items() if isinstance(kind, str) and kind == "blob")
    return TableSpec(
        name, pa.schema(fields), tuple(primary_key), blobs, stage, groups or {}, identity, shards_by, unit_videos
    )
