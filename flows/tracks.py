"""An avatar's tracks, a video with its motion each: which can be shown, and bringing the others up to date."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from data_catalog import Catalog
from flows.stage_runs import StageRuns
from tasks.runtime.registry import ONBOARDING
from tasks.runtime.versions import Standing, Versions
from tasks.views.embedding_model import EmbeddingModelConfig, model_id
from tasks.views.embeddings import embedding_key
from tasks.views.motion_graph import pair_keys

PER_TRACK = ONBOARDING[:-1]
"""The stages that do one video after the other; the last one compares all."""


def scopes(catalog: Catalog, avatar: str) -> dict[str, dict[str, Any]]:
    """By track, what the stages need to plan it."""
    rows = catalog.avatar_videos(avatar).values()
    return {row["track_id"]: scope(row) for row in rows}


def scope(row: Mapping[str, Any]) -> dict[str, Any]:
    """What the stages need to plan a track, from its row of `avatars`."""
    return {
        "track": row["track_id"],
        "video_id": row["video_id"],
        "uri": row["uri"],
        "file_name": row["file_name"],
        "motion_uri": row["motion_uri"],
    }


def standings(versions: Versions, tracks: Iterable[str], model: str) -> dict[str, Standing]:
    """How each track stands, its embedding with it: the worse of the two.

    Args:
        model: whose embedding is wanted; "" for none.
    """
    tracks = sorted(tracks)
    found = versions.look("create_clips", tracks)
    if model:
        for track in tracks:
            key = embedding_key(track, model)
            embedded = versions.look("embed_clips", [key])[key]
            if found[track].state == "current" and embedded.state != "current":
                found[track] = Standing("stale", embedded.why or f"embedding: {embedded.state}", found[track].record)
    return found


def shown_tracks(catalog: Catalog, avatar: str, configs: Mapping[str, dict[str, Any]]) -> list[str]:
    """The avatar's tracks whose clips were made at some time; those that failed are not shown.

    Raises:
        ValueError: the avatar is unknown, or none of its videos is ready.
    """
    tracks = catalog.avatar_tracks(avatar)
    if not tracks:
        known = ", ".join(catalog.avatars()) or "none"
        raise ValueError(f"avatar {avatar!r}: unknown (known: {known}); run `tango onboard {avatar} VIDEO...` first")
    found = Versions(catalog, configs).look("create_clips", tracks)
    ready = [track for track in tracks if found[track].state in ("current", "stale")]
    if not ready:
        raise ValueError(
            f"avatar {avatar!r}: none of its {len(tracks)} videos is ready; `tango status {avatar}` says why"
        )
    return ready


def out_of_date(
    catalog: Catalog, tracks: Sequence[str], configs: Mapping[str, dict[str, Any]], model: str
) -> dict[str, str]:
    """Why tracks, or the edges between them, are not in the version that is wanted, by what a person calls them."""
    versions = Versions(catalog, configs)
    found = {
        standing.record.subject if standing.record else track: standing.why or standing.state
        for track, standing in standings(versions, tracks, model).items()
        if standing.state != "current"
    }
    if not found:
        edges = versions.look("score_edges", pair_keys(list(tracks))).values()
        if old := [edge for edge in edges if edge.state != "current"]:
            found["its edges"] = old[0].why or old[0].state
    return found


def submit(runs: StageRuns, wanted: dict[str, Any]) -> None:
    """Submit the stages of one track, each behind the one before."""
    before: list = []
    for stage in PER_TRACK:
        before = [runs.submit(stage, wanted["file_name"], wanted, after=before)]


def current_tracks(catalog: Catalog, avatar: str, configs: Mapping[str, dict[str, Any]]) -> list[str]:
    """The avatar's tracks whose clips are in the version that is wanted."""
    tracks = catalog.avatar_tracks(avatar)
    found = Versions(catalog, configs).look("create_clips", tracks)
    return [track for track in tracks if found[track].state == "current"]


def wanted_model(config: Mapping[str, Any]) -> str:
    """The id of the embedding that the settings name."""
    return model_id(EmbeddingModelConfig(**config))
