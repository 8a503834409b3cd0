"""What the commands do that run until they are ended: a server with its worker, a worker, figures."""

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from flows.command_line.reporting import ERRORS, prefect_home, read_settings, reported
from flows.server import environment

if TYPE_CHECKING:
    from flows.configuration.settings import Settings
    from flows.server.worker import Work

_HERE, _ON_A_CLUSTER = 2, 16
"""Runs at a time: each has a Ray of its own, with workers for all of this machine's CPUs, or its own of a cluster."""
_METRICS_PORT = 9464
"""Which exporters for Prometheus usually take."""


def serve(port: int | None, home: str | None, catalog: str | None) -> None:
    with reported("serve"):
        from flows.server import serving

        settings = read_settings(catalog, home)
        given, folder = work_and_home(settings)
        serving.serve(port=port, work=given, home=folder)


def work(home: str | None, catalog: str | None) -> None:
    with reported("work"):
        from flows.server import working

        settings = read_settings(catalog, home)
        given, folder = work_and_home(settings)
        working.work(given, home=folder)


def metrics(port: int | None, catalog: str | None, *, new: bool) -> None:
    with reported("metrics"), environment.quiet():
        from flows.fleet.figures import fleet_figures
        from flows.intake.catalogs import existing_catalog
        from flows.server.metrics import FleetCollector, listening

        settings = read_settings(catalog)
        if not new:
            existing_catalog(settings)
        given = settings.metrics
        collector = FleetCollector(lambda: fleet_figures(settings), seconds=given.seconds, say=_say)
        with listening(collector, host=given.host, port=port or given.port or _METRICS_PORT) as bound:
            _say(f"http://{given.host}:{bound}/metrics   catalog {settings.catalog}   Ctrl-C ends it")
            threading.Event().wait()


def _say(line: str) -> None:
    ERRORS.print(line, soft_wrap=True, markup=False)


def work_and_home(settings: "Settings") -> "tuple[Work, Path]":
    """What a worker does for a catalog that can be written to, and the folder of Prefect's that goes with it."""
    from data_catalog import Catalog
    from flows.configuration.setting_paths import whole_paths
    from flows.server.worker import Work

    where = Catalog(settings.catalog, settings.storage_options)
    where.check()
    at_a_time = settings.runs_at_a_time or (_ON_A_CLUSTER if settings.cluster.address else _HERE)
    given = settings.metrics
    work = Work(
        where.uri,
        pool=settings.pool,
        at_a_time=at_a_time,
        variables=whole_paths(settings),
        metrics=(given.host, given.port) if given.port else None,
    )
    return work, prefect_home(settings)
