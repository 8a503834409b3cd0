"""What the tables hold. One table belongs to one stage; `units` is the ledger of all of them."""

from data_catalog.tables.bookkeeping import BOOKKEEPING
from data_catalog.tables.footage import FOOTAGE
from data_catalog.tables.graph import GRAPH
from data_catalog.tables.renders import RENDERS
from data_catalog.tables.speech import SPEECH
from data_catalog.tables.table_spec import TableSpec

SCHEMA = 2
"""Stands in every table that is made. Raise it, and stamp older tables, when a release that does not know of a change
must not touch a catalog with it; columns that come in need none."""

_SPECS = [*FOOTAGE, *GRAPH, *SPEECH, *RENDERS, *BOOKKEEPING]

LEDGER = "units"
HELD_STAGES = ("extract_frames", "detect_landmarks", "fit_smplx", "create_clips", "embed_clips", "score_edges")
"""Of whose tables a tag holds a version: what an avatar is made of, and no speech, path or picture made of it."""
SPEECH_STAGES = ("analyse_speech", "embed_speech")
"""What is done to a speech, whoever is to speak it."""
TABLES: dict[str, TableSpec] = {spec.name: spec for spec in _SPECS}


def tables_of(stage: str) -> list[str]:
    """The tables that a stage writes."""
    return [spec.name for spec in _SPECS if spec.stage == stage]


def groups_of(stage: str) -> list[str]:
    """The groups of columns that a stage writes."""
    return sorted({group for spec in _SPECS if spec.stage == stage for group in spec.groups})
