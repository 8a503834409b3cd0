"""Names for the catalog as it was: one version of every table that the onboarding writes, all of one moment.

A tag is one of Lance's in each of those tables, and there when the ledger has it, which is tagged last and untagged
first. What it names is kept: no clean-up deletes a version that is tagged. What renders write is not tagged, nor is it
kept: it is made again of what is.
"""

import re
import time
from collections.abc import Iterable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import lance

from data_catalog.catalog import Catalog
from data_catalog.faults import CatalogFault
from data_catalog.keys import equals
from data_catalog.leases import held
from data_catalog.tables.dataset import Dataset
from data_catalog.tables.presence import present
from data_catalog.tables.schemas import HELD_STAGES, LEDGER, TABLES
from data_catalog.tables.store import each

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*")
_LONGEST_NAME = 64
_TABLES = ("avatars", *(name for name, spec in TABLES.items() if spec.stage in HELD_STAGES), LEDGER)
_POLL_SECONDS = 0.2
_MAKING = timedelta(hours=1)
"""After which nobody is still making a tag; it takes seconds."""


class BadTag(CatalogFault):
    """A tag that cannot be made or is not there; names it, the fault and the remedy."""


class Tag(NamedTuple):
    name: str
    made_at: datetime | None


def check_tag_name(name: str) -> str:
    """
    Raises:
        BadTag: it is not 1 to 64 ASCII letters, digits, '-', '_' and single '.', beginning with a letter or digit.
    """
    if len(name) > _LONGEST_NAME or not _NAME.fullmatch(name) or name.endswith(".lock"):
        shown = name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…"
        raise BadTag(
            f"tag {shown!r}: not allowed; use 1 to 64 letters from a to z, digits, '-', '_' and '.', beginning with a "
            "letter or digit"
        )
    return name


def list_tags(catalog: Catalog) -> list[Tag]:
    """All tags, the newest last."""
    (ledger,) = catalog.table(LEDGER).parts()
    dataset = ledger.find()
    found = dataset.tags.list() if dataset is not None else {}
    return sorted(
        (Tag(name, about["created_at"]) for name, about in found.items()), key=lambda tag: (str(tag.made_at), tag.name)
    )


def check_tag(catalog: Catalog, name: str, remedy: str = "") -> str:
    """
    Args:
        remedy: what to do where there is none of that name; "": make it.

    Raises:
        BadTag: there is none of that name.
    """
    known = [tag.name for tag in list_tags(catalog)]
    if check_tag_name(name) not in known:
        do = remedy or f"`tango tag {name}` makes it"
        raise BadTag(f"tag {name!r}: unknown (known: {', '.join(known) or 'none'}); {do}")
    return name


def make_tag(catalog: Catalog, name: str, *, wait: float = 10.0) -> None:
    """Give the catalog as it is now a name.

    Args:
        wait: seconds to wait for a moment at which nobody is at a unit, whose rows would be half there.

    Raises:
        BadTag: a name that is not allowed or is taken; nothing was onboarded yet; a run is at work all the time.
    """
    if check_tag_name(name) in {tag.name for tag in list_tags(catalog)}:
        raise BadTag(
            f"tag {name!r}: is there already; give another name, or delete it with `tango tag {name} --delete`"
        )
    with ExitStack() as everywhere:
        for part in _parts(catalog):  # so that nobody deletes the version before it is tagged
            everywhere.enter_context(present(part.uri))
        versions = _versions_of_one_moment(catalog, time.monotonic() + wait)
        if not catalog.table(LEDGER).exists():
            raise BadTag(f"tag {name!r}: the catalog is empty; onboard an avatar first")

        def give(part: Dataset) -> None:
            dataset = versions[part.uri]
            if name in dataset.tags.list():  # of an attempt that was cut off
                dataset.tags.delete(name)
            dataset.tags.create(name, dataset.version)

        *others, ledger = [part for part in _parts(catalog) if part.uri in versions]
        each(others, give)
        give(ledger)


def delete_tag(catalog: Catalog, name: str) -> None:
    """Let go of what a tag keeps; the next clean-up takes it off the disk.

    Raises:
        BadTag: there is none of that name.
    """
    check_tag(catalog, name, "there is nothing to delete; `tango tag` lists those there are")

    def take(part: Dataset) -> None:
        if (dataset := part.find()) is not None and name in dataset.tags.list():
            dataset.tags.delete(name)

    *others, ledger = _parts(catalog)
    take(ledger)
    each(others, take)


def tags_with(catalog: Catalog, videos: Iterable[str]) -> list[str]:
    """The tags that hold something of any of these videos."""
    where = equals(video_id=list(videos))
    found = []
    for tag in list_tags(catalog):
        then = Catalog(catalog.uri, catalog.storage_options, tag.name)
        if any(then.table(name).count(where) for name in ("avatars", "videos", "frames")):
            found.append(tag.name)
    return found


def delete_halves(catalog: Catalog) -> int:
    """Delete what is left of tags whose making, or deletion, was cut off; says how many there were."""
    parts = _parts(catalog)
    there = each(parts, _tags)
    whole, halves = {tag.name for tag in list_tags(catalog)}, set()  # read last: one may be finished meanwhile
    for part, tags in zip(parts, there, strict=True):
        for name in set(tags) - whole:
            made_at = tags[name]["created_at"]
            if made_at is None or abs(datetime.now(UTC) - made_at) > _MAKING:  # of another clock, perhaps
                part.open().tags.delete(name)
                halves.add(name)
    return len(halves)


def _tags(part: Dataset) -> dict[str, Any]:
    dataset = part.find()
    return {} if dataset is None else dict(dataset.tags.list())


def _versions_of_one_moment(catalog: Catalog, deadline: float) -> dict[str, lance.LanceDataset]:
    """The datasets that are there, by URI, as they all were when nobody was at a unit: none changed, and none came in,
    while they were opened twice.

    Raises:
        BadTag: there was no such moment.
    """
    while True:
        first, busy, second = _open(catalog), held(catalog), _open(catalog)
        if not busy and {n: d.version for n, d in first.items()} == {n: d.version for n, d in second.items()}:
            return first
        if time.monotonic() >= deadline:
            raise BadTag(f"{catalog.uri}: a run is at work on it; tag it when that has ended")
        time.sleep(_POLL_SECONDS)


def _open(catalog: Catalog) -> dict[str, lance.LanceDataset]:
    """The datasets that are there, by URI; those of the ledger last."""
    parts = _parts(catalog)
    opened = zip(parts, each(parts, Dataset.find), strict=True)
    return {part.uri: dataset for part, dataset in opened if dataset is not None}


def _parts(catalog: Catalog) -> list[Dataset]:
    return [part for name in _TABLES for part in catalog.table(name).parts()]
