"""What status and fleets count must be what onboarding does."""

from tasks.runtime.registry import PER_TRACK, stage_class
from tasks.views.track_units import track_units


def test_every_stage_of_a_track_is_counted_with_what_it_reads():
    found = track_units("0" * 32, 900, "model")
    assert tuple(found) == PER_TRACK
    for stage, (units, reads) in found.items():
        assert units and set(reads) == set(stage_class(stage).reads), stage
