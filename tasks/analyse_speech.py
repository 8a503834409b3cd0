"""Stage: what of a speech recording decides the gestures, computed once whatever the number of avatars."""

from pathlib import Path

import numpy as np
from pydantic import BaseModel, Field

from data_catalog import Catalog, Unit, digest
from data_catalog.keys import equals
from tango_models.errors import InputError
from tasks.runtime.stage import RowWriter, Stage

FPS = 30
RATE = 16000


class AnalyseSpeechConfig(BaseModel):
    """
    Attributes:
        max_seconds: longer recordings are refused before they are decoded.
    """

    max_seconds: float = Field(3600, gt=0)


class AnalyseSpeech(Stage):
    name, table, code_version = "analyse_speech", "speech", "1"
    libraries = ("av", "scipy.ndimage", "soxr")
    Config = AnalyseSpeechConfig
    config: AnalyseSpeechConfig

    def plan(self, catalog: Catalog, *, speech_id: str, speech_uri: str, **_) -> list[Unit]:
        subject = Path(speech_uri).name
        return [self.unit(speech_id, subject=subject, reads=[speech_id], speech_id=speech_id, uri=speech_uri)]

    def process(self, catalog: Catalog, unit: Unit, out: RowWriter) -> dict[str, str]:
        from tango_models.media.audio import read_speech
        from tango_models.media.probe import content_id
        from tango_models.speech.prosody import analyse_speech

        path = Path(unit.inputs["uri"])
        if content_id(path) != unit.inputs["speech_id"]:
            raise InputError(path.name, "changed since it was read", "run the command again")
        audio = read_speech(path, max_seconds=self.config.max_seconds)
        features = analyse_speech(audio)
        samples = np.round(np.clip(audio, -1, 1) * 32767).astype("<i2").tobytes()
        out.write(
            [
                {
                    "speech_id": unit.inputs["speech_id"],
                    "file_name": path.name,
                    "n_samples": len(audio),
                    "n_frames": round(len(audio) / RATE * FPS),
                    "audio": samples,
                    "loudness": features.energy,
                    "onset": features.onset,
                    "voice": features.voice,
                }
            ]
        )
        arrays = (features.energy, features.onset, features.voice)
        return {"prosody": digest(*(array.tobytes() for array in arrays)), "audio": digest(samples)}


def read_speech_features(catalog: Catalog, speech_id: str):
    """A speech's `SpeechFeatures` and how many 30 fps frames its video has."""
    from tango_models.speech.prosody import SpeechFeatures

    columns = ["speech_id", "n_frames", "loudness", "onset", "voice"]
    row = catalog.table("speech").read(columns, where=equals(speech_id=speech_id)).to_pylist()[0]
    arrays = (np.asarray(row[name], np.float32) for name in ("loudness", "onset", "voice"))
    energy, onset, voice = arrays
    return SpeechFeatures(energy=energy, onset=onset, voice=voice), row["n_frames"]


def read_speech_audio(catalog: Catalog, speech_id: str) -> np.ndarray:
    """A speech's audio, (S,) float32 at 16 kHz."""
    blobs = catalog.table("speech").read_blobs("audio", equals(speech_id=speech_id), key="speech_id")
    return np.frombuffer(blobs[speech_id], "<i2").astype(np.float32) / 32767
