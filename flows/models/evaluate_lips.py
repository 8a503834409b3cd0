"""Whether the lips of an avatar's renders fit their speech, beside those of its footage with its own sound."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_catalog import Catalog
from data_catalog.keys import equals
from flows.models.lip_figures import HeldOutFigures, LipFigures
from tango_models.errors import InputError
from tango_models.lips.plugs import MATCH

if TYPE_CHECKING:
    from tango_models.speech.phones import Phones


def evaluate_lips(
    settings: Any,
    avatars: list[str],
    progress: Callable[[str], None] = lambda name: None,
    *,
    said: Callable[[str], Phones | None] = lambda content: None,
) -> tuple[list[LipFigures], list[HeldOutFigures]]:
    """Watch the renders of the catalog, or of some avatars, whose files are there and whose speech was not dropped, and
    their footage. `said`: the sounds of a file with speech, by its content id, where they are known.

    Raises:
        InputError: there is none, or none whose mouths are known.
    """
    from flows.models.lip_watch import LipWatch
    from tasks.views.footage.mouths import read_library

    catalog = Catalog(settings.catalog, settings.storage_options)
    where = equals(avatar=avatars) if avatars else None
    columns = ["render_id", "avatar", "uri", "path_id", "speech_id", "source_video", "source_frame", "settings"]
    rows = catalog.table("renders").read(columns, where=where).to_pylist()
    spoken = set(catalog.table("speech").read(["speech_id"])["speech_id"].to_pylist())
    rows = [row for row in rows if row["speech_id"] in spoken and Path(row["uri"]).is_file()]
    figures: list[LipFigures] = []
    held: list[HeldOutFigures] = []
    for avatar in sorted({row["avatar"] for row in rows}):
        videos = sorted(catalog.avatar_videos(avatar))
        known = catalog.table("mouths").read(["video_id", "frame"], where=equals(video_id=videos))
        if not known.num_rows or (library := read_library(catalog, videos)) is None:
            continue
        watch = LipWatch(catalog, videos, library, said)
        for video in videos:
            progress(f"{avatar}: footage")
            found, told = watch.footage(video)
            figures += found
            held += told
        here = [row for row in rows if row["avatar"] == avatar]
        # Those that are painted last: they are compared with the others.
        for row in sorted(here, key=lambda row: (watch.lips_of(row) == MATCH, row["uri"])):
            progress(f"{avatar}: {Path(row['uri']).name}")
            figures += watch.render(row)
    if not figures:
        remedy = "run `tango reenact --lips match` first"
        raise InputError(settings.catalog, "has no render of an avatar whose mouths are known", remedy)
    return figures, held
