"""Taking off the disk what is no longer needed: old versions, seams and speeches that no render has, what killed runs
left."""

from datetime import timedelta
from typing import TYPE_CHECKING

from pydantic import BaseModel

from data_catalog.tables.schemas import TABLES
from data_catalog.upkeep.eviction import evict
from data_catalog.upkeep.speeches import evict_speeches
from data_catalog.upkeep.tags import delete_halves
from flows.intake.catalogs import existing_catalog
from flows.upkeep.leftovers import left_over, remove, size_of

if TYPE_CHECKING:
    from flows.configuration.settings import Settings

_UNUSED_FOR = timedelta(days=1)
"""That a seam or a speech must be, for a run may just be making its render."""
_WAIT_SECONDS = 5.0
"""For whoever is at a table."""


class Collected(BaseModel):
    """What went, or would go.

    Attributes:
        version_bytes: of old versions, by table; of those tables only that have any.
        seams, seam_bytes: that were dropped, and will be made again when they are wanted.
        speeches, speech_bytes: the same of what was made of speeches.
        leftovers, leftover_bytes: files and folders of processes that were killed.
        dry_run: nothing has gone.
    """

    version_bytes: dict[str, int] = {}
    seams: int = 0
    seam_bytes: int = 0
    speeches: int = 0
    speech_bytes: int = 0
    leftovers: list[str] = []
    leftover_bytes: int = 0
    dry_run: bool = False

    @property
    def bytes(self) -> int:
        return sum(self.version_bytes.values()) + self.seam_bytes + self.speech_bytes + self.leftover_bytes


def collect(settings: "Settings", *, keep_hours: float = 0.0, dry_run: bool = False) -> Collected:
    """Merge small files, and delete what is no longer needed. What a tag holds stays, and what somebody is at: where
    it cannot be known that nobody is (an object store), what is younger than an hour.

    Args:
        keep_hours: old versions that are younger stay too.
        dry_run: only say how much would go.

    Raises:
        InputError: no catalog.
        UnusableStore: it cannot be written to.
    """
    catalog, keep = existing_catalog(settings), timedelta(hours=keep_hours)
    if not dry_run:
        catalog.check()
    found = Collected(dry_run=dry_run)
    limit = settings.transitions_mb * 10**6
    seams = evict(catalog, "transitions", limit=limit, unused_for=_UNUSED_FOR, dry_run=dry_run)
    found.seams, found.seam_bytes = seams.units, seams.bytes
    spoken = evict_speeches(catalog, limit=settings.speech_mb * 10**6, unused_for=_UNUSED_FOR, dry_run=dry_run)
    found.speeches, found.speech_bytes = spoken.units, spoken.bytes
    if not dry_run:
        delete_halves(catalog)
    for name in TABLES:
        table = catalog.table(name)
        if not dry_run:
            table.merge()
        if freed := table.forget_versions(wait=_WAIT_SECONDS, keep=keep, dry_run=dry_run):
            found.version_bytes[name] = freed
    for place in left_over(catalog):
        size = size_of(place)
        if dry_run or remove(place):
            found.leftovers.append(str(place))
            found.leftover_bytes += size
    return found
