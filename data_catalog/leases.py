"""Who is at a unit just now, so that two runs never do the same at once: a row with an expiry, taken by one write.

A row is inserted where there is none and replaced where it has expired or is one's own; Lance lets one of two writers
of a key win. What the threads of a run ask for at the same time is one write, and so is what they give back in a
second. Who dies without giving his back holds the others up until it expires, except on his own machine, where it is
seen that his process is gone. A clock that is wrong makes two do the same, and no more: the rows of both are equal.
(One that was ahead leaves leases until some day to come; nobody takes so long a one, so they are as good as expired.)
"""

import logging
import os
import socket
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data_catalog.catalog import Catalog
from data_catalog.keys import digest, equals
from data_catalog.living import started
from data_catalog.tables.store import Table

SECONDS = 60.0
"""That a lease holds, unless it is renewed."""
_RENEW_EVERY = SECONDS / 4
_GIVE_BACK_EVERY = 1.0
_SEPARATOR = "|"
_KEEP = "keep:"
_LOG = logging.getLogger(__name__)


class Leases:
    """The leases of one run. Use as a context manager: they are renewed inside it and given back at its end.

    Args:
        run_id: of the flow run; two tries of one run follow each other and share it.
    """

    def __init__(self, catalog: Catalog, run_id: str) -> None:
        self._catalog = catalog
        self._holder = _SEPARATOR.join([run_id, _place(), str(os.getpid()), started(os.getpid()) or ""])
        self._held: set[str] = set()
        self._given_back: set[str] = set()  # and still in the table
        self._asked: list[_Asked] = []
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> "Leases":
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self._thread:
            self._thread.join()
        with self._lock:
            self._given_back |= self._held
            self._held = set()
        self._write_given_back()
        if self._thread:
            self._sweep()

    @property
    def _table(self) -> Table:
        return self._catalog.table("leases")

    def take(self, stage: str, units: Iterable[str]) -> set[str]:
        """Take units of a stage that nobody else is at.

        Returns:
            those that are ours now.
        """
        by_lease = {lease_of(stage, unit): unit for unit in units}
        if not by_lease:
            return set()
        mine = self._claimed(by_lease)
        if len(mine) < len(by_lease) and self._free_dead(by_lease):
            mine = self._claimed(by_lease)
        self._hold(mine)
        return {by_lease[lease] for lease in mine}

    def keep(self, stage: str, unit: str) -> None:
        """Let nobody drop the rows of a unit to make room until the run ends. Any number of runs may keep one."""
        self._hold(self._claimed([_keep_of(stage, unit, self._holder)]))

    def give_back(self, stage: str, units: Iterable[str]) -> None:
        """Let others have them, in a second."""
        leases = {lease_of(stage, unit) for unit in units}
        with self._lock:
            leases &= self._held
            self._held -= leases
            self._given_back |= leases

    def _hold(self, leases: set[str]) -> None:
        with self._lock:
            self._held |= leases
            if self._thread is None:
                self._thread = threading.Thread(target=self._renew, name="leases", daemon=True)
                self._thread.start()

    def _claimed(self, leases: Iterable[str]) -> set[str]:
        """Ask for leases; those that are ours then. Whoever comes to write first does it for all who have asked."""
        own = _Asked(set(leases))
        with self._lock:
            self._asked.append(own)
        with self._writing:
            if own.ours is None:
                with self._lock:
                    asked, self._asked = self._asked, []
                    wanted = set[str]().union(*(other.leases for other in asked))
                    back = self._given_back & wanted
                    self._given_back -= wanted
                try:
                    self._claim(wanted)
                    where = equals(lease=sorted(wanted), holder=self._holder)
                    ours = set(self._table.read(["lease"], where=where)["lease"].to_pylist())
                except BaseException:
                    with self._lock:  # each of the others tries for himself
                        self._given_back |= back
                        self._asked += [other for other in asked if other is not own]
                    raise
                for other in asked:
                    other.ours = ours & other.leases
        assert own.ours is not None
        return own.ours

    def _claim(self, leases: Iterable[str]) -> None:
        now = time.time()
        rows = [{"lease": lease, "holder": self._holder, "expires_at": now + SECONDS} for lease in leases]
        self._table.upsert(rows, where=f"NOT ({_holds('target.expires_at', now)}) OR target.holder = source.holder")

    def _free_dead(self, leases: Iterable[str]) -> bool:
        """Take away what processes of this machine hold that are no more; whether there was any."""
        rows = self._table.read(["lease", "holder"], where=equals(lease=list(leases))).to_pylist()
        dead = [holder for holder in {row["holder"] for row in rows} - {self._holder} if _is_dead(holder)]
        for holder in dead:
            self._table.delete(equals(lease=[row["lease"] for row in rows], holder=holder))
        return bool(dead)

    def _sweep(self) -> None:
        """Take away what killed runs left: where their unit was done, nobody asks for it any more."""
        for holder in {row["holder"] for row in self._table.read(["holder"]).to_pylist() if _is_dead(row["holder"])}:
            self._table.delete(equals(holder=holder))
        self._table.delete(f"NOT ({_holds('expires_at', time.time(), late=SECONDS)})")

    def _write_given_back(self) -> None:
        with self._writing:
            with self._lock:
                leases, self._given_back = self._given_back, set()
            if leases:
                try:
                    self._table.delete(equals(lease=sorted(leases), holder=self._holder))
                except BaseException:
                    with self._lock:
                        self._given_back |= leases
                    raise

    def _renew(self) -> None:
        failing, renewed = False, time.monotonic()
        while not self._over.wait(_GIVE_BACK_EVERY):
            try:
                if time.monotonic() - renewed >= _RENEW_EVERY:
                    self._renew_held()
                    renewed = time.monotonic()
                self._write_given_back()
                failing = False
            except Exception as error:  # whatever it is, it is tried again before the leases expire
                if not failing:
                    _LOG.warning("the leases of this run could not be renewed (%s); it is tried again", error)
                failing = True

    def _renew_held(self) -> None:
        with self._writing:
            with self._lock:
                held = self._held | self._given_back
            if held:
                self._claim(held)


