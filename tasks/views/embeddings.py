"""Embeddings of clips and of speech out of the catalog, as the scorers compare them."""

import numpy as np

from data_catalog import Source
from data_catalog.keys import equals
from data_catalog.tables.sizes import CLIP_FRAMES
from tango_models.speech.timeline import slot_count
from tasks.views.columns import matrix


def embedding_key(key: str, model: str) -> str:
    """The unit of a track or a speech in the space of a model."""
    return f"{key}:{model}"


def read_clip_embeddings(source: Source, clip_ids: list[str], tracks: list[str], model: str):
    """`SlotEmbedding` of clips in the order of their ids. Clips that cannot be shown have none: zeros."""
    from tango_models.motion_graph.scoring.embedding_scorer import SlotEmbedding

    table = source.table("embeddings").read(
        ["clip_id", "motion_low", "motion_high"], where=equals(model_id=model, track_id=tracks)
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


def read_speech_embedding(source: Source, speech_id: str, model: str, n_frames: int):
    """`SlotEmbedding` of a speech: its frames in slots of 4; the last slot is filled with the last frame."""
    from tango_models.motion_graph.scoring.embedding_scorer import SlotEmbedding

    rows = source.table("speech_embeddings").read(
        ["speech_id", "model_id", "part", "audio_low", "audio_high"], where=equals(speech_id=speech_id, model_id=model)
    )
    low, high = (_frames(rows[name].to_pylist(), n_frames) for name in ("audio_low", "audio_high"))
    slots = slot_count(n_frames)
    index = np.minimum(np.arange(slots * CLIP_FRAMES), len(low) - 1)
    mean = high[index].reshape(slots, CLIP_FRAMES, -1).mean(axis=1)
    norm = np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-12)
    return SlotEmbedding(low=low[index].reshape(slots, CLIP_FRAMES, -1), high=mean / norm)


def _frames(parts: list[bytes], n_frames: int) -> np.ndarray:
    values = np.frombuffer(b"".join(parts), "<f2").astype(np.float32)
    return values.reshape(n_frames, -1)
