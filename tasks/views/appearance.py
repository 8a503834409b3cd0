"""What a video's speaker and room look like, from a few of its frames."""

from typing import TYPE_CHECKING

import numpy as np

from data_catalog import Source
from data_catalog.keys import equals
from data_catalog.schemas import CLIP_FRAMES
from tasks.views.columns import matrix, unpack_masks
from tasks.views.frame_source import GopCache

if TYPE_CHECKING:
    from tango_models.perception.appearance import Appearance

_SAMPLES = 12


def appearance(source: Source, video_id: str, n_frames: int, *, cache_mb: float) -> "Appearance":
    """The appearance in at most 12 frames, spread evenly over the video; `cache_mb`: of footage held at most."""
    from tango_models.body.fit.face_pose import face_shape
    from tango_models.perception.appearance import Appearance, colours

    chosen = sorted({int(t) // CLIP_FRAMES * CLIP_FRAMES for t in np.linspace(0, n_frames - 1, _SAMPLES)})
    columns = ["video_id", "frame", "mask", "face_xy", "face_z", "face_score"]
    rows = source.table("landmarks").read(columns, where=equals(video_id=video_id, frame=chosen)).sort_by("frame")
    masks, xy = unpack_masks(rows["mask"]), matrix(rows["face_xy"]).reshape(rows.num_rows, -1, 2)
    frames = GopCache(source, megabytes=cache_mb)
    frames.expect((video_id, t // CLIP_FRAMES) for t in chosen)
    seen = [colours(frames.frame(video_id, t), masks[k], xy[k]) for k, t in enumerate(chosen)]
    clothes, room = (_mean(np.stack([pair[side] for pair in seen])) for side in (0, 1))
    score = rows["face_score"].to_numpy()
    return Appearance(clothes, room, face_shape(xy, matrix(rows["face_z"]), score).astype(np.float32))


def _mean(shares: np.ndarray) -> np.ndarray:
    """(216,) of (T, 216) without the frames that are NaN; NaN where all are."""
    known = shares[np.isfinite(shares).all(1)]
    return known.mean(0) if len(known) else shares[0]