@dataclass(eq=False)
class _Asked:
    """Leases that a thread asked for, and which of them it got; None until they were asked of the table."""

    leases: set[str]
    ours: set[str] | None = None


def lease_of(stage: str, unit: str) -> str:
    """The key of a unit's lease."""
    return digest(stage, unit)


def held(catalog: Catalog) -> set[str]:
    """The leases of units that somebody is at now."""
    return {row["lease"] for row in _living(catalog) if not row["lease"].startswith(_KEEP)}


def kept(catalog: Catalog, stage: str, units: Iterable[str]) -> set[str]:
    """Those units of a stage whose rows some run needs as they are; see `Leases.keep`."""
    rows = _living(catalog)
    leases, holders = {row["lease"] for row in rows}, {row["holder"] for row in rows}
    return {unit for unit in units if any(_keep_of(stage, unit, holder) in leases for holder in holders)}


def runs_at_work(catalog: Catalog) -> set[str]:
    """The ids of the runs that are at a unit now."""
    return {row["holder"].split(_SEPARATOR)[0] for row in _living(catalog)}


def runs_not_known_to_be_over(catalog: Catalog) -> set[str]:
    """The ids of the runs with any lease, be it expired by the clock of this machine, which may be wrong."""
    holders = set(catalog.table("leases").read(["holder"])["holder"].to_pylist())
    return {holder.split(_SEPARATOR)[0] for holder in holders if not _is_dead(holder)}


def _holds(expires_at: str, now: float, *, late: float = 0.0) -> str:
    """The filter for leases that have not expired, or not for some seconds.

    Args:
        expires_at: what the column is called.
    """
    return f"{expires_at} >= {now - late!r} AND {expires_at} <= {now + 2 * SECONDS!r}"


def _living(catalog: Catalog) -> list[dict[str, Any]]:
    """The rows that have not expired and whose holder is not known to be dead."""
    rows = catalog.table("leases").read(where=_holds("expires_at", time.time())).to_pylist()
    dead = {holder for holder in {row["holder"] for row in rows} if _is_dead(holder)}
    return [row for row in rows if row["holder"] not in dead]


def _keep_of(stage: str, unit: str, holder: str) -> str:
    return _KEEP + digest(stage, unit, holder)


def _place() -> str:
    """Where process ids mean the same: the machine since it was started, and the namespace of processes in it."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return f"{socket.gethostname()} {boot} {os.readlink('/proc/self/ns/pid')}"


def _is_dead(holder: str) -> bool:
    """Whether a holder was a process of this machine, and is no more."""
    _, place, pid, start = holder.split(_SEPARATOR)
    return place == _place() and started(int(pid)) != start
