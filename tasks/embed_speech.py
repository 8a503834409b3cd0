"""Stage: where each moment of a speech lies in the joint audio-motion space; once, whatever the number of avatars."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import ClassVar

import numpy as np

from data_catalog import Source, Unit
from tango_models.speech.timeline import frame_count
from tasks.runtime.plan_source import PlanSource
from tasks.runtime.stage import RowWriter, Stage
from tasks.views.embedding_model import EmbeddingModelConfig, model_id
from tasks.views.embeddings import embedding_key
from tasks.views.speech import read_speech_audio

_FRAMES_PER_ROW = 1800


class EmbedSpeech(Stage):
    name, code_version = "embed_speech", "3"
    reads: ClassVar = {"analyse_speech": ("audio",)}
    configured_by = "model"
    file_settings = ("checkpoint", "backbones")
    libraries = ("torch", "tango_models.aumoclip.processing")
    Config = EmbeddingModelConfig
    config: EmbeddingModelConfig

    def version_parts(self) -> dict:
        return {"model": model_id(self.config)}

    def plan(self, source: PlanSource, *, speech_id: str, **_) -> list[Unit]:
        (speech,) = source.need("analyse_speech", speech_id, subject=speech_id)
        model = model_id(self.config)
        key = embedding_key(speech_id, model)
        of = {"analyse_speech": [speech_id]}
        return [self.unit(key, subject=speech.subject, of=of, speech_id=speech_id, model_id=model)]

    def setup(self) -> None:
        from tango_models.aumoclip.backbones import load_backbones
        from tango_models.aumoclip.checkpoints import load
        from tango_models.aumoclip.processing import SpeechEncoder

        model = load(self.config.path, only="audio")
        folder = Path(self.config.backbones).expanduser() if self.config.backbones else None
        backbones = load_backbones(model.config, folder, allow_download=self.config.allow_download)
        self._encoder = SpeechEncoder(model, backbones)

    def process(self, source: Source, unit: Unit, out: RowWriter) -> None:
        speech_id, model = unit.inputs["speech_id"], unit.inputs["model_id"]
        samples = read_speech_audio(source, speech_id)
        total, done = frame_count(len(samples)), 0
        parts = self._encoder.encode_parts(samples)
        for part, (low, high) in enumerate(_rows((part.low, part.high) for part in parts)):
            row = {"speech_id": speech_id, "model_id": model, "part": part}
            out.write([row | {"audio_low": low.astype("<f2").tobytes(), "audio_high": high.astype("<f2").tobytes()}])
            done += len(low)
            out.progress(done, total)


def _rows(parts: Iterable[tuple[np.ndarray, np.ndarray]]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pieces of any lengths, joined and cut again into `_FRAMES_PER_ROW` frames, the last one what is left."""
    held: list[tuple[np.ndarray, np.ndarray]] = []
    for found in parts:
        held.append(found)
        while (count := sum(len(low) for low, _ in held)) >= _FRAMES_PER_ROW:
            low, high = (np.concatenate(rows) for rows in zip(*held, strict=True))
            yield low[:_FRAMES_PER_ROW], high[:_FRAMES_PER_ROW]
            held = [(low[_FRAMES_PER_ROW:], high[_FRAMES_PER_ROW:])] if count > _FRAMES_PER_ROW else []
    if held:
        low, high = (np.concatenate(rows) for rows in zip(*held, strict=True))
        if len(low):
            yield low, high
