"""How all avatars stand, a line each, from one look at the catalog: no table of features is read."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from pydantic import BaseModel

from data_catalog import Catalog, UnitRecord
from data_catalog.refusals import refusals
from flows.configuration.settings import Settings
from flows.fleet.standing import FleetSnapshot, UnitStanding, uncollected
from tasks.runtime.faults import reason
from tasks.runtime.registry import ONBOARDING, PER_AVATAR, PER_TRACK


class State(StrEnum):
    """Of an avatar, or a video of it: that of its worst unit, in the order in which avatars are listed."""

    failed = "failed"
    stale = "stale"
    pending = "pending"
    running = "running"
    complete = "complete"


_OF_UNIT = {"failed": State.failed, "stale": State.stale, "running": State.running}
_TELLING = (State.failed, State.running, State.stale, State.pending)
"""Of several states the first: where a run is at an avatar, the rest of it is not just waiting."""


class AvatarSummary(BaseModel):
    """How an avatar stands.

    Attributes:
        state: `failed` if anything is, else `running` if a run is at anything, else `stale`, `pending` or `complete`.
        videos: how many it has; done: of which everything is there in the wanted version.
        failed, stale, pending, running: videos (and files that could not be read, and pairs of videos) by state.
        reasons: why what is not done is not, a line each, beginning with its subject and stage.
    """

    avatar: str
    state: State = State.complete
    videos: int = 0
    done: int = 0
    failed: int = 0
    stale: int = 0
    pending: int = 0
    running: int = 0
    reasons: list[str] = []


class PendingUnit(BaseModel):
    """A unit that is not done in the wanted version, and why; without a key where it cannot be planned yet."""

    avatar: str
    stage: str
    unit: str
    subject: str
    state: str
    why: str


@uncollected()
def summarise(settings: Settings, *, states: Sequence[State] = (), stages: Sequence[str] = ()) -> list[AvatarSummary]:
    """All avatars, the worst first.

    Args:
        states: those of these states only; all when empty.
        stages: only what stands so at one of these stages; all when empty.
    """
    snapshot = FleetSnapshot(Catalog(settings.catalog, settings.storage_options), settings.stage_configs())
    found = summaries_of(snapshot, refusals(snapshot.catalog, snapshot.versions.ledger), stages)
    order = list(State)
    chosen = [s for s in found if (not states or s.state in states) and (not stages or s.state is not State.complete)]
    return sorted(chosen, key=lambda summary: (order.index(summary.state), -summary.failed, summary.avatar))


def summaries_of(
    snapshot: FleetSnapshot, refused: Mapping[str, Sequence[UnitRecord]], stages: Sequence[str] = ()
) -> list[AvatarSummary]:
    """All avatars of a snapshot, by name.

    Args:
        refused: as `refusals` gives it; stages: see `summarise`.
    """
    found = []
    for avatar in sorted({*snapshot.videos, *refused}):
        summary = AvatarSummary(avatar=avatar)
        _count_videos(summary, snapshot, stages)
        for record in refused.get(avatar, []):
            if not stages or PER_TRACK[0] in stages:
                _note(summary, State.failed, reason(record.subject, record.error or ""))
        summary.state = next((state for state in _TELLING if getattr(summary, state.value)), State.complete)
        found.append(summary)
    return found


@uncollected()
def pending_units(settings: Settings, *, states: Sequence[State] = (), stages: Sequence[str] = ()) -> list[PendingUnit]:
    """Every unit of every avatar that is not done in the wanted version, avatar by avatar.

    Args:
        states, stages: those of these only; all when empty. What waits for another is `pending`.
    """
    snapshot = FleetSnapshot(Catalog(settings.catalog, settings.storage_options), settings.stage_configs())
    found = [
        PendingUnit(avatar=avatar, stage=u.stage, unit=u.unit, subject=u.subject, state=u.state, why=u.why)
        for avatar in sorted(snapshot.videos)
        for u in snapshot.units_of(avatar)
        if u.state != "ok" and (not stages or u.stage in stages) and (not states or state_of(u) in states)
    ]
    if (not stages or PER_TRACK[0] in stages) and (not states or State.failed in states):
        for avatar, records in refusals(snapshot.catalog, snapshot.versions.ledger).items():
            for r in records:
                why = (r.error or "").partition("\n")[0]
                found.append(
                    PendingUnit(avatar=avatar, stage=r.stage, unit=r.unit, subject=r.subject, state="failed", why=why)
                )
    return sorted(found, key=lambda unit: (unit.avatar, ONBOARDING.index(unit.stage)))


def state_of(unit: UnitStanding) -> State:
    """What the standing of a unit that is not done counts as."""
    return _OF_UNIT.get(unit.state, State.pending)


def _count_videos(summary: AvatarSummary, snapshot: FleetSnapshot, stages: Sequence[str]) -> None:
    compared = []
    for row in snapshot.videos.get(summary.avatar, {}).values():
        summary.videos += 1
        undone = snapshot.undone(row)
        if not undone:
            summary.done += 1
        elif not stages or undone[0].stage in stages:
            _note_worst(summary, row["file_name"], undone)
        if not undone or PER_TRACK.index(undone[0].stage) > PER_TRACK.index("create_clips"):
            compared.append(row["track_id"])
    if not stages or PER_AVATAR[0] in stages:
        for unit in snapshot.undone_pairs(compared, "pairs of its videos"):
            _note_worst(summary, unit.subject, [unit])


def _note_worst(summary: AvatarSummary, subject: str, units: Sequence[UnitStanding]) -> None:
    """Count units of one stage as one, by the worst of them."""
    worst = min(units, key=lambda unit: _TELLING.index(state_of(unit)))
    said = {"failed": f"failed: {worst.why}", "stale": f"is stale: {worst.why}"}.get(worst.state, worst.why)
    more = f" (and {len(units) - 1} more of its units)" if len(units) > 1 else ""
    _note(summary, state_of(worst), f"{subject}: {worst.stage} {said}{more}")


def _note(summary: AvatarSummary, state: State, why: str) -> None:
    setattr(summary, state.value, getattr(summary, state.value) + 1)
    summary.reasons.append(why)
