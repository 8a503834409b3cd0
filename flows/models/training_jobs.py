"""What to train on, or to judge by. Without Prefect, which a command imports when it has started its server."""

from typing import Any

from data_catalog import Catalog, check_avatar_name
from flows.configuration.settings import Settings
from flows.tracks import current_tracks
from tango_models.errors import InputError
from tasks.training.embedding import TrainingJob


def training_job(settings: Settings, folder: str, pairs: str | None, avatars: list[str], **more: Any) -> TrainingJob:
    """What to train on, or to judge by: a folder of pairs or, without one, avatars of the catalog (all when empty).

    Args:
        more: other fields of the job.

    Raises:
        InputError: as of `catalog_tracks`.
    """
    return TrainingJob(
        folder=folder,
        pairs=pairs,
        catalog=settings.catalog,
        storage_options=settings.storage_options,
        tracks={} if pairs else catalog_tracks(settings, avatars),
        model=settings.aumoclip,
        body=settings.body,
        **more,
    )


def catalog_tracks(settings: Settings, avatars: list[str]) -> dict[str, list[str]]:
    """By avatar, the tracks to train on or to judge by: those whose clips are in the version that is wanted.

    Args:
        avatars: all when empty.

    Raises:
        InputError: an avatar has none, and why.
    """
    catalog, configs = Catalog(settings.catalog, settings.storage_options), settings.stage_configs()
    found = {}
    for avatar in map(check_avatar_name, avatars or catalog.avatars()):
        found[avatar] = current_tracks(catalog, avatar, configs)
        if avatars and not found[avatar]:
            raise InputError(f"avatar {avatar}", "has no clips in the present version", f"see `tango status {avatar}`")
    return found
