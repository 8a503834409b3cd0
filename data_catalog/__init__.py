"""The catalog: every fact the pipeline knows, in Lance tables: schemas, keys, the ledger of units, the one writer.
A line belongs here when it is about rows and versions, whatever is in them. Imports no Prefect, Ray or torch."""

from data_catalog.lean_pyarrow import import_pyarrow

import_pyarrow()

from data_catalog.catalog import Catalog  # noqa: E402  (imports pyarrow)
from data_catalog.keys import check_avatar_name, clip_id, digest, track_id, video_of  # noqa: E402
from data_catalog.ledger import Provenance, Unit, UnitRecord  # noqa: E402
from data_catalog.source import Source  # noqa: E402

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
