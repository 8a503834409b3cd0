"""Doing stages of avatars over: what failed, what is stale, or all of it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

from pydantic import BaseModel

from data_catalog import Catalog, UnitRecord, check_avatar_name
from data_catalog.doing_over import doing_over
from data_catalog.keys import equals
from data_catalog.refusals import STAGE as ENTERS
from data_catalog.refusals import place_of, refusals
from flows.fleet.standing import FleetSnapshot, uncollected
from flows.intake.catalogs import existing_catalog
from flows.intake.footage import Footage
from tango_models.errors import InputError
from tasks.runtime.registry import ONBOARDING, PER_AVATAR

if TYPE_CHECKING:
    from flows.configuration.settings import Settings
    from flows.outcome import FlowReport

_AT_A_TIME = 500


class Redo(StrEnum):
    """Which units are done over. What is stale is brought up to date in any case."""

    failed = "failed"
    stale = "stale"
    force = "force"


class RerunPlan(BaseModel):
    """What a rerun would do.

    Attributes:
        avatars: whose units.
        again: by stage, the units that are done over, and what reads them with them.
        undone: by stage, how many others are not done in the wanted version, and are done as well; of those that wait
            for others the number is not known yet, and one is counted.
        files: that could not be read when they were given, by avatar: they are read again.
    """

    avatars: list[str]
    again: dict[str, list[str]] = {}
    undone: dict[str, int] = {}
    files: dict[str, list[Footage]] = {}

    @property
    def empty(self) -> bool:
        return not self.again and not self.undone and not self.files


def rerun(settings: "Settings", avatars: Sequence[str], stages: Sequence[str], redo: Redo) -> "FlowReport":
    """Do units over; inside a flow run. One that is done stays so for everybody else until its new rows are written. A
    second try of the run leaves alone what the first has done over.

    Raises:
        InputError: an unknown avatar; see `check_onboarding`.
        FlowIncomplete: units failed.
    """
    from prefect.runtime import deployment, flow_run

    from flows.fleet.onboarding import Request, onboard_all
    from flows.intake.paths import check_place
    from flows.intake.requests import check_catalog
    from tasks.runtime.cluster.ray_cluster import check_cluster
    from tasks.views.embedding_model import check_body

    deployed = deployment.id is not None
    check_place("catalog", settings.catalog, deployed=deployed)
    catalog = existing_catalog(settings)
    check_cluster(settings.cluster)
    check_body(settings.aumoclip, settings.body)
    check_catalog(catalog, deployed=deployed)
    plan = plan_rerun(settings, avatars, stages, redo)
    subject = plan.avatars[0] if len(plan.avatars) == 1 else f"{len(plan.avatars)} avatars"
    put_back(catalog, plan.again)
    with doing_over(catalog.uri, plan.again, str(flow_run.id)):
        requests = [Request(avatar, plan.files.get(avatar, []), again=True) for avatar in plan.avatars]
        return onboard_all(subject, requests, settings)


@uncollected()
def plan_rerun(settings: "Settings", avatars: Sequence[str], stages: Sequence[str], redo: Redo) -> RerunPlan:
    """What a rerun would do, without doing it.

    Args:
        avatars: all when empty.
        stages: of the onboarding; all when empty. Of `redo` stale, only tells: what is stale is done in any case.

    Raises:
        InputError: an unknown avatar; no catalog.
    """
    snapshot = FleetSnapshot(existing_catalog(settings), settings.stage_configs())
    refused = refusals(snapshot.catalog, snapshot.versions.ledger)
    plan = RerunPlan(avatars=choose_avatars([*snapshot.videos, *refused], avatars))
    if redo is not Redo.stale:
        plan.again = dict(_chosen(snapshot, plan.avatars, stages or ONBOARDING, redo))
        if not stages or ENTERS in stages:
            plan.files = {avatar: files for avatar in plan.avatars if (files := _files(refused.get(avatar, [])))}
    again = {(stage, unit) for stage, units in plan.again.items() for unit in units}
    for avatar in plan.avatars:
        for unit in snapshot.units_of(avatar):
            if unit.state not in ("ok", "failed") and (unit.stage, unit.unit) not in again:
                plan.undone[unit.stage] = plan.undone.get(unit.stage, 0) + 1
    return plan


def choose_avatars(known: Sequence[str], avatars: Sequence[str]) -> list[str]:
    """The avatars that are meant; all when none is named.

    Raises:
        InputError: one is unknown.
    """
    wanted = [check_avatar_name(avatar) for avatar in avatars]
    if unknown := sorted(set(wanted) - set(known)):
        everyone = ", ".join(sorted(set(known))) or "none"
        raise InputError(f"avatar {unknown[0]!r}", f"unknown (known: {everyone})", "name one of those")
    return sorted(set(wanted)) or sorted(set(known))


def put_back(catalog: Catalog, units: Mapping[str, Sequence[str]]) -> int:
    """Take those units out of the ledger that failed: how often is forgotten, so they are tried again as if new.

    Args:
        units: by stage.

    Returns:
        how many they were.
    """
    count = 0
    for stage, keys in units.items():
        for start in range(0, len(keys), _AT_A_TIME):
            some = equals(stage=stage, unit=keys[start : start + _AT_A_TIME], status="failed")
            count += catalog.table("units").delete(some)
    return count


def _chosen(
    snapshot: FleetSnapshot, avatars: Sequence[str], stages: Sequence[str], redo: Redo
) -> Iterator[tuple[str, list[str]]]:
    """By stage, the units of avatars in the ledger that are done over: those that failed, however often, or all."""
    from tasks.views.motion_graph import pair_keys

    owners, pairs = set(), set()
    for avatar in avatars:
        rows = snapshot.videos.get(avatar, {}).values()
        owners |= {row[name] for row in rows for name in ("video_id", "track_id")}
        pairs |= set(pair_keys([row["track_id"] for row in rows]))
    for stage in stages:
        keys = [
            key
            for key in snapshot.versions.ledger.units(stage)
            if (key in pairs if stage in PER_AVATAR else key.partition(":")[0] in owners)
            and (redo is Redo.force or not _is_ok(snapshot, stage, key))
        ]
        if keys:
            yield stage, sorted(keys)


def _files(refused: Iterable[UnitRecord]) -> list[Footage]:
    return [Footage.again(place, record.fields) for record in refused if (place := place_of(record))]


def _is_ok(snapshot: FleetSnapshot, stage: str, unit: str) -> bool:
    record = snapshot.versions.ledger.record(stage, unit)
    return record is not None and record.ok
