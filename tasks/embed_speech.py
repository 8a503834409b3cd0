"""Stage: where each moment of a speech lies in the joint audio-motion space; once, whatever the number of avatars."""

from pathlib import Path

import numpy as np

from data_catalog import Catalog, Unit, digest
from data_catalog.keys import equals
from data_catalog.schemas import CLIP_FRAMES
from tasks.analyse_speech import read_speech_audio
from tasks.embed_clips import embedding_key
from tasks.runtime.stage import RowWriter, Stage, upstream
from tasks.views.embedding_model import EmbeddingModelConfig, model_id

_FRAMES_PER_ROW = 1800


class EmbedSpeech(Stage):
    name, table, code_version = "embed_speech", "speech_embeddings", "2"
    libraries = ("torch", "tango_models.aumoclip.processing")
    Config = EmbeddingModelConfig
    config: EmbeddingModelConfig

    def version_parts(self) -> dict:
        return {"model": model_id(self.config)}

    def plan(self, catalog: Catalog, *, speech_id: str, **_) -> list[Unit]:
        speech = upstream(catalog, "analyse_speech", speech_id, speech_id)
        model = model_id(self.config)
        key = embedding_key(speech_id, model)
        reads = [speech.field_hash("audio")]
        return [self.unit(key, subject=speech.subject, reads=reads, speech_id=speech_id, model_id=model)]

    def setup(self) -> None:
        from tango_models.aumoclip.backbones import load_backbones
        from tango_models.aumoclip.checkpoints import load
        from tango_models.aumoclip.processing import SpeechEncoder

        model = load(self.config.path)
        folder = Path(self.config.backbones).expanduser() if self.config.backbones else None
        backbones = load_backbones(model.config, folder, allow_download=self.config.allow_download)
        self._encoder = SpeechEncoder(model, backbones)

    def process(self, catalog: Catalog, unit: Unit, out: RowWriter) -> dict[str, str]:
        speech_id, model = unit.inputs["speech_id"], unit.inputs["model_id"]
        found = self._encoder.encode(read_speech_audio(catalog, speech_id))
        low, high = found.low.astype("<f2"), found.high.astype("<f2")
        for part, first in enumerate(range(0, len(low), _FRAMES_PER_ROW)):
            frames = slice(first, first + _FRAMES_PER_ROW)
            row = {"speech_id": speech_id, "model_id": model, "part": part}
            out.write([row | {"audio_low": low[frames].tobytes(), "audio_high": high[frames].tobytes()}])
            out.progress(min(first + _FRAMES_PER_ROW, len(low)), len(low))
        return {"embedding": digest(low.tobytes(), high.tobytes())}


def read_speech_embedding(catalog: Catalog, speech_id: str, model: str, n_frames: int):
    """`SlotEmbedding` of a speech: its frames in slots of 4; the last slot is filled with the last frame."""
    from tango_models.motion_graph.scoring.embedding_scorer import SlotEmbedding

    rows = catalog.table("speech_embeddings").read(
        ["speech_id", "model_id", "part", "audio_low", "audio_high"], where=equals(speech_id=speech_id, model_id=model)
    )
    low, high = (_frames(rows[name].to_pylist(), n_frames) for name in ("audio_low", "audio_high"))
    slots = -(-n_frames // CLIP_FRAMES)
    index = np.minimum(np.arange(slots * CLIP_FRAMES), len(low) - 1)
    mean = high[index].reshape(slots, CLIP_FRAMES, -1).mean(axis=1)
    norm = np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-12)
    return SlotEmbedding(low=low[index].reshape(slots, CLIP_FRAMES, -1), high=mean / norm)


def _frames(parts: list[bytes], n_frames: int) -> np.ndarray:
    values = np.frombuffer(b"".join(parts), "<f2").astype(np.float32)
    return values.reshape(n_frames, -1)
