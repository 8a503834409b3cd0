"""`tango metrics`: the figures of a catalog, as Prometheus takes them.

It is a process of its own also beside `tango serve`: a look at thousands of avatars takes seconds and memory that what
watches over the runs must not miss.
"""

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from tango_models.errors import InputError

if TYPE_CHECKING:
    from flows.fleet.figures import FleetFigures

_REST = 10.0
"""Times as long as a look took, before the next: however large the catalog, a tenth of a CPU."""


class FleetCollector(Collector):
    """Looks when it is asked, and not more often than it may. After a look that failed nothing is shown but that: what
    was seen before would pass for how things are.

    Args:
        look: at the catalog; seconds: between two looks at least; say: takes a line about a look that failed, once.
    """

    def __init__(
        self, look: "Callable[[], FleetFigures]", *, seconds: float, say: Callable[[str], None] = lambda line: None
    ) -> None:
        self._look, self._seconds, self._say = look, seconds, say
        self._lock = threading.Lock()
        self._seen: FleetFigures | None = None
        self._took, self._looked = 0.0, -math.inf
        self._said = ""

    def describe(self) -> list[GaugeMetricFamily]:
        """Nothing, so that to be registered is no look."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        with self._lock:
            if time.monotonic() - self._looked > max(self._seconds, _REST * self._took):
                self._look_again()
            seen, took, since = self._seen, self._took, time.monotonic() - self._looked
        if seen:
            yield from families(seen, datetime.now(UTC))
        yield _gauge("tango_catalog_up", "Whether the last look at the catalog went well", float(seen is not None))
        yield _gauge("tango_look_duration_seconds", "What the last look at the catalog took", took)
        yield _gauge("tango_look_age_seconds", "Since the last look at the catalog", since)

    def _look_again(self) -> None:
        before, why = time.monotonic(), ""
        try:
            self._seen = self._look()
        except Exception as error:  # of the store, of a table just being made over: whoever watches is told
            self._seen, why = None, f"the catalog cannot be looked at ({' '.join(str(error).split())})"
        if why and why != self._said:
            self._say(why)
        self._said, self._looked = why, time.monotonic()
        self._took = self._looked - before


def families(seen: "FleetFigures", now: datetime) -> list[GaugeMetricFamily]:
    """The figures of a look by their names; those of all states, so that none is missing while it is 0."""
    from flows.fleet.summary import State
    from tasks.runtime.registry import ONBOARDING, STAGES

    avatars = GaugeMetricFamily("tango_avatars", "Avatars, as `tango status` counts them", labels=["state"])
    for state in State:
        avatars.add_metric([state.value], seen.avatars.get(state.value, 0))
    units = GaugeMetricFamily("tango_units", "Units of work in the wanted version", labels=["stage", "state"])
    for stage in STAGES:
        states = ("ok", "failed", "stale", "pending", "waiting", "running") if stage in ONBOARDING else ("ok", "failed")
        for name in states:
            units.add_metric([stage, name], seen.units.get((stage, name), 0))
    failed = seen.oldest_failure
    age = max(0.0, (now - failed).total_seconds()) if failed else 0.0
    oldest = _gauge("tango_oldest_failure_age_seconds", "Of the unit that failed longest ago; 0 without any", age)
    return [avatars, units, _gauge("tango_units_leased", "Units that runs are at", seen.leased), oldest]


def _gauge(name: str, what: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, what, value=value)


@contextmanager
def listening(collector: Collector, *, host: str, port: int) -> Iterator[int]:
    """Answer whoever asks, in threads; gives the port, which is a free one where 0 is asked for.

    Raises:
        InputError: the address cannot be used.
    """
    registry = CollectorRegistry()
    registry.register(collector)
    try:
        server, thread = start_http_server(port, host, registry)
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or error
        remedy = "choose others with TANGO_METRICS__HOST and TANGO_METRICS__PORT, or --port"
        raise InputError(f"metrics at {host}:{port}", f"cannot be used ({why})", remedy) from None
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
