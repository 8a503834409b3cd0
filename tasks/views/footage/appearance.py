"""What a video's speaker and room look like, from a few of its frames."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from data_catalog import Source
from data_catalog.keys import equals
from data_catalog.tables.sizes import CLIP_FRAMES, LOOKED_AT
from tasks.views.columns import matrix, unpack_masks
from tasks.views.footage.frame_source import GopCache

if TYPE_CHECKING:
    from tango_models.perception.appearance import Appearance

_SAMPLES_OF_SHOT = 8
_SHOTS = 24
"""Shots that are compared, the longest: what a video of many cuts costs."""
_SHORTEST_SHOT = 15
"""Frames; less is a flash."""
_FPS = 30


def appearance(source: Source, video_id: str, n_frames: int, *, cache_mb: float) -> "Appearance":
    """The appearance in 12 frames, spread evenly over the video; `cache_mb`: of footage held at most."""
    looks = _appearance(source, video_id, _spread(0, n_frames, LOOKED_AT), cache_mb)
    fewer = LOOKED_AT - len(looks.clothes)  # a video of less than 12 clips
    return replace(looks, clothes=np.pad(looks.clothes, ((0, fewer), (0, 0)), constant_values=np.nan))


def changed_looks(source: Source, video_id: str, n_frames: int, cuts: np.ndarray, *, cache_mb: float) -> str:
    """A note of the shots in which a video does not look as in its longest one, by the limits that hold between videos;
    "" where there are none. Shots in which nobody is seen say nothing.

    Args:
        cuts: (K,) first frames behind the cuts.
        cache_mb: of footage held at most.
    """
    from tango_models.perception.appearance import differences

    bounds = [0, *np.asarray(cuts).tolist(), n_frames]
    shots = [shot for shot in pairwise(bounds) if shot[1] - shot[0] >= _SHORTEST_SHOT]
    longest = sorted(shots, key=lambda shot: shot[0] - shot[1])[:_SHOTS]
    if len(longest) < 2:
        return ""
    looks = {shot: _appearance(source, video_id, _spread(*shot, _SAMPLES_OF_SHOT), cache_mb) for shot in longest}
    seen = {shot: look for shot, look in looks.items() if np.isfinite(look.clothes).any()}
    usual = next(iter(seen.values()), None)
    shots = sorted(seen) if usual else []
    found = {shot: other for shot in shots if usual and (other := differences(usual, seen[shot]))}
    if not found:
        return ""
    (first, stop), other = next(iter(found.items()))
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    where = f"from {first / _FPS:.1f} s to {stop / _FPS:.1f} s{more}"
    remedy = "if that is somebody else, give each a video and an avatar of their own"
    return f"does not look throughout as in its longest shot (other {', '.join(other)} {where}); {remedy}"


def _spread(first: int, stop: int, count: int) -> list[int]:
    """At most `count` frames in [first, stop), each the first of a clip, or the first of all."""
    return sorted({max(first, int(t) // CLIP_FRAMES * CLIP_FRAMES) for t in np.linspace(first, stop - 1, count)})


def _appearance(source: Source, video_id: str, chosen: Sequence[int], cache_mb: float) -> "Appearance":
    from tango_models.body.fit.face_pose import face_shape
    from tango_models.perception.appearance import Appearance, colours

    columns = ["video_id", "frame", "mask", "face_xy", "face_z", "face_score"]
    rows = source.table("landmarks").read(columns, where=equals(video_id=video_id, frame=chosen)).sort_by("frame")
    masks, xy = unpack_masks(rows["mask"]), matrix(rows["face_xy"]).reshape(rows.num_rows, -1, 2)
    frames = GopCache(source, megabytes=cache_mb)
    frames.expect((video_id, t // CLIP_FRAMES) for t in chosen)
    seen = [colours(frames.frame(video_id, t), masks[k], xy[k]) for k, t in enumerate(chosen)]
    clothes, rooms = (np.stack([pair[side] for pair in seen]) for side in (0, 1))
    score = rows["face_score"].to_numpy()
    return Appearance(clothes, _mean(rooms), face_shape(xy, matrix(rows["face_z"]), score).astype(np.float32))


def _mean(shares: np.ndarray) -> np.ndarray:
    """(216,) of (T, 216) without the frames that are NaN; NaN where all are."""
    known = shares[np.isfinite(shares).all(1)]
    return known.mean(0) if len(known) else shares[0]
