"""Stage: where each clip's motion lies in the joint audio-motion space."""

from collections.abc import Iterator

import numpy as np

from data_catalog import Catalog, Unit, clip_id, digest
from data_catalog.keys import equals
from data_catalog.schemas import CLIP_FRAMES, REPRESENTATION
from tasks.runtime.stage import RowWriter, Stage, upstream
from tasks.views.columns import matrix, vectors
from tasks.views.embedding_model import EmbeddingModelConfig, model_id
from tasks.views.takes import takes

_CLIPS_PER_CHUNK = 448
"""1,792 frames, whole hops of 64 frames: windows lie at the same places as in a video embedded in one go."""
_CONTEXT_CLIPS = 32
"""A window's length: no clip of a chunk misses a window that covers it."""


class EmbedClips(Stage):
    name, table, code_version = "embed_clips", "embeddings", "2"
    libraries = ("torch", "tango_models.aumoclip.processing")
    Config = EmbeddingModelConfig
    config: EmbeddingModelConfig

    def version_parts(self) -> dict:
        return {"model": model_id(self.config)}

    def plan(self, catalog: Catalog, *, video_id: str, **_) -> list[Unit]:
        clips = upstream(catalog, "create_clips", video_id, video_id)
        model = model_id(self.config)
        key = embedding_key(video_id, model)
        return [
            self.unit(key, subject=clips.subject, reads=[clips.field_hash("motion")], video_id=video_id, model_id=model)
        ]

    def setup(self) -> None:
        from tango_models.aumoclip.checkpoints import load
        from tango_models.aumoclip.processing import MotionEncoder

        self._encoder = MotionEncoder(load(self.config.path))

    def process(self, catalog: Catalog, unit: Unit, out: RowWriter) -> dict[str, str]:
        video_id, model = unit.inputs["video_id"], unit.inputs["model_id"]
        shown = takes(catalog, video_id)
        state = []
        for first, start, stop, last in chunks(shown):
            motion = _representation(catalog, video_id, first, last)
            found = self._encoder.encode(motion)
            own = slice((start - first) * CLIP_FRAMES, (stop - first) * CLIP_FRAMES)
            low = vectors(found.low[own].reshape(stop - start, -1))
            high = vectors(_unit(found.high[own].reshape(stop - start, CLIP_FRAMES, -1).mean(axis=1)))
            out.write(
                {
                    "clip_id": clip_id(video_id, start + k),
                    "model_id": model,
                    "video_id": video_id,
                    "motion_low": low[k],
                    "motion_high": high[k],
                }
                for k in range(stop - start)
            )
            out.progress(stop, shown[-1][1])
            state.append(digest(*(np.ascontiguousarray(found.low[own]).tobytes(), found.high[own].tobytes())))
        return {"embedding": digest(state)}


def chunks(takes_: list[tuple[int, int]]) -> Iterator[tuple[int, int, int, int]]:
    """Clips to encode together, (first, start, stop, last) by number: `start` to `stop` are kept, the rest is context.

    No chunk reaches beyond its take.
    """
    for begin, end in takes_:
        for start in range(begin, end, _CLIPS_PER_CHUNK):
            stop = min(start + _CLIPS_PER_CHUNK, end)
            yield max(begin, start - _CONTEXT_CLIPS), start, stop, min(end, stop + _CONTEXT_CLIPS)


def _representation(catalog: Catalog, video_id: str, first: int, last: int) -> np.ndarray:
    """(4 x clips, 825) motion representation of the clips `first` to `last`."""
    where = f"{equals(video_id=video_id)} AND index >= {first} AND index < {last}"
    table = catalog.table("clips").read(["clip_id", "representation"], where=where)
    return matrix(table["representation"]).reshape(-1, REPRESENTATION)


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)


def embedding_key(key: str, model: str) -> str:
    """The unit of a video or a speech in the space of a model."""
    return f"{key}:{model}"


def read_clip_embeddings(catalog: Catalog, clip_ids: list[str], videos: list[str], model: str):
    """`SlotEmbedding` of clips in the order of their ids. Clips that cannot be shown have none: zeros."""
    from tango_models.motion_graph.scoring.embedding_scorer import SlotEmbedding

    table = catalog.table("embeddings").read(
        ["clip_id", "motion_low", "motion_high"], where=equals(model_id=model, video_id=videos)
    )
    position = {key: k for k, key in enumerate(clip_ids)}
    rows = np.array([position[key] for key in table["clip_id"].to_pylist()], np.int64)
    found = {}
    for name in ("motion_low", "motion_high"):
        values = matrix(table[name])
        found[name] = np.zeros((len(clip_ids), values.shape[1]), np.float32)
        found[name][rows] = values
    low = found["motion_low"].reshape(len(clip_ids), CLIP_FRAMES, -1)
    return SlotEmbedding(low=low, high=found["motion_high"])
