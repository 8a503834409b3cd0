"""What is done, what is pending and what failed, avatar by avatar."""

from pydantic import BaseModel

from data_catalog import Catalog, check_avatar_name
from data_catalog.ledger import UnitRecord
from data_catalog.refusals import refusals
from flows.configuration.settings import Settings
from flows.failures import FailedUnit, failed_units_of
from flows.fleet.standing import FleetSnapshot, UnitStanding
from tango_models.errors import InputError
from tasks.runtime.faults import reason
from tasks.runtime.registry import ONBOARDING


class StageStatus(BaseModel):
    """Units of a stage for one avatar.

    Attributes:
        ok: in the version that is wanted.
        stale: done in another version, or made of what is stale; redone by the next `tango onboard` or `reenact`.
        pending: never done; done by the next `tango onboard`.
        failed: units that failed.
        waiting: videos for which nothing can be planned before an earlier stage is done.
        running: units that a run is at.
        rows: rows written by the units that are ok.
        reasons: why units are stale, each beginning with its subject.
        waits: why units are pending or wait, or that a run is at them, each beginning with its subject.
        errors: why units failed, each beginning with its subject.
    """

    stage: str
    ok: int = 0
    stale: int = 0
    pending: int = 0
    failed: int = 0
    waiting: int = 0
    running: int = 0
    rows: int = 0
    reasons: list[str] = []
    waits: list[str] = []
    errors: list[str] = []


class AvatarStatus(BaseModel):
    """How an avatar stands.

    Attributes:
        stages: of the onboarding.
        failed_units: of all stages, renders too.
    """

    avatar: str
    videos: int
    stages: list[StageStatus]
    failed_units: list[FailedUnit]


def catalog_status(settings: Settings, avatar: str | None = None) -> list[AvatarStatus]:
    """The status of one avatar or of all.

    Raises:
        InputError: the avatar is not in the catalog.
    """
    catalog = Catalog(settings.catalog, settings.storage_options)
    avatar = check_avatar_name(avatar) if avatar is not None else None
    snapshot = FleetSnapshot(catalog, settings.stage_configs(), avatar)
    refused = refusals(catalog, snapshot.versions.ledger)
    known = {*snapshot.videos, *refused}
    if avatar is not None and avatar not in known:
        everyone = ", ".join(sorted({*catalog.avatars(), *refused})) or "none"
        raise InputError(f"avatar {avatar!r}", f"unknown (known: {everyone})", "onboard it first")
    return [_avatar_status(snapshot, name, refused.get(name, [])) for name in ([avatar] if avatar else sorted(known))]


def _avatar_status(snapshot: FleetSnapshot, avatar: str, refused: list[UnitRecord]) -> AvatarStatus:
    stages = {name: StageStatus(stage=name) for name in ONBOARDING}
    for unit in snapshot.units_of(avatar):
        _count(stages[unit.stage], unit)
    for record in refused:
        stages[ONBOARDING[0]].failed += 1
        stages[ONBOARDING[0]].errors.append(reason(record.subject, record.error or ""))
    videos = snapshot.videos.get(avatar, {})
    failed = failed_units_of(snapshot.catalog, avatar, videos)
    return AvatarStatus(avatar=avatar, videos=len(videos), stages=list(stages.values()), failed_units=failed)


def _count(status: StageStatus, unit: UnitStanding) -> None:
    setattr(status, unit.state, getattr(status, unit.state) + 1)
    if unit.state == "ok":
        status.rows += unit.record.n_rows if unit.record else 0
    elif unit.state == "failed":
        status.errors.append(reason(unit.subject, unit.why))
    elif unit.state == "stale":
        status.reasons.append(f"{unit.subject}: {unit.why}")
    else:
        status.waits.append(f"{unit.subject}: {unit.why}")
