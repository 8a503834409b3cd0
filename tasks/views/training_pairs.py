"""Pairs of speech and motion out of the catalog, as AuMoCLIP trains on and is judged by."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from data_catalog import Catalog
from data_catalog.keys import equals
from data_catalog.schemas import CLIP_FRAMES, REPRESENTATION
from tango_models.errors import InputError
from tasks.views.columns import matrix
from tasks.views.frame_source import read_audio
from tasks.views.takes import takes

if TYPE_CHECKING:
    from tango_models.aumoclip.learning.recordings import PairSource


def catalog_pairs(catalog: Catalog, avatars: list[str]) -> list[PairSource]:
    """The uninterrupted takes of some avatars' videos: runs of clips that can be shown, of videos with sound.

    Raises:
        InputError: there is none.
        ValueError: a name that is no avatar's.
    """
    from tango_models.aumoclip.learning.recordings import PairSource

    sources = []
    for avatar in avatars:
        videos = sorted(catalog.avatar_videos(avatar))
        records = catalog.records("create_clips", videos)
        sound = catalog.table("videos").read(["video_id", "has_audio"], where=equals(video_id=videos)).to_pylist()
        heard = {row["video_id"] for row in sound if row["has_audio"]}
        for video in videos:
            if video not in heard or video not in records or not records[video].ok:
                continue
            version = records[video].field_hash("motion")[:12] + records[video].field_hash("prosody")[:12]
            for first, last in takes(catalog, video):
                sources.append(
                    PairSource(
                        name=f"{video}-{first}-{last}-{version}",
                        speaker=avatar,
                        files=(),
                        words=None,
                        read_audio=partial(read_audio, catalog, video, first, last),
                        read_motion=partial(_motion, catalog, video, first, last),
                    )
                )
    if not sources:
        subject = f"avatars {', '.join(avatars)}" if avatars else "the catalog"
        raise InputError(subject, "have no video with sound whose clips can be used", "onboard videos with speech")
    return sources


def _motion(catalog: Catalog, video_id: str, first: int, last: int) -> np.ndarray:
    where = f"{equals(video_id=video_id)} AND index >= {first} AND index < {last}"
    table = catalog.table("clips").read(["clip_id", "representation"], where=where)
    assert table.num_rows == last - first
    return matrix(table["representation"]).reshape((last - first) * CLIP_FRAMES, REPRESENTATION)
