"""How all avatars stand, a line each, from one look at the ledger: no table of features is read."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from pydantic import BaseModel

from data_catalog import Catalog
from data_catalog.keys import video_of
from data_catalog.refusals import refusals
from flows.settings import Settings
from tasks.runtime.plan_source import Standing
from tasks.runtime.registry import ONBOARDING, PER_TRACK, PER_VIDEO
from tasks.runtime.run_stage import reason
from tasks.runtime.versions import Versions
from tasks.views.motion_graph import pair_keys


class State(StrEnum):
    """Of an avatar: that of its worst unit, worst first."""

    failed = "failed"
    stale = "stale"
    pending = "pending"
    complete = "complete"


class AvatarSummary(BaseModel):
    """How an avatar stands.

    Attributes:
        state: the worst of its videos'.
        videos: how many it has; done: of which everything is there in the wanted version.
        failed, stale, pending: videos (and files that could not be read, and pairs of videos) by state.
        reasons: why what is not done is not, a line each, beginning with its subject and stage.
    """

    avatar: str
    state: State = State.complete
    videos: int = 0
    done: int = 0
    failed: int = 0
    stale: int = 0
    pending: int = 0
    reasons: list[str] = []


def summarise(settings: Settings, *, states: Sequence[State] = (), stages: Sequence[str] = ()) -> list[AvatarSummary]:
    """All avatars, the worst first.

    Args:
        states: those of these states only; all when empty.
        stages: only what stands so at one of these stages; all when empty.
    """
    catalog = Catalog(settings.catalog, settings.storage_options)
    known = catalog.all_videos()
    versions = Versions(catalog, settings.stage_configs()).preload()
    refused = refusals(catalog, versions.records)
    found = []
    for avatar in sorted({*known, *refused}):
        summary = AvatarSummary(avatar=avatar)
        _count_videos(summary, versions, known.get(avatar, {}), stages)
        for record in refused.get(avatar, []):
            if not stages or PER_TRACK[0] in stages:
                _note(summary, State.failed, f"{reason(record.subject, record.error or '')}")
        summary.state = next((s for s in State if s is State.complete or getattr(summary, s.value)), State.complete)
        found.append(summary)
    order = list(State)
    chosen = [s for s in found if (not states or s.state in states) and (not stages or s.state is not State.complete)]
    return sorted(chosen, key=lambda summary: (order.index(summary.state), -summary.failed, summary.avatar))


def _count_videos(
    summary: AvatarSummary, versions: Versions, videos: Mapping[str, Mapping[str, Any]], stages: Sequence[str]
) -> None:
    done = []
    for row in videos.values():
        summary.videos += 1
        where, state, why = stand(versions, row["track_id"])
        if state is State.complete:
            summary.done += 1
            done.append(row["track_id"])
        elif not stages or where in stages:
            _note(summary, state, f"{row['file_name']}: {where} {why}")
    if len(done) == summary.videos and (not stages or ONBOARDING[-1] in stages):
        for standing in versions.look(ONBOARDING[-1], pair_keys(done)).values():
            if standing.state != "current":
                state, why = _words(standing)
                subject = standing.record.subject if standing.record else "pairs of its videos"
                _note(summary, state, f"{subject}: {ONBOARDING[-1]} {why}")


def stand(versions: Versions, track: str) -> tuple[str, State, str]:
    """The first stage of a track that is not done, how it stands, and why; from the ledger alone.

    Args:
        versions: with the ledger preloaded.
    """
    for stage in PER_TRACK:
        owner = video_of(track) if stage in PER_VIDEO else track
        standings = list(versions.made_of(stage, owner).values())
        failed = [standing for standing in standings if standing.state == "failed"]
        if failed or not any(standing.state == "current" for standing in standings):
            return (stage, *_words((failed or standings or [Standing("missing")])[0]))
    return "", State.complete, ""


def _words(standing: Standing) -> tuple[State, str]:
    if standing.state == "failed":
        return State.failed, f"failed: {standing.why}"
    if standing.state == "stale":
        return State.stale, f"is stale: {standing.why}"
    return State.pending, "was not done yet"


def _note(summary: AvatarSummary, state: State, why: str) -> None:
    setattr(summary, state.value, getattr(summary, state.value) + 1)
    summary.reasons.append(why)
