"""The figures of a catalog are those that `tango status` shows."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from benchmarks.made_catalog import make_catalog
from data_catalog import Catalog, Unit
from data_catalog.leases import Leases
from data_catalog.refusals import refuse
from flows.configuration.settings import Settings
from flows.fleet.figures import fleet_figures
from flows.fleet.summary import pending_units, summarise
from flows.status import catalog_status
from flows.upkeep.forget import forget
from tests.layouts import only_part


@pytest.fixture
def settings(tmp_path) -> Settings:
    """Of twenty avatars one failed, one is stale, one was only entered and one was cut off."""
    settings = Settings(catalog=str(tmp_path / "catalog"))
    make_catalog(settings, 20, 200)
    return settings


def test_they_are_those_of_the_status_by_whichever_way_it_is_asked(settings):
    catalog = Catalog(settings.catalog)
    refuse(catalog, "avatar00001", "/data/x.mp4", "x.mp4: is empty; copy it again", run_id="r")
    found = fleet_figures(settings)
    assert found.avatars == Counter(entry.state.value for entry in summarise(settings))
    assert len(found.avatars) == 4 and sum(found.avatars.values()) == 20
    counted = Counter()
    for entry in catalog_status(settings):
        for stage in entry.stages:
            for state in ("ok", "stale", "pending", "failed", "waiting", "running"):
                counted[stage.stage, state] += getattr(stage, state)
    assert +Counter(found.units) == +counted
    undone = Counter((unit.stage, unit.state) for unit in pending_units(settings))
    assert {key: count for key, count in found.units.items() if key[1] != "ok" and count} == undone


def test_the_oldest_failure_goes_with_what_failed(settings):
    catalog = Catalog(settings.catalog)
    before = datetime.now(UTC)
    long_ago = before - timedelta(days=3)
    only_part(catalog, "units").open().update({"produced_at": f"timestamp '{long_ago:%Y-%m-%dT%H:%M:%S}Z'"})
    assert abs(fleet_figures(settings).oldest_failure - long_ago) < timedelta(seconds=2)
    (failed,) = [entry.avatar for entry in summarise(settings) if entry.state.value == "failed"]
    forget(settings, failed, [])
    assert fleet_figures(settings).oldest_failure is None, "of what nobody uses any more none is left"
    catalog.fail(Unit("render_video", "render", "out.mp4", "1", ""), "out.mp4: no room; make some", run_id="r")
    found = fleet_figures(settings)
    assert found.units["render_video", "failed"] == 1 and found.oldest_failure >= before


def test_what_runs_are_at_is_counted_and_an_empty_catalog_has_none(settings, tmp_path):
    with Leases(Catalog(settings.catalog), "run") as run:
        run.take("extract_frames", ["a" * 32, "b" * 32])
        assert fleet_figures(settings).leased == 2
    assert fleet_figures(settings).leased == 0
    empty = fleet_figures(Settings(catalog=str(tmp_path / "none")))
    assert not empty.avatars and not any(empty.units.values()) and empty.oldest_failure is None
