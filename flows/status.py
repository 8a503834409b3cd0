"""What is done, what is pending and what failed, avatar by avatar."""

from pydantic import BaseModel

from data_catalog import Catalog, check_avatar_name
from data_catalog.refusals import refusals
from flows.settings import Settings
from flows.tracks import scopes
from tasks.runtime.plan_source import UpstreamNotReady
from tasks.runtime.registry import PER_TRACK
from tasks.runtime.run_stage import reason
from tasks.runtime.versions import Versions, plan_units


class StageStatus(BaseModel):
    """Units of a stage for one avatar.

    Attributes:
        ok: in the version that is wanted.
        stale: done in another version, or made of what is stale; redone by the next `tango onboard` or `reenact`.
        pending: never done; done by the next `tango onboard`.
        failed: units that failed.
        waiting: videos for which nothing can be planned before an earlier stage is done.
        rows: rows written by the units that are ok.
        reasons: why units are stale, each beginning with its subject.
        errors: why units failed, each beginning with its subject.
        traces: the stack traces of those faults that nobody foresaw, each under its subject.
    """

    stage: str
    ok: int = 0
    stale: int = 0
    pending: int = 0
    failed: int = 0
    waiting: int = 0
    rows: int = 0
    reasons: list[str] = []
    errors: list[str] = []
    traces: list[str] = []


class AvatarStatus(BaseModel):
    avatar: str
    videos: int
    stages: list[StageStatus]


def catalog_status(settings: Settings, avatar: str | None = None) -> list[AvatarStatus]:
    """The status of one avatar or of all.

    Raises:
        ValueError: the avatar is not in the catalog.
    """
    catalog = Catalog(settings.catalog, settings.storage_options)
    avatar = check_avatar_name(avatar) if avatar is not None else None
    refused = refusals(catalog)
    known = sorted({*catalog.avatars(), *refused})
    if avatar is not None and avatar not in known:
        raise ValueError(f"avatar {avatar!r}: unknown (known: {', '.join(known) or 'none'}); onboard it first")
    found = [_avatar_status(catalog, settings, name) for name in ([avatar] if avatar else known)]
    for entry in found:
        extraction = entry.stages[0]
        for record in refused.get(entry.avatar, []):
            extraction.failed += 1
            extraction.errors.append(reason(record.subject, record.error or ""))
    return found


def _avatar_status(catalog: Catalog, settings: Settings, avatar: str) -> AvatarStatus:
    by_track = scopes(catalog, avatar)
    configs = settings.stage_configs()
    versions = Versions(catalog, configs)
    stages = [_stage_status(catalog, versions, name, list(by_track.values())) for name in PER_TRACK]
    clips = versions.look("create_clips", by_track)
    ready = [track for track in clips if clips[track].state in ("current", "stale")]
    pairs = [{"tracks": ready, "file_name": avatar}] if ready else []
    stages.append(_stage_status(catalog, versions, "score_edges", pairs))
    return AvatarStatus(avatar=avatar, videos=len(by_track), stages=stages)


def _stage_status(catalog: Catalog, versions: Versions, name: str, wanted: list[dict]) -> StageStatus:
    status = StageStatus(stage=name)
    for scope in wanted:
        try:
            units = plan_units(catalog, name, versions, scope)
        except UpstreamNotReady as error:
            if error.stale:
                status.stale += 1
                status.reasons.append(f"{scope['file_name']}: {error.why}")
            else:
                status.waiting += 1
            continue
        records = catalog.records(name, [unit.key for unit in units])
        for unit in units:
            record = records.get(unit.key)
            if record is None:
                status.pending += 1
            elif record.ok and record.version == unit.version:
                status.ok += 1
                status.rows += record.n_rows
            elif record.ok:
                status.stale += 1
                status.reasons.append(f"{record.subject}: {versions.difference(name, record) or 'input'}")
            elif record.version == unit.version:
                status.failed += 1
                status.errors.append(reason(record.subject, record.error or ""))
                if trace := (record.error or "").partition("\n")[2]:
                    status.traces.append(f"{record.subject}\n{trace}")
            else:
                status.pending += 1
    return status
