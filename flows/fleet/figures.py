"""How a catalog stands in numbers, for graphs and alarms: what `tango status` shows, counted."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from data_catalog import Catalog
from data_catalog.keys import equals
from data_catalog.leases import held
from data_catalog.refusals import refusals
from flows.configuration.settings import Settings
from flows.fleet.standing import FleetSnapshot, uncollected
from flows.fleet.summary import summaries_of
from tasks.runtime.registry import ONBOARDING, STAGES


@dataclass(frozen=True)
class FleetFigures:
    """Of one look at a catalog.

    Attributes:
        avatars: by the state of `tango status`.
        units: by stage and state; of the stages of renders only those that are in the ledger, ok or failed. Those of a
            video that wait for an earlier stage are counted as one.
        leased: units that runs are at.
        oldest_failure: when the unit failed that counts as failed for longest; None where none does.
    """

    avatars: dict[str, int]
    units: dict[tuple[str, str], int]
    leased: int
    oldest_failure: datetime | None


@uncollected()
def fleet_figures(settings: Settings) -> FleetFigures:
    """Of a catalog in which nothing was onboarded yet, too."""
    catalog = Catalog(settings.catalog, settings.storage_options)
    snapshot = FleetSnapshot(catalog, settings.stage_configs())
    refused = refusals(catalog, snapshot.versions.ledger)
    units: Counter[tuple[str, str]] = Counter()
    failed = {(record.stage, record.unit) for records in refused.values() for record in records}
    for avatar in snapshot.videos:
        for unit in snapshot.units_of(avatar):
            units[unit.stage, unit.state] += 1
            if unit.state == "failed":
                failed.add((unit.stage, unit.unit))
    units[ONBOARDING[0], "failed"] += sum(map(len, refused.values()))
    units += _of_renders(catalog)
    avatars = Counter(summary.state.value for summary in summaries_of(snapshot, refused))
    return FleetFigures(dict(avatars), dict(units), len(held(catalog)), _oldest(catalog, failed))


def _of_renders(catalog: Catalog) -> Counter[tuple[str, str]]:
    """The units that no avatar ought to have: they are made when somebody asks for a render."""
    stages = [stage for stage in STAGES if stage not in ONBOARDING]
    rows = catalog.table("units").read(["stage", "status"], where=equals(stage=stages), ordered=False)
    return Counter(zip(rows["stage"].to_pylist(), rows["status"].to_pylist(), strict=True))


def _oldest(catalog: Catalog, failed: set[tuple[str, str]]) -> datetime | None:
    rows = catalog.table("units").read(["stage", "unit", "produced_at"], where=equals(status="failed"), ordered=False)
    found = [
        row["produced_at"]
        for row in rows.to_pylist()
        if (row["stage"], row["unit"]) in failed or row["stage"] not in ONBOARDING
    ]
    return min(found, default=None)
