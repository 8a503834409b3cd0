"""All units that failed, of whatever stage, with the stack traces of those faults that nobody foresaw."""

import re
from collections.abc import Collection, Iterable

from pydantic import BaseModel

from data_catalog import Catalog, UnitRecord, video_of
from data_catalog.keys import equals
from data_catalog.ledger import COLUMNS
from data_catalog.refusals import is_refused
from data_catalog.tables.schemas import SPEECH_STAGES
from tasks.runtime.faults import reason
from tasks.runtime.registry import STAGES


class FailedUnit(BaseModel):
    """A unit that failed when it was last tried.

    Attributes:
        why: in one line that begins with its subject.
        trace: "" where the input is at fault, or the process was gone.
    """

    stage: str
    unit: str
    subject: str
    why: str
    trace: str


def failed_units(catalog: Catalog, stages: Iterable[str] = ()) -> list[FailedUnit]:
    """Those of all avatars and speeches, in the order of the stages.

    Args:
        stages: of these only; all when empty.
    """
    chosen = set(stages) or set(STAGES)
    return _listed(record for record in _failed(catalog) if record.stage in chosen)


def failed_units_of(catalog: Catalog, avatar: str, videos: Collection[str]) -> list[FailedUnit]:
    """Those that concern an avatar: of its videos, of what was made or rendered of them, and of speeches, which are for
    anybody to speak.

    Args:
        videos: the ids of its videos.
    """
    return _listed(record for record in _failed(catalog) if _concerns(record, avatar, set(videos)))


def _failed(catalog: Catalog) -> list[UnitRecord]:
    rows = catalog.table("units").read(COLUMNS, equals(status="failed"), ordered=False).to_pylist()
    return [UnitRecord.from_row(row) for row in rows]


def _concerns(record: UnitRecord, avatar: str, videos: set[str]) -> bool:
    if record.stage in SPEECH_STAGES or is_refused(record, avatar):
        return True
    keys = [record.unit, *(key for keys in record.upstream.values() for key in keys)]
    return any(video_of(part) in videos for key in keys for part in re.split("[:>]", key))


def _listed(records: Iterable[UnitRecord]) -> list[FailedUnit]:
    order = list(STAGES)
    found = []
    for record in sorted(records, key=lambda record: (order.index(record.stage), record.subject, record.unit)):
        error = record.error or ""
        why, trace = reason(record.subject, error), error.partition("\n")[2]
        found.append(FailedUnit(stage=record.stage, unit=record.unit, subject=record.subject, why=why, trace=trace))
    return found
