"""Whether what is asked for can be done at all: asked by a command before it starts anything, and by the flow, which
may be started without one. Without Prefect, which takes seconds to import."""

import os
from pathlib import Path
from typing import Any

from data_catalog import Catalog, check_avatar_name
from data_catalog.keys import equals
from data_catalog.upkeep.tags import check_tag
from data_catalog.uris.places import is_remote
from flows.configuration.settings import Settings
from flows.intake.catalogs import existing_catalog
from flows.intake.paths import source_place
from flows.tracks import current_tracks, held_out_of_date, shown_tracks
from tango_models.errors import InputError
from tango_models.lips.plugs import check_lips
from tango_models.motion_graph.scoring.scorers import create_scorer
from tasks.rendering.output import check_output, check_remote_output
from tasks.runtime.cluster.ray_cluster import check_cluster
from tasks.runtime.files import check_file, content_of
from tasks.views.embedding_model import check_body
from tasks.views.paths.interpolation import open_interpolator


def check_onboarding(
    catalog: Catalog,
    avatar: str,
    videos: list[str],
    motion: str | None,
    settings: Settings,
    *,
    scene: str = "",
    deployed: bool = False,
) -> None:
    """Refuse what cannot work; see `onboard_avatar`.

    Raises:
        BadName: an avatar name that is not allowed.
        InputError: an unknown avatar without a video; a scene that is said of none; an unreadable motion file, or one
            for several videos; an embedding that needs the licensed body, and none is set; more CPUs or GPUs than there
            are.
        UnusableStore: no rows can be written where the catalog is to be.
    """
    avatar = check_avatar_name(avatar)
    if scene and not videos:
        fault = "is said of no video"
        raise InputError(f"scene {scene!r}", fault, f"name its videos: `tango onboard {avatar} VIDEO... --scene ...`")
    if motion and len(videos) != 1:
        raise InputError(motion, f"one motion file for {len(videos)} videos", "onboard each video with its own")
    if motion:
        _check_motion(source_place(motion, deployed=deployed), catalog)
    if not videos and avatar not in catalog.avatars():
        fault = "unknown, and no video is given"
        raise InputError(f"avatar {avatar!r}", fault, f"run `tango onboard {avatar} VIDEO...`")
    check_cluster(settings.cluster)
    check_body(settings.aumoclip, settings.body)
    check_catalog(catalog, deployed=deployed)


def _check_motion(place: str, catalog: Catalog) -> None:
    """Refuse a motion file that cannot be imported; into one at a URI the worker looks."""
    from tango_models.body.motion_io import check_motion

    check_file(place, catalog.storage_options)
    if not is_remote(place):
        check_motion(place)


def check_catalog(catalog: Catalog, *, deployed: bool) -> None:
    """Refuse a place where no rows can be written. A command makes the folder where there is none; of a deployment it
    is a name that somebody got wrong.

    Raises:
        InputError: so it is.
        UnusableStore: see `Catalog.check`.
    """
    if deployed and "://" not in catalog.uri and not os.path.isdir(catalog.uri):
        fault = "there is no such folder where the run is"
        raise InputError(f"catalog = {catalog.uri}", fault, "set TANGO_CATALOG to where it is, or make the folder")
    catalog.check()


def check_reenactment(
    avatar: str,
    speech: str,
    target: str,
    scorer: str,
    interpolator: str,
    settings: Settings,
    lips: str = "off",
    tag: str | None = None,
    scene: str | None = None,
) -> tuple[list[str], str]:
    """Refuse what cannot work; see `reenact`.

    Args:
        speech, target: paths or URIs, as `source_place` gives them.

    Returns:
        the avatar's tracks that are shown, and the id of the speech.

    Raises:
        BadTag: no such tag.
        InputError: unknown avatar or scene, or none of its videos is ready; no catalog; what the tag holds of the
            avatar was not up to date; unreadable speech, an output that cannot be written or is what it would be made
            of, unknown scorer, interpolator or lips, more CPUs or GPUs than there are.
        UnusableStore: no rows can be written where the catalog is, or no files at the URIs.
    """
    avatar = check_avatar_name(avatar)
    _check_output(target, [speech], settings)
    fits = create_scorer(scorer)
    open_interpolator(interpolator, settings.acinterp)
    check_lips(lips)
    catalog, configs = existing_catalog(settings, tag), settings.stage_configs()
    if tag is not None:
        check_tag(catalog, tag)
    for known in (catalog, Catalog(settings.catalog, settings.storage_options)) if tag else (catalog,):
        rows = known.table("avatars").read(["uri", "motion_uri"]).to_pylist()
        _check_output(target, [place for row in rows for place in row.values() if place], settings)
    tracks = shown_tracks(catalog, avatar, configs, scene)
    check_clips(catalog, avatar, tracks, configs)
    if tag is not None and (why := held_out_of_date(catalog, tracks, configs, embedded=fits.embeds)):
        remedy = "leave out --tag, or bring the avatar up to date with `tango onboard` and tag that"
        raise InputError(f"tag {tag!r}", f"what it holds of {avatar} cannot be shown ({why})", remedy)
    check_cluster(settings.cluster)
    catalog.check()
    return tracks, content_of(speech, settings.storage_options)


def check_clips(catalog: Catalog, avatar: str, tracks: list[str], configs: dict[str, dict[str, Any]]) -> None:
    """Refuse footage of which nothing can be shown, unless it is to be looked at again anyway.

    Raises:
        InputError: so it is.
    """
    current = set(current_tracks(catalog, avatar, configs))
    if not set(tracks) <= current:
        return
    clips = catalog.table("clips")
    if not clips.count(equals(track_id=tracks).also("usable = true")):
        fault = f"none of its {clips.count(equals(track_id=tracks))} clips can be shown: the speaker is lost in all"
        raise InputError(f"avatar {avatar!r}", fault, f"add one that shows the face: `tango onboard {avatar} VIDEO`")


def _check_output(target: str, inputs: list[str], settings: Settings) -> None:
    if is_remote(target):
        check_remote_output(target, inputs, settings.storage_options)
    else:
        check_output(Path(target), [Path(place) for place in inputs if not is_remote(place)])
