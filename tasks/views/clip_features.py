"""What jumps are judged by, out of the clips of a track."""

from collections.abc import Iterator

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
    parts: dict[str, list[np.ndarray]] = {}
    for table in _blocks(source, track, place["index"].to_numpy(), _FEATURES):
        for name, values in _features(table).items():
            parts.setdefault(name, []).append(values)
    columns = {name: np.concatenate(values) for name, values in parts.items()}
    return FrameFeatures(**columns, run=_runs(place["shot"].to_numpy(), place["index"].to_numpy()))


def read_beating_speed(source: Source, tracks: list[str]) -> np.ndarray:
    """(4 N, 13) float32 m/s: `clip_beats.beating_speed` of the frames of all clips of some tracks, in node order."""
    from tango_models.motion_graph.scoring.clip_beats import beating_speed

    parts = []
    for track in sorted(tracks):
        index = source.table("clips").read(["clip_id", "index"], where=equals(track_id=track))["index"].to_numpy()
        for table in _blocks(source, track, index, ["clip_id", "representation"]):
            parts.append(beating_speed(matrix(table["representation"])))
    return np.concatenate(parts)


def _blocks(source: Source, track: str, index: np.ndarray, columns: list[str]) -> Iterator[pa.Table]:
    """Columns of some clips after the others, at least once."""
    for first in range(0, len(index), _CLIPS_PER_READ):
        block = index[first : first + _CLIPS_PER_READ]
        where = equals(track_id=track).also(f"index >= {block[0]} AND index <= {block[-1]}")
        yield source.table("clips").read(columns, where=where)
    if not len(index):
        yield source.table("clips").read(columns, equals(track_id=[]))


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
