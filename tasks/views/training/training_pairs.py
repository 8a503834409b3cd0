"""Pairs of speech and motion out of the catalog, as AuMoCLIP trains on and is judged by."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from data_catalog import Catalog, video_of
from data_catalog.keys import equals
from data_catalog.tables.sizes import CLIP_FRAMES, REPRESENTATION
from tango_models.errors import InputError
from tasks.views.columns import matrix
from tasks.views.footage.frame_source import footage_audio
from tasks.views.takes import takes

if TYPE_CHECKING:
    from tango_models.aumoclip.learning.recordings import PairSource


def catalog_pairs(catalog: Catalog, tracks: dict[str, list[str]]) -> list[PairSource]:
    """The uninterrupted takes of some avatars' videos: runs of clips that can be shown, of videos with sound.

    Args:
        tracks: by avatar, those whose clips are in the version that is wanted.

    Raises:
        InputError: there is none.
    """
    from tango_models.aumoclip.learning.recordings import PairSource

    sources = []
    for avatar, wanted in tracks.items():
        records = catalog.records("create_clips", wanted)
        where = equals(video_id=sorted({video_of(track) for track in wanted}), has_audio=True)
        heard = set(catalog.table("videos").read(["video_id", "has_audio"], where=where)["video_id"].to_pylist())
        for track in wanted:
            if video_of(track) not in heard:
                continue
            version = "".join(records[track].field_hash(group)[:12] for group in ("motion", "takes", "voice"))
            for first, last in takes(catalog, track):
                sources.append(
                    PairSource(
                        name=f"{track}-{first}-{last}-{version}",
                        speaker=avatar,
                        files=(),
                        words=None,
                        read_audio=partial(footage_audio, catalog, video_of(track), first, last),
                        read_motion=partial(_motion, catalog, track, first, last),
                    )
                )
    if not sources:
        subject = f"avatars {', '.join(tracks)}" if tracks else "the catalog"
        raise InputError(subject, "have no video with sound whose clips can be used", "onboard videos with speech")
    return sources


def _motion(catalog: Catalog, track: str, first: int, last: int) -> np.ndarray:
    where = equals(track_id=track).also(f"index >= {first} AND index < {last}")
    table = catalog.table("clips").read(["clip_id", "representation"], where=where)
    assert table.num_rows == last - first
    return matrix(table["representation"]).reshape((last - first) * CLIP_FRAMES, REPRESENTATION)
