"""Stage: where each moment of a speech lies in the joint audio-motion space; once, whatever the number of avatars."""

from pathlib import Path
from typing import ClassVar

from data_catalog import Source, Unit
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
        found = self._encoder.encode(read_speech_audio(source, speech_id))
        for part, first in enumerate(range(0, len(found.low), _FRAMES_PER_ROW)):
            frames = slice(first, first + _FRAMES_PER_ROW)
            low, high = (rows[frames].astype("<f2").tobytes() for rows in (found.low, found.high))
            row = {"speech_id": speech_id, "model_id": model, "part": part}
            out.write([row | {"audio_low": low, "audio_high": high}])
            out.progress(min(first + _FRAMES_PER_ROW, len(found.low)), len(found.low))
