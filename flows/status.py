"""What is done, what is pending and what failed, avatar by avatar."""

from pydantic import BaseModel

from data_catalog import Catalog
from flows.onboard_avatar import clips_done
from flows.refused import refusals
from flows.settings import Settings
from tasks.runtime.registry import ONBOARDING, create_stage
from tasks.runtime.run_stage import reason
from tasks.runtime.stage import UpstreamNotReady


class StageStatus(BaseModel):
    """Units of a stage for one avatar.

    Attributes:
        ok, pending, failed: units; pending ones will be done by the next `tango onboard`.
        waiting: videos for which nothing can be planned before an earlier stage is done.
        rows: rows written by the units that are ok.
        errors: why units failed, each beginning with its subject.
    """

    stage: str
    ok: int = 0
    pending: int = 0
    failed: int = 0
    waiting: int = 0
    rows: int = 0
    errors: list[str] = []


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
    videos = catalog.avatar_videos(avatar)
    configs = settings.stage_configs()
    stages = []
    for name in ONBOARDING:
        if name == "score_edges":
            ready = clips_done(catalog, avatar)
            scopes = [{"video_ids": ready}] if ready else []
        else:
            scopes = [
                {key: row[key] for key in ("video_id", "uri", "motion_uri", "motion_hash")} for row in videos.values()
            ]
        stages.append(_stage_status(catalog, name, configs[name], scopes))
    return AvatarStatus(avatar=avatar, videos=len(videos), stages=stages)


def _stage_status(catalog: Catalog, name: str, config: dict, scopes: list[dict]) -> StageStatus:
    status = StageStatus(stage=name)
    stage = create_stage(name, config)
    for scope in scopes:
        try:
            units = stage.plan(catalog, **scope)
        except UpstreamNotReady:
            status.waiting += 1
            continue
        records = catalog.records(name, [unit.key for unit in units])
        pending = {unit.key for unit in catalog.pending(units)}
        for unit in units:
            record = records.get(unit.key)
            if unit.key not in pending and record:
                status.ok += 1
                status.rows += record.n_rows
            elif record and not record.ok and record.version == unit.version:
                status.failed += 1
                status.errors.append(reason(record.subject, record.error or ""))
            else:
                status.pending += 1
    return status
