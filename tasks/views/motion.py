"""The motion of a track out of the catalog."""

from typing import TYPE_CHECKING

import numpy as np

from data_catalog import Source
from data_catalog.keys import equals
from tasks.views.columns import matrix

if TYPE_CHECKING:
    from tango_models.body.motion_io import Motion

_COLUMNS = ["track_id", "frame", "pose", "trans", "betas", "expression", "confidence", "tracked"]


def read_motion(source: Source, track: str) -> dict[str, np.ndarray]:
    """A track's poses (T, 165), trans (T, 3), betas (B,), expression (T, E), confidence (T,), tracked (T,)."""
    table = source.table("poses").read(_COLUMNS, where=equals(track_id=track))
    return {
        "poses": matrix(table["pose"]),
        "trans": matrix(table["trans"]),
        "betas": np.asarray(table["betas"][0].as_py(), np.float32),
        "expressions": matrix(table["expression"]),
        "confidence": table["confidence"].to_numpy(),
        "tracked": table["tracked"].to_numpy(zero_copy_only=False),
    }


def read_motion_frames(source: Source, track: str, frames: list[int]) -> "Motion":
    """A track's motion at some frames, in their order."""
    from tango_models.body.motion_io import Motion

    columns = ["track_id", "frame", "pose", "trans", "betas", "expression"]
    table = source.table("poses").read(columns, where=equals(track_id=track, frame=frames))
    betas = np.asarray(table["betas"][0].as_py(), np.float32)
    poses, trans, expressions = (matrix(table[name]).copy() for name in ("pose", "trans", "expression"))
    return Motion(poses, trans, betas, expressions)
