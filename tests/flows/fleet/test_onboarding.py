"""A run is known to be at work from before it enters a video until its rows are written."""

import pytest

from data_catalog import Catalog
from data_catalog.leases import runs_at_work
from flows.configuration.settings import Settings
from flows.fleet import onboarding


class Entered(Exception):
    """Instead of all that follows."""


@pytest.mark.parametrize("asked", ["look_ahead", "add"])
def test_a_run_is_at_work_before_a_video_is_entered_and_no_more_when_it_ended(tmp_path, monkeypatch, asked):
    catalog = Catalog(tmp_path / "catalog")
    seen = []

    def enter(*_):
        seen.append(runs_at_work(catalog))
        raise Entered

    monkeypatch.setattr(onboarding.Entry, asked, enter)
    with pytest.raises(Entered):
        onboarding.onboard_all("ann", [onboarding.Request("ann")], Settings(catalog=catalog.uri))
    assert len(seen) == 1 and seen[0] and not runs_at_work(catalog)
