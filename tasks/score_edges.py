"""Stage: which clip may follow which, and how visible the jump is. A unit is a pair of videos, so a video added to an
avatar is scored against the others and nothing else is."""

from itertools import combinations_with_replacement

import numpy as np
import pyarrow as pa
from pydantic import BaseModel

from data_catalog import Catalog, Unit, digest
from data_catalog.keys import equals
from data_catalog.schemas import CLIP_FRAMES, FACE_SIDE, JOINTS, PICTURE_SIDE
from tango_models.motion_graph.edges import EdgeConfig
from tasks.runtime.stage import RowWriter, Stage, upstream
from tasks.views.columns import images, matrix, unpack_masks

_FEATURES = [
    "clip_id", "shot", "index", "usable", "representation", "orientation", "translation", "mask", "hand_boxes", "head",
    "face", "picture", "repeated",
]  # fmt: skip
_CLIPS_PER_READ = 256
"""Only two fifths of the representation are kept: 4 MB at a time, not 100 kB a second of footage."""
EDGE_TERMS = ("pose", "velocity", "translation", "mask_iou", "hand_iou", "head", "face", "picture", "stutter", "cost")


class ScoreEdgesConfig(BaseModel):
    """
    Attributes:
        edges: thresholds, weights and budget of the scoring.
    """

    edges: EdgeConfig = EdgeConfig()


class ScoreEdges(Stage):
    name, table, code_version = "score_edges", "edges", "2"
    libraries = ("numba", "scipy.sparse.csgraph")
    Config = ScoreEdgesConfig
    config: ScoreEdgesConfig

    def plan(self, catalog: Catalog, *, video_ids: list[str], **_) -> list[Unit]:
        clips = {video: upstream(catalog, "create_clips", video, video) for video in sorted(set(video_ids))}
        return [
            self.unit(
                f"{a}:{b}",
                subject=clips[a].subject if a == b else f"{clips[a].subject} × {clips[b].subject}",
                reads=[clips[a].field_hash("motion"), clips[b].field_hash("motion")],
                videos=[a, b],
            )
            for a, b in combinations_with_replacement(clips, 2)
        ]

    def process(self, catalog: Catalog, unit: Unit, out: RowWriter) -> dict[str, str]:
        from tango_models.motion_graph.edges import score_pair

        a, b = unit.inputs["videos"]
        first = read_frame_features(catalog, a)
        if a == b:
            directions = [(a, b, score_pair(first, first, self.config.edges, same_video=True))]
        else:
            second = read_frame_features(catalog, b)
            directions = [
                (a, b, score_pair(first, second, self.config.edges, same_video=False)),
                (b, a, score_pair(second, first, self.config.edges, same_video=False)),
            ]
        state = []
        clips = {video: _clip_ids(catalog, video) for video in {a, b}}
        for source, target, edges in directions:
            terms = {name: np.asarray(getattr(edges, name), np.float32) for name in EDGE_TERMS}
            out.write(
                {
                    "src": clips[source][edges.src[e]],
                    "dst": clips[target][edges.dst[e]],
                    "src_video": source,
                    "dst_video": target,
                    **{name: float(terms[name][e]) for name in EDGE_TERMS},
                }
                for e in range(len(edges.src))
            )
            state.append(digest(edges.src.tobytes(), edges.dst.tobytes(), terms["cost"].tobytes()))
        return {"edges": digest(state)}


def read_frame_features(catalog: Catalog, video_id: str):
    """The `FrameFeatures` of a video out of its clips."""
    from tango_models.motion_graph.features import FrameFeatures

    place = catalog.table("clips").read(["clip_id", "index", "shot"], where=equals(video_id=video_id))
    index = place["index"].to_numpy()
    parts: dict[str, list[np.ndarray]] = {}
    for first in range(0, len(index), _CLIPS_PER_READ):
        block = index[first : first + _CLIPS_PER_READ]
        where = f"{equals(video_id=video_id)} AND index >= {block[0]} AND index <= {block[-1]}"
        for name, values in _features(catalog.table("clips").read(_FEATURES, where=where)).items():
            parts.setdefault(name, []).append(values)
    if not parts:
        parts = {name: [values] for name, values in _features(catalog.table("clips").read(_FEATURES, "false")).items()}
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
        "repeated": matrix(table["repeated"]).reshape(frames).astype(bool),
    }


def _runs(shot: np.ndarray, index: np.ndarray) -> np.ndarray:
    """(N,) number of the run of clips without a cut that each clip belongs to; a clip that is missing ends one."""
    begins = np.ones(len(shot), bool)
    begins[1:] = (np.diff(shot) != 0) | (np.diff(index) != 1)
    return np.cumsum(begins)


def _clip_ids(catalog: Catalog, video_id: str) -> list[str]:
    """The keys of a video's clips, in the order of its `FrameFeatures`."""
    return catalog.table("clips").read(["clip_id"], where=equals(video_id=video_id))["clip_id"].to_pylist()


def read_edges(catalog: Catalog, video_ids: list[str]) -> pa.Table:
    """The edges whose two ends lie in these videos, with all their terms."""
    columns = ["src", "dst", "src_video", "dst_video", *EDGE_TERMS]
    return catalog.table("edges").read(columns, where=equals(src_video=video_ids, dst_video=video_ids))
