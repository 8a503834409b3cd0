"""The catalog: every fact the pipeline knows, in Lance tables: schemas, keys, the ledger of units, the one writer.
A line belongs here when it is about rows and versions, whatever is in them. Imports no Prefect, Ray or torch."""

from data_catalog.catalog import Catalog
from data_catalog.keys import check_avatar_name, clip_id, digest, track_id, video_of
from data_catalog.ledger import Provenance, Unit, UnitRecord
from data_catalog.source import Source

__all__ = [
    "Catalog",
    "Provenance",
    "Source",
    "Unit",
    "UnitRecord",
    "check_avatar_name",
    "clip_id",
    "digest",
    "track_id",
    "video_of",
]
