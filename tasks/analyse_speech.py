"""Stage: what of a speech recording decides the gestures, computed once whatever the number of avatars."""

from pathlib import Path

import numpy as np
from pydantic import BaseModel, Field

from data_catalog import Source, Unit
from data_catalog.uris.places import file_name
from tango_models.errors import InputError
from tasks.runtime.plan_source import PlanSource
from tasks.runtime.stage import RowWriter, Stage

_BLOCK = 16000 * 60  # samples: a minute


class AnalyseSpeechConfig(BaseModel):
    """
    Attributes:
        max_seconds: longer recordings are refused before they are decoded.
    """

    max_seconds: float = Field(3600, gt=0)


class AnalyseSpeech(Stage):
    name, code_version = "analyse_speech", "5"
    libraries = ("av", "scipy.ndimage", "soxr")
    Config = AnalyseSpeechConfig
    config: AnalyseSpeechConfig

    def plan(self, source: PlanSource, *, speech_id: str, speech_uri: str, **_) -> list[Unit]:
        subject = file_name(speech_uri)
        return [self.unit(speech_id, subject=subject, speech_id=speech_id, uri=speech_uri)]

    def files(self, unit: Unit) -> dict[str, str]:
        return {unit.inputs["speech_id"]: unit.inputs["uri"]}

    def process(self, source: Source, unit: Unit, out: RowWriter) -> None:
        with self.file_access.open(unit.inputs["uri"], unit.inputs["speech_id"]) as path:
            self._analyse(path, unit, out)

    def _analyse(self, path: Path, unit: Unit, out: RowWriter) -> None:
        from tango_models.media.sound.audio import read_speech
        from tango_models.media.sound.full_scale import full_scale_note
        from tango_models.speech.level import at_common_level
        from tango_models.speech.prosody import analyse_speech
        from tango_models.speech.spoken_track import find_spoken_track

        spoken = find_spoken_track(path, max_seconds=self.config.max_seconds)
        if spoken is None:
            raise InputError(file_name(unit.inputs["uri"]), "has no sound", "give a file with an audio track")
        audio = at_common_level(
            read_speech(path, track=spoken.track, channels=spoken.channels, max_seconds=self.config.max_seconds)
        )
        features = analyse_speech(audio)
        minutes = (audio[first : first + _BLOCK] for first in range(0, len(audio), _BLOCK))
        samples = b"".join(np.round(np.clip(part, -1, 1) * 32767).astype("<i2").tobytes() for part in minutes)
        out.write(
            [
                {
                    "speech_id": unit.inputs["speech_id"],
                    "file_name": file_name(unit.inputs["uri"]),
                    "n_frames": len(features),
                    "track": spoken.track,
                    "track_note": ", ".join(filter(None, [spoken.note, full_scale_note(path, spoken.track)])),
                    "audio": samples,
                    "loudness": features.energy,
                    "onset": features.onset,
                    "voice": features.voice,
                }
            ]
        )
