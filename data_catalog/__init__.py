"""The catalog: every fact the pipeline knows, in Lance tables. Imports no Prefect, Ray or torch."""

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
