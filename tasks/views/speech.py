"""Speech out of the catalog: its features, and where its sound is."""

import numpy as np

from data_catalog import Source
from data_catalog.keys import equals


def read_speech_features(source: Source, speech_id: str):
    """A speech's `SpeechFeatures` and how many 30 fps frames its video has."""
    from tango_models.speech.prosody import SpeechFeatures

    columns = ["speech_id", "n_frames", "loudness", "onset", "voice"]
    row = source.table("speech").read(columns, where=equals(speech_id=speech_id)).to_pylist()[0]
    arrays = (np.asarray(row[name], np.float32) for name in ("loudness", "onset", "voice"))
    energy, onset, voice = arrays
    return SpeechFeatures(energy=energy, onset=onset, voice=voice), row["n_frames"]


def read_speech_audio(source: Source, speech_id: str) -> np.ndarray:
    """A speech's audio as it is analysed, (S,) float32 at 16 kHz and a common level."""
    blobs = source.table("speech").read_blobs("audio", equals(speech_id=speech_id), key="speech_id")
    audio = np.frombuffer(blobs[speech_id], "<i2").astype(np.float32)
    audio /= 32767  # in place: an hour is 230 MB
    return audio


def read_speech_track(source: Source, speech_id: str) -> int:
    """The number of the sound track that is spoken on, among those of the file."""
    return source.table("speech").read(["speech_id", "track"], where=equals(speech_id=speech_id))["track"][0].as_py()
