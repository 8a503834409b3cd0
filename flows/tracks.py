"""An avatar's tracks, a video with its motion each: which can be shown, and bringing the others up to date."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from data_catalog import Catalog
from tango_models.errors import InputError
from tasks.runtime.faults import reason
from tasks.runtime.plan_source import Standing, UpstreamNotReady
from tasks.runtime.registry import PER_TRACK
from tasks.runtime.versions import Versions, plan_units
from tasks.views.embedding_model import EmbeddingModelConfig, model_id
from tasks.views.embeddings import embedding_key
from tasks.views.motion_graph import pair_keys

if TYPE_CHECKING:
    from flows.stage_runs import StageRuns

_NAMED = 5  # videos that notes are about


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


def standing_of(catalog: Catalog, versions: Versions, wanted: Mapping[str, Any], *, embedded: bool = True) -> Standing:
    """How a track stands: as the first of its stages that is not current, else current.

    Args:
        wanted: its scope.
        embedded: whether its embedding counts.
    """
    for stage in PER_TRACK:
        if stage == "embed_clips" and not embedded:
            continue
        try:
            units = plan_units(catalog, stage, versions, wanted)
        except UpstreamNotReady as error:
            return Standing("stale" if error.stale else "missing", error.why or f"waits for {error.stage}")
        found = versions.look(stage, [unit.key for unit in units])
        for unit in units:
            standing = found[unit.key]
            if standing.state != "current":
                return standing if standing.why else Standing(standing.state, f"{stage} is {standing.state}")
            if standing.record and standing.record.version != unit.version:
                return Standing("stale", f"input: what {stage} reads changed", standing.record)
    return Standing("current")


def made_tracks(
    catalog: Catalog, avatar: str, configs: Mapping[str, dict[str, Any]], versions: Versions | None = None
) -> list[str]:
    """The avatar's tracks whose clips were made at some time, in whatever version."""
    tracks = catalog.avatar_tracks(avatar)
    found = (versions or Versions(catalog, configs)).look("create_clips", tracks)
    return [track for track in tracks if found[track].state in ("current", "stale")]


def shown_tracks(
    catalog: Catalog, avatar: str, configs: Mapping[str, dict[str, Any]], scene: str | None = None
) -> list[str]:
    """The avatar's tracks whose clips were made at some time; those that failed are not shown.

    Args:
        scene: only those of which this scene was said; None: all.

    Raises:
        InputError: the avatar is unknown, or has no such scene, or none of its videos is ready.
    """
    rows = catalog.avatar_videos(avatar).values()
    if not rows:
        known = ", ".join(catalog.avatars()) or "none"
        raise InputError(
            f"avatar {avatar!r}", f"unknown (known: {known})", f"run `tango onboard {avatar} VIDEO...` first"
        )
    tracks = [row["track_id"] for row in rows if scene is None or row["scene"] == scene]
    if not tracks:
        known = ", ".join(sorted({row["scene"] for row in rows if row["scene"]})) or "none"
        remedy = f"say it of videos with `tango onboard {avatar} VIDEO... --scene {scene}`, or leave out --scene"
        raise InputError(f"scene {scene!r}", f"no video of {avatar} shows it (known: {known})", remedy)
    ready = [track for track in made_tracks(catalog, avatar, configs) if track in set(tracks)]
    if not ready:
        fault = f"none of its {len(tracks)} videos{f' of scene {scene!r}' if scene else ''} is ready"
        raise InputError(f"avatar {avatar!r}", fault, f"`tango status {avatar}` says why")
    return ready


def not_shown(
    catalog: Catalog,
    avatar: str,
    shown: Sequence[str],
    configs: Mapping[str, dict[str, Any]],
    scene: str | None = None,
) -> list[str]:
    """A note about each of the avatar's videos that a render goes without, and why: what was to be made of it failed,
    or was not done yet.

    Args:
        shown: the tracks that are.
        scene: that was asked for; the videos of others are not missed.
    """
    versions, more = Versions(catalog, configs), f"`tango status {avatar}` says more"
    rows = catalog.avatar_videos(avatar).values()
    wanted_rows = [row for row in rows if scene is None or row["scene"] == scene]
    others = [scope(row) for row in wanted_rows if row["track_id"] not in set(shown)]
    notes = []
    for wanted in others[:_NAMED]:
        standing = standing_of(catalog, versions, wanted, embedded=False)
        notes.append(f"not shown: {reason(wanted['file_name'], standing.why or standing.state)}; {more}")
    return notes + [f"not shown: {left} more of its videos; {more}" for left in [len(others) - _NAMED] if left > 0]


def out_of_date(
    catalog: Catalog,
    avatar: str,
    tracks: Sequence[str],
    configs: Mapping[str, dict[str, Any]],
    *,
    embedded: bool = True,
) -> dict[str, str]:
    """Why tracks that are shown are not in the version that is wanted, by track."""
    versions, wanted = Versions(catalog, configs), scopes(catalog, avatar)
    found = {track: standing_of(catalog, versions, wanted[track], embedded=embedded) for track in tracks}
    return {track: standing.why for track, standing in found.items() if standing.state != "current"}


def held_out_of_date(
    catalog: Catalog, tracks: Sequence[str], configs: Mapping[str, dict[str, Any]], *, embedded: bool
) -> str:
    """Why what a tag holds of some tracks cannot be shown together; "" when it can.

    Args:
        catalog: at the tag.
        embedded: whether their embedding counts.
    """
    versions = Versions(catalog, configs)
    wanted = {"create_clips": list(tracks), "score_edges": pair_keys(list(tracks))}
    if embedded:
        model = model_id(EmbeddingModelConfig(**configs["embed_clips"]))
        wanted["embed_clips"] = [embedding_key(track, model) for track in tracks]
    for stage, units in wanted.items():
        for standing in versions.look(stage, units).values():
            if standing.state != "current":
                return standing.why or f"{stage} is {standing.state}"
    return ""


def edges_out_of_date(catalog: Catalog, tracks: Sequence[str], configs: Mapping[str, dict[str, Any]]) -> str:
    """Why the edges between tracks are not in the version that is wanted; "" when they are."""
    edges = Versions(catalog, configs).look("score_edges", pair_keys(list(tracks))).values()
    old = [edge for edge in edges if edge.state != "current"]
    return (old[0].why or old[0].state) if old else ""


def submit(
    runs: "StageRuns", wanted: dict[str, Any], label: str = "", when_ended: Callable[[], None] | None = None
) -> None:
    """Submit the stages of one track, each behind the one before.

    Args:
        label: by which a person knows it; its file's name when empty.
        when_ended: called when the last has ended, well or not.
    """
    before: list = []
    for stage in PER_TRACK:
        last = when_ended if stage == PER_TRACK[-1] else None
        before = [runs.submit(stage, label or wanted["file_name"], wanted, after=before, when_ended=last)]


def current_tracks(catalog: Catalog, avatar: str, configs: Mapping[str, dict[str, Any]]) -> list[str]:
    """The avatar's tracks whose clips are in the version that is wanted."""
    tracks = catalog.avatar_tracks(avatar)
    found = Versions(catalog, configs).look("create_clips", tracks)
    return [track for track in tracks if found[track].state == "current"]
