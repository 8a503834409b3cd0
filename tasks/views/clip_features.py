"""What jumps are judged by, out of the clips of a track."""

import numpy as np
import pyarrow as pa

from data_catalog import Source
from data_catalog.keys import equals
from data_catalog.tables.sizes import CLIP_FRAMES, FACE_SIDE, JOINTS, PICTURE_SIDE
from tasks.views.columns import images, matrix, unpack_masks

_FEATURES = [
    "clip_id", "shot", "index", "usable", "representation", "orientation", "translation", "mask", "hand_boxes", "head",
    "face", "picture", "surprise", "repeated",
]  # fmt: skip
_CLIPS_PER_READ = 256
"""Only two fifths of the representation are kept: 4 MB at a time, not 100 kB a second of footage."""


def read_frame_features(source: Source, track: str):
    """The `FrameFeatures` of a track out of its clips."""
    from tango_models.motion_graph.features import FrameFeatures

    place = source.table("clips").read(["clip_id", "index", "shot"], where=equals(track_id=track))
    index = place["index"].to_numpy()
    parts: dict[str, list[np.ndarray]] = {}
    for first in range(0, len(index), _CLIPS_PER_READ):
        block = index[first : first + _CLIPS_PER_READ]
        where = equals(track_id=track).also(f"index >= {block[0]} AND index <= {block[-1]}")
        for name, values in _features(source.table("clips").read(_FEATURES, where=where)).items():
            parts.setdefault(name, []).append(values)
    if not parts:
        nothing = source.table("clips").read(_FEATURES, equals(track_id=[]))
        parts = {name: [values] for name, values in _features(nothing).items()}
    columns = {name: np.concatenate(values) for name, values in parts.items()}
    return FrameFeatures(**columns, run=_runs(place["shot"].to_numpy(), index))


def _features(table: pa.Table) -> dict[str, np.ndarray]:
    """Fields of `FrameFeatures` of some clips: two fifths of the representation and all else."""
    frames = table.num_rows * CLIP_FRAMES
    representation = matrix(table["representation"]).reshape(frames, JOINTS, 15)
    return {
        "position": representation[..., 0:3].copy(),
        "velocity": representation[..., 3:6].copy(),
        "orientation": matrix(table["orientation"]).reshape(frames, 3),
        "translation": matrix(table["translation"]).reshape(frames, 3),
        "mask": unpack_masks(table["mask"]),
        "hand_boxes": matrix(table["hand_boxes"]).reshape(frames, 2, 4),
        "usable": np.repeat(table["usable"].to_numpy(zero_copy_only=False), CLIP_FRAMES),
        "head": matrix(table["head"]).reshape(frames, 3),
        "face": images(table["face"], FACE_SIDE),
        "picture": images(table["picture"], PICTURE_SIDE),
        "surprise": matrix(table["surprise"]).reshape(frames),
        "repeated": matrix(table["repeated"]).reshape(frames).astype(bool),
    }


def _runs(shot: np.ndarray, index: np.ndarray) -> np.ndarray:
    """(N,) number of the run of clips without a cut that each clip belongs to; a clip that is missing ends one."""
    begins = np.ones(len(shot), bool)
    begins[1:] = (np.diff(shot) != 0) | (np.diff(index) != 1)
    return np.cumsum(begins)


def clip_ids(source: Source, track: str) -> list[str]:
    """The keys of a track's clips, in the order of its `FrameFeatures`."""
    return source.table("clips").read(["clip_id"], where=equals(track_id=track))["clip_id"].to_pylist()
