"""Takes of avatars' footage, as ACInterp is trained on."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from data_catalog import Source, video_of
from data_catalog.keys import equals
from data_catalog.tables.sizes import CLIP_FRAMES, MASK_SIDE
from tango_models.errors import InputError
from tango_models.interpolation.seam_points import TORSO, arm_points, head_circle
from tasks.views.columns import matrix, unpack_bits, unpack_masks
from tasks.views.footage.frame_source import FRAME_CACHE_MB, GopCache
from tasks.views.takes import takes

if TYPE_CHECKING:
    from tango_models.interpolation.acinterp.learning.takes import Take

_COLUMNS = ["video_id", "frame", "body_xy", "body_visibility", "hands_xy", "mask"]


def training_takes(source: Source, tracks: dict[str, list[str]]) -> list[Take]:
    """All takes of some avatars: no cut within any, frames that show the picture before once more left out. Frames are
    read when they are wanted.

    Args:
        tracks: by avatar, those whose clips are in the version that is wanted.

    Raises:
        InputError: there is none.
    """
    cache = GopCache(source, megabytes=FRAME_CACHE_MB)
    found = [
        take
        for avatar, wanted in tracks.items()
        for video_id in sorted({video_of(track) for track in wanted})
        for take in _of_video(source, cache, avatar, video_id, next(t for t in wanted if video_of(t) == video_id))
    ]
    if not found:
        subject = f"avatars {', '.join(tracks)}" if tracks else "the catalog"
        raise InputError(subject, "have no footage that can be shown", "onboard videos of a speaker")
    return found


def _of_video(source: Source, cache: GopCache, avatar: str, video_id: str, track: str) -> list[Take]:
    from tango_models.interpolation.acinterp.learning.takes import Take
    from tango_models.interpolation.acinterp.poses import Poses
    from tango_models.interpolation.warping.arms import bridged
    from tango_models.perception.landmarks import letterbox

    columns = ["video_id", "n_frames", "width", "height", "repeated"]
    video = source.table("videos").read(columns, where=equals(video_id=video_id)).to_pylist()[0]
    repeated = unpack_bits(video["repeated"], video["n_frames"])
    x, y, width, height = letterbox(video["width"], video["height"], MASK_SIDE)
    made = []
    for first, stop in takes(source, track):
        span = range(first * CLIP_FRAMES, min(stop * CLIP_FRAMES, video["n_frames"]))
        frames = np.array([frame for frame in span if not repeated[frame]], np.int64)
        if not len(frames):
            continue
        where = equals(video_id=video_id).also(f"frame >= {span.start} AND frame < {span.stop}")
        table = source.table("landmarks").read(_COLUMNS, where=where).sort_by("frame")
        table = table.take(np.searchsorted(table["frame"].to_numpy(), frames))
        body = matrix(table["body_xy"]).reshape(-1, 33, 2)
        hands = matrix(table["hands_xy"]).reshape(-1, 2, 21, 2)
        arms = arm_points(body, matrix(table["body_visibility"]), hands)
        made.append(
            Take(
                avatar,
                Poses(body[:, TORSO], bridged(arms), head_circle(body)),
                unpack_masks(table["mask"])[:, y : y + height, x : x + width],
                partial(_read, cache, video_id, frames),
            )
        )
    return made


def _read(cache: GopCache, video_id: str, frames: np.ndarray, wanted: Sequence[int]) -> np.ndarray:
    numbers = frames[list(wanted)].tolist()
    cache.expect((video_id, number // CLIP_FRAMES) for number in numbers)
    return np.stack([cache.frame(video_id, number) for number in numbers])
