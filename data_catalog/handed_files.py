"""Files that travel through the catalog, for workers that see no disk of whoever started the run, and back.

A file lies in pieces of one row each while it is wanted: what a worker reads, under the hash of its content; what it
made, under the place where it is to go. Each is there for one holder, a run, who drops it; so no run takes away what
another one reads. The holder "" stands for all: files of the settings (bodies, checkpoints), wanted by every run.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from data_catalog.catalog import Catalog
from data_catalog.keys import equals
from data_catalog.leases import runs_at_work, runs_not_known_to_be_over

EVERYBODY = ""
_PIECE = 8 << 20
_PIECES_PER_WRITE = 4
_KEEP_OF_RUNS, _KEEP = timedelta(days=1), timedelta(days=14)
"""After which a run that still holds a file is dead, and a file of the settings is put anew by whoever wants it."""


def put(catalog: Catalog, name: str, blocks: Iterable[bytes], *, holder: str) -> None:
    """Write a file, no more than 32 MB of which are in memory at a time. Until the last piece it counts as absent."""
    table, now = catalog.table("files"), datetime.now(UTC)
    table.delete(equals(name=name, holder=holder))  # of one that was cut off
    shared = {"name": name, "holder": holder, "put_at": now}
    rows: list[dict] = []
    part = -1
    for part, piece in enumerate(_pieces(blocks)):
        if len(rows) == _PIECES_PER_WRITE:
            table.upsert(rows)
            rows = []
        rows.append({**shared, "part": part, "parts": 0, "data": piece})
    rows.append({**shared, "part": part + 1, "parts": part + 1, "data": b""})  # the end, and how many came before
    table.upsert(rows)


def is_there(catalog: Catalog, name: str, *, holder: str) -> bool:
    return _parts(catalog, name, holder) is not None


def read(catalog: Catalog, name: str, *, holder: str) -> Iterator[bytes] | None:
    """The pieces of a file, one at a time; None when it is not there as a whole."""
    parts = _parts(catalog, name, holder)
    if parts is None:
        return None
    table = catalog.table("files")
    where = equals(name=name, holder=holder)
    return (table.read_blobs("data", f"{where} AND part = {part}", key="part")[part] for part in range(parts))


def drop(catalog: Catalog, names: Iterable[str], *, holder: str) -> None:
    """Take files of a holder off the disk; in an object store the bytes follow with the next that are dropped."""
    table = catalog.table("files")
    if table.delete(equals(name=list(names), holder=holder)):
        table.forget_versions()


def drop_old(catalog: Catalog) -> None:
    """Drop what runs left that ended without doing so, and what of the settings was put long ago. A clock that is wrong
    takes nothing from a run that is at work: those are known by their leases, whatever time it is."""
    now = datetime.now(UTC)
    table = catalog.table("files")
    old = table.read(["holder"], where=_before(now - _KEEP_OF_RUNS))["holder"].to_pylist()
    dead = set(old) - {EVERYBODY} - (runs_not_known_to_be_over(catalog) if old else set())
    dropped = table.delete(f"{_before(now - _KEEP_OF_RUNS)} AND {equals(holder=sorted(dead))}") if dead else 0
    dropped += table.delete(f"{_before(now - _KEEP)} AND {equals(holder=EVERYBODY)}")
    if dropped:
        table.forget_versions()


def drop_of_dead(catalog: Catalog) -> int:
    """Delete what runs hold that are at no unit: they were killed, for a file is handed over only while the run is at
    a unit that wants it. (Of a run on another machine that is known a minute later; see `leases`.)

    Returns:
        how many rows they were; the bytes are still on the disk.
    """
    table = catalog.table("files")
    holders = set(table.read(["holder"])["holder"].to_pylist()) - {EVERYBODY}
    return table.delete(equals(holder=holders - runs_at_work(catalog)))


def _before(moment: datetime) -> str:
    return f"put_at < timestamp '{moment:%Y-%m-%d %H:%M:%S}'"


def _parts(catalog: Catalog, name: str, holder: str) -> int | None:
    """How many pieces a file has; None when one is missing."""
    rows = catalog.table("files").read(["name", "holder", "part", "parts"], where=equals(name=name, holder=holder))
    parts = rows.num_rows - 1
    return parts if parts >= 0 and rows["part"][parts].as_py() == rows["parts"][parts].as_py() == parts else None


def _pieces(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of one size; the last may be smaller."""
    waiting: list[bytes] = []
    size = 0
    for block in blocks:
        waiting.append(block)
        size += len(block)
        if size >= _PIECE:
            joined = b"".join(waiting)
            for first in range(0, size - size % _PIECE, _PIECE):
                yield joined[first : first + _PIECE]
            waiting = [joined[size - size % _PIECE :]]
            size %= _PIECE
    if size:
        yield b"".join(waiting)
