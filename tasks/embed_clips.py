"""Stage: where each clip's motion lies in the joint audio-motion space."""

from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from data_catalog import Source, Unit, clip_id
from data_catalog.keys import equals
from data_catalog.tables.sizes import CLIP_FRAMES, REPRESENTATION
from tasks.runtime.plan_source import PlanSource
from tasks.runtime.stage import RowWriter, Stage
from tasks.views.columns import matrix, vectors
from tasks.views.embedding_model import EmbeddingModelConfig, model_id
from tasks.views.embeddings import embedding_key
from tasks.views.takes import takes

_CLIPS_PER_CHUNK = 448
"""1,792 frames, whole hops of 64 frames: windows lie at the same places as in a video embedded in one go."""
_CONTEXT_CLIPS = 32
"""A window's length: no clip of a chunk misses a window that covers it."""


class EmbedClips(Stage):
    name, code_version = "embed_clips", "2"
    reads: ClassVar = {"create_clips": ("motion", "takes")}
    configured_by = "model"
    file_settings = ("checkpoint",)
    libraries = ("torch", "tango_models.aumoclip.processing")
    Config = EmbeddingModelConfig
    config: EmbeddingModelConfig

    def version_parts(self) -> dict:
        return {"model": model_id(self.config)}

    def plan(self, source: PlanSource, *, track: str, **_) -> list[Unit]:
        (clips,) = source.need("create_clips", track, subject=track)
        model = model_id(self.config)
        key = embedding_key(track, model)
        return [self.unit(key, subject=clips.subject, of={"create_clips": [track]}, track=track, model_id=model)]

    def setup(self) -> None:
        from tango_models.aumoclip.checkpoints import load
        from tango_models.aumoclip.processing import MotionEncoder

        self._encoder = MotionEncoder(load(self.config.path, only="motion"))

    def process(self, source: Source, unit: Unit, out: RowWriter) -> None:
        track, model = unit.inputs["track"], unit.inputs["model_id"]
        shown = takes(source, track)
        for first, start, stop, last in chunks(shown):
            motion = _representation(source, track, first, last)
            found = self._encoder.encode(motion)
            own = slice((start - first) * CLIP_FRAMES, (stop - first) * CLIP_FRAMES)
            low = vectors(found.low[own].reshape(stop - start, -1))
            high = vectors(_unit(found.high[own].reshape(stop - start, CLIP_FRAMES, -1).mean(axis=1)))
            out.write(
                {
                    "clip_id": clip_id(track, start + k),
                    "model_id": model,
                    "track_id": track,
                    "motion_low": low[k],
                    "motion_high": high[k],
                }
                for k in range(stop - start)
            )
            out.progress(stop, shown[-1][1])


def chunks(takes_: list[tuple[int, int]]) -> Iterator[tuple[int, int, int, int]]:
    """Clips to encode together, (first, start, stop, last) by number: `start` to `stop` are kept, the rest is context.

    No chunk reaches beyond its take.
    """
    for begin, end in takes_:
        for start in range(begin, end, _CLIPS_PER_CHUNK):
            stop = min(start + _CLIPS_PER_CHUNK, end)
            yield max(begin, start - _CONTEXT_CLIPS), start, stop, min(end, stop + _CONTEXT_CLIPS)


def _representation(source: Source, track: str, first: int, last: int) -> np.ndarray:
    """(4 x clips, 825) motion representation of the clips `first` to `last`."""
    where = equals(track_id=track).also(f"index >= {first} AND index < {last}")
    table = source.table("clips").read(["clip_id", "representation"], where=where)
    return matrix(table["representation"]).reshape(-1, REPRESENTATION)


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
