"""Mouths into the catalog and out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from data_catalog import Source
from data_catalog.keys import equals
from data_catalog.schemas import MESH_POINTS
from tasks.views.columns import matrix

if TYPE_CHECKING:
    from tango_models.lips.mouths import Mouths

_NUMBERS = ("opening", "width", "protrusion", "yaw", "pitch", "sharpness")
_FRAMES_PER_READ = 3000


def mouth_rows(video_id: str, first: int, mouths: Mouths) -> list[dict[str, Any]]:
    """Rows of `mouths` for the frames from `first` on. A mesh is kept as float16 about its middle: exact to 1/16 px in
    a face of 250 px."""
    middle = mouths.mesh[:, :, :2].mean(1)
    around = mouths.mesh.copy()
    around[:, :, :2] -= middle[:, None]
    return [
        {
            "video_id": video_id,
            "frame": first + t,
            "middle": middle[t],
            "mesh": around[t].astype("<f2").tobytes(),
            "light": mouths.light[t],
            "covered": bool(mouths.covered[t]),
            **{name: float(getattr(mouths, name)[t]) for name in _NUMBERS},
        }
        for t in range(len(mouths))
    ]


def read_mouths(source: Source, video_id: str, frames: list[int] | None = None) -> tuple[np.ndarray, Mouths]:
    """(T,) frame numbers and the mouths of a video, of all its frames or of some, in order."""
    from tango_models.lips.mouths import Mouths

    columns = ["video_id", "frame", "middle", "mesh", "light", "covered", *_NUMBERS]
    where = equals(video_id=video_id) if frames is None else equals(video_id=video_id, frame=sorted(set(frames)))
    table = source.table("mouths").read(columns, where=where).sort_by("frame")
    count = table.num_rows
    data = b"".join(table["mesh"].to_pylist())
    mesh = np.frombuffer(data, "<f2").reshape(count, MESH_POINTS, 3).astype(np.float32)
    mesh[:, :, :2] += matrix(table["middle"]).reshape(count, 1, 2)
    numbers = {name: table[name].to_numpy().astype(np.float32) for name in _NUMBERS}
    found = Mouths(
        mesh=mesh,
        light=matrix(table["light"]).reshape(count, 3),
        covered=table["covered"].to_numpy().astype(bool),
        **numbers,
    )
    return table["frame"].to_numpy(), found
