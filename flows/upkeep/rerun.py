"""Doing stages of avatars over: what failed, what is stale, or all of it."""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

from data_catalog import Catalog, check_avatar_name
from data_catalog.keys import equals
from tasks.runtime.registry import ONBOARDING, PER_AVATAR

if TYPE_CHECKING:
    from flows.outcome import FlowReport
    from flows.settings import Settings


class Redo(StrEnum):
    """Which units are done over. What is stale is brought up to date in any case."""

    failed = "failed"
    stale = "stale"
    force = "force"


def rerun(settings: "Settings", avatars: Sequence[str], stages: Sequence[str], redo: Redo) -> "FlowReport":
    """Put units back and do them; inside a flow run.

    Raises:
        ValueError: an unknown avatar.
        InputError: see `check_onboarding`.
        FlowIncomplete: units failed.
    """
    from flows.fleet.onboarding import Request, onboard_all

    catalog = Catalog(settings.catalog, settings.storage_options)
    wanted = choose_avatars(catalog, avatars)
    for avatar in wanted:
        put_back(catalog, avatar, stages, redo)
    subject = wanted[0] if len(wanted) == 1 else f"{len(wanted)} avatars"
    return onboard_all(subject, [Request(avatar, again=True) for avatar in wanted], settings)


def choose_avatars(catalog: Catalog, avatars: Sequence[str]) -> list[str]:
    """The avatars that are meant; all when none is named.

    Raises:
        ValueError: one is unknown.
    """
    known = catalog.avatars()
    wanted = [check_avatar_name(avatar) for avatar in avatars]
    if unknown := sorted(set(wanted) - set(known)):
        raise ValueError(f"avatar {unknown[0]!r}: unknown (known: {', '.join(known) or 'none'})")
    return sorted(set(wanted)) or known


def put_back(catalog: Catalog, avatar: str, stages: Sequence[str], redo: Redo) -> int:
    """Take units of an avatar out of the ledger, so that the next onboarding does them: those that failed, however
    often, or all. Their rows stay until new ones take their place.

    Args:
        stages: of the onboarding; all when empty.

    Returns:
        how many units.
    """
    if redo is Redo.stale:
        return 0
    count = 0
    for stage, units in _units(catalog, avatar, stages or ONBOARDING):
        conditions = {"stage": stage, "unit": units} | ({"status": "failed"} if redo is Redo.failed else {})
        count += catalog.table("units").delete(equals(**conditions))
    return count


def _units(catalog: Catalog, avatar: str, stages: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """By stage, the keys of an avatar's units that are in the ledger."""
    from tasks.views.motion_graph import pair_keys

    tracks = catalog.avatar_tracks(avatar)
    owners = {*tracks, *catalog.avatar_videos(avatar)}
    for stage in stages:
        if stage in PER_AVATAR:
            keys = pair_keys(tracks)
        else:
            keys = [key for key in catalog.records(stage) if key in owners or key.split(":")[0] in owners]
        if keys:
            yield stage, keys
