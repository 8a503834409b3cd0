"""Whether the lips of an avatar's renders fit their speech, beside those of its footage with its own sound."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data_catalog import Catalog
from data_catalog.keys import equals
from tango_models.errors import InputError
from tango_models.lips.plugs import MATCH

NOT_TOLD = float("nan")


@dataclass(frozen=True)
class LipFigures:
    """A line of the table. What cannot be told is NaN.

    Attributes:
        name: of the video; lips: `footage` for its own sound, else what made them. Two are not watched but looked up:
            `off`, the mouths of the frames that a path shows, and `random`, mouths from anywhere in the footage.
        corr, lag, z: of opening and loudness; see `LoudnessFit`.
        rest: opening in pauses, of that in speech.
        closed: share of p, b and m with closed lips; false: share of open vowels with them. By the sounds that are
            heard, by which the lips were made, too.
        known, known_false: the same by the sounds that were said, where they are known (`synthetic.known_sounds`).
        sharp: of the mouth's picture, of that in the footage that is shown.
        rim: gradients around the mouth, of those in the footage.
        pops: share of the changes of a painted mouth's source that can be seen.
        beside: of as many other moments, and which: `off`, the same ones in the render without; `footage`, random ones
            in the footage.
    """

    name: str
    lips: str
    corr: float
    lag: int
    z: float
    rest: float
    closed: float
    false: float
    known: float = NOT_TOLD
    known_false: float = NOT_TOLD
    sharp: float = NOT_TOLD
    rim: float = NOT_TOLD
    pops: float = NOT_TOLD
    beside: float = NOT_TOLD
    which: str = ""


@dataclass(frozen=True)
class HeldOutFigures:
    """How well the lips of a video are told from its own sound, `lead` frames ahead of it; see `HeldOut`. NaN and None
    where its mouths do not tell."""

    name: str
    lead: int
    corr: float = NOT_TOLD
    lag: int | None = None
    error: float = NOT_TOLD
    best: float = NOT_TOLD
    average: float = NOT_TOLD


def evaluate_lips(
    settings: Any, avatars: list[str], progress: Callable[[str], None] = lambda name: None
) -> tuple[list[LipFigures], list[HeldOutFigures]]:
    """Watch the renders of the catalog, or of some avatars, whose files are there and whose speech was not dropped, and
    their footage.

    Raises:
        InputError: there is none, or none whose mouths are known.
    """
    from flows.models.lip_watch import LipWatch
    from tasks.views.mouths import read_library

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
        watch = LipWatch(catalog, videos, library)
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
