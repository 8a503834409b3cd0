"""Units that a run does over although they are done. To the run that does so their rows of the ledger are not there; to
all others they are, until it writes new rows (`Catalog.begin`). So a run that comes to nothing takes nothing away, and
one that is tried again goes on with what it has not done yet: what it wrote itself, whatever a clock says, stays seen.
"""

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc

_lock = threading.Lock()
_at_work: dict[str, list["_DoneOver"]] = {}
"""By the URI of a catalog; of this process, which plans a run's units and is asked of by all of its threads."""


class _DoneOver:
    def __init__(self, units: Mapping[str, Iterable[str]], run_id: str) -> None:
        self._units, self._run = {stage: frozenset(keys) for stage, keys in units.items()}, run_id

    def hides(self, rows: pa.Table) -> pa.Array:
        """Which rows of `units` are to be done over."""
        chosen = [
            pc.and_(pc.equal(rows["stage"], stage), pc.is_in(rows["unit"], pa.array(sorted(keys), pa.string())))
            for stage, keys in self._units.items()
        ]
        others = pc.and_(pc.equal(rows["status"], "ok"), pc.fill_null(pc.not_equal(rows["run_id"], self._run), True))
        return pc.and_(reduce(pc.or_, chosen), others)


@contextmanager
def doing_over(uri: str, units: Mapping[str, Iterable[str]], run_id: str) -> Iterator[None]:
    """Have units of a catalog count as not done in this process, unless this run did them.

    Args:
        units: by stage, their keys.
        run_id: with which the run writes into the ledger.
    """
    if not units:
        yield
        return
    entry = _DoneOver(units, run_id)
    with _lock:
        _at_work.setdefault(uri, []).append(entry)
    try:
        yield
    finally:
        with _lock:
            _at_work[uri].remove(entry)


def without_done_over(uri: str, rows: pa.Table) -> pa.Table:
    """Rows of `units` (with `stage`, `unit`, `status` and `run_id`) but for those that this process does over."""
    with _lock:
        entries = list(_at_work.get(uri, ()))
    for entry in entries:
        rows = rows.filter(pc.invert(entry.hides(rows)))
    return rows
