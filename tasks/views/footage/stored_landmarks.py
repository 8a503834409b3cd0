"""A video's landmarks out of the catalog, a chunk at a time."""

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from data_catalog import Source
from data_catalog.keys import equals
from data_catalog.tables.sizes import MASK_SIDE
from tasks.views.columns import matrix

if TYPE_CHECKING:
    import pyarrow as pa

    from tango_models.perception.landmarks import Landmarks

_FRAMES_PER_READ = 3000
_SHAPES = {
    "body_xy": (33, 2), "body_visibility": (33,), "body_world": (33, 3), "hands_xy": (2, 21, 2),
    "hands_local": (2, 21, 3), "hands_score": (2,), "face_xy": (-1, 2), "face_z": (-1,), "hand_boxes": (2, 4),
    "person_box": (4,),
}  # fmt: skip


class StoredLandmarks:
    """A video's landmarks in the catalog, read a chunk at a time; without the masks, which the fit has no use for."""

    def __init__(self, source: Source, video_id: str) -> None:
        self._source, self._video_id = source, video_id
        columns = ["video_id", "n_frames", "width", "height"]
        video = source.table("videos").read(columns, where=equals(video_id=video_id)).to_pylist()[0]
        self._n_frames, self._image_size = video["n_frames"], (video["width"], video["height"])

    def __len__(self) -> int:
        return self._n_frames

    @property
    def found(self) -> np.ndarray:
        """(T,) bool: frames in which a body was found."""
        return self._seen[0]

    @property
    def evident(self) -> np.ndarray:
        """(T,) bool: frames in which a face or a hand was found."""
        return self._seen[1]

    @cached_property
    def _seen(self) -> tuple[np.ndarray, np.ndarray]:
        body, others = [np.zeros(0, bool)], [np.zeros(0, bool)]
        for t in range(0, self._n_frames, _FRAMES_PER_READ):
            rows = self._read(t, t + _FRAMES_PER_READ, ["body_xy", "hands_score", "face_score"])
            body.append(np.isfinite(matrix(rows["body_xy"])[:, 0]))
            others.append((rows["face_score"].to_numpy() > 0) | (matrix(rows["hands_score"]) > 0).any(1))
        return np.concatenate(body), np.concatenate(others)

    def frames(self, start: int, stop: int) -> "Landmarks":
        """The landmarks of frames `start` to `stop` (exclusive)."""
        from tango_models.perception.landmarks import Landmarks

        table = self._read(start, stop, [*_SHAPES, "face_score"])
        count = table.num_rows
        columns = {name: matrix(table[name]).reshape(count, *shape) for name, shape in _SHAPES.items()}
        columns["face_score"] = table["face_score"].to_numpy()
        columns["mask"] = np.broadcast_to(np.uint8(0), (count, MASK_SIDE, MASK_SIDE))
        columns["image_size"] = np.tile(np.asarray(self._image_size, np.int32), (count, 1))
        return Landmarks.from_columns(columns)

    def _read(self, start: int, stop: int, columns: list[str]) -> "pa.Table":
        where = equals(video_id=self._video_id).also(f"frame >= {start} AND frame < {stop}")
        return self._source.table("landmarks").read(columns=["video_id", "frame", *columns], where=where)
