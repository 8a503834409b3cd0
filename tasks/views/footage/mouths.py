"""Mouths into the catalog and out of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from data_catalog import Source
from data_catalog.keys import equals
from data_catalog.tables.sizes import MESH_POINTS
from tasks.views.columns import matrix
from tasks.views.footage.canvas import fit_points
from tasks.views.footage.videos import cuts_of

if TYPE_CHECKING:
    from tango_models.lips.library import MouthLibrary
    from tango_models.lips.mouths import Mouths

_NUMBERS = ("opening", "width", "yaw", "pitch", "sharpness")
_FRAMES_PER_READ = 3000
_ROOM = 0.4  # of the face's size around all places where it is
_SAMPLE = 500  # faces of which the mean is taken


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


def read_mouths(source: Source, video_id: str, frames: Iterable[int] | None = None) -> tuple[np.ndarray, Mouths]:
    """(T,) frame numbers and the mouths of a video, in order: of the given frames, or of all, then without meshes."""
    where = equals(video_id=video_id)
    if frames is not None:
        where = equals(video_id=video_id, frame=sorted({int(frame) for frame in frames}))
    return _read(source, where, meshes=frames is not None)


def read_library(source: Source, videos: Sequence[str]) -> MouthLibrary | None:
    """All mouths of some videos; None where hardly any can be seen. Meshes are read a few thousand at a time."""
    from tango_models.lips.head_pose import reference_face
    from tango_models.lips.library import clear, collect, mouth_shapes

    seen = [(*read_mouths(source, video), cuts_of(source, video)) for video in videos]
    shown = [frames[clear(mouths)] for frames, mouths, _ in seen]
    every = max(1, sum(map(len, shown)) // _SAMPLE)
    samples = [
        read_mouths(source, video, frames[::every])[1].mesh
        for video, frames in zip(videos, shown, strict=True)
        if len(frames)
    ]
    if not samples:
        return None
    reference = reference_face(np.concatenate(samples))
    shapes = []
    for video, (frames, _, _) in zip(videos, seen, strict=True):
        for start in range(0, int(frames[-1]) + 1 if len(frames) else 0, _FRAMES_PER_READ):
            where = equals(video_id=video).also(f"frame >= {start} AND frame < {start + _FRAMES_PER_READ}")
            shapes.append(mouth_shapes(_read(source, where, meshes=True)[1].mesh, reference))
    return collect(seen, np.concatenate(shapes), reference)


def head_box(source: Source, videos: Sequence[str], canvas: tuple[int, int]) -> tuple[int, int, int, int] | None:
    """Left, top, right, bottom pixels on the canvas around the head, wherever its middle goes in some videos, and most
    of a face more; None where no face is seen."""
    table = source.table("videos").read(["video_id", "width", "height"], where=equals(video_id=list(videos)))
    boxes = []
    for row in table.to_pylist():
        seen = source.table("mouths").read(["video_id", "frame", "middle"], where=equals(video_id=row["video_id"]))
        middle = matrix(seen["middle"]).reshape(-1, 2)
        shown = np.isfinite(middle).all(1)
        if not shown.any():
            continue
        frames = np.sort(seen["frame"].to_numpy()[shown])
        mesh = read_mouths(source, row["video_id"], frames[:: max(1, len(frames) // 50)])[1].mesh[:, :, :2]
        reach = float((mesh.max(1) - mesh.min(1)).max()) * (0.5 + _ROOM)
        corners = np.stack([middle[shown].min(0) - reach, middle[shown].max(0) + reach])
        boxes.append(fit_points(corners, (row["width"], row["height"]), canvas))
    if not boxes:
        return None
    low, high = np.floor(np.stack(boxes)[:, 0].min(0)), np.ceil(np.stack(boxes)[:, 1].max(0))
    left, top = np.clip(low, 0, np.array(canvas) - 1).astype(int)
    right, bottom = np.clip(high, [left + 1, top + 1], canvas).astype(int)
    return int(left), int(top), int(right), int(bottom)


def _read(source: Source, where: str, *, meshes: bool) -> tuple[np.ndarray, Mouths]:
    from tango_models.lips.mouths import Mouths

    columns = ["video_id", "frame", "light", "covered", *_NUMBERS] + ["middle", "mesh"] * meshes
    table = source.table("mouths").read(columns, where=where).sort_by("frame")
    count = table.num_rows
    mesh = np.zeros((count, 0, 3), np.float32)
    if meshes:
        data = b"".join(table["mesh"].to_pylist())
        mesh = np.frombuffer(data, "<f2").reshape(count, MESH_POINTS, 3).astype(np.float32)
        mesh[:, :, :2] += matrix(table["middle"]).reshape(count, 1, 2)
    found = Mouths(
        mesh=mesh,
        light=matrix(table["light"]).reshape(count, 3),
        covered=table["covered"].to_numpy().astype(bool),
        **{name: table[name].to_numpy().astype(np.float32) for name in _NUMBERS},
    )
    return table["frame"].to_numpy(), found
