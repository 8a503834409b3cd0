"""Clips by their distance from the speech in the joint audio-motion space (TANGO, section 3.3)."""

from dataclasses import dataclass

import numpy as np

from tango_models.errors import InputError

_SPREAD = 0.2
"""Cost of one standard deviation of similarity: a random clip costs 0.5, the best of a hundred about 0."""
_HIGH_WEIGHT = 0.5


@dataclass(frozen=True)
class SlotEmbedding:
    """Speech slots, or clips, in the space of one AuMoCLIP; vectors of length 1, or 0 where nothing is known."""

    low: np.ndarray
    """(N, 4, D) float32, frame by frame: rhythm and stress."""
    high: np.ndarray
    """(N, D) float32, of the surroundings: phrase and meaning."""

    def __post_init__(self) -> None:
        if self.low.ndim != 3 or self.high.ndim != 2 or len(self.low) != len(self.high) or not len(self.low):
            fault = f"have shapes {self.low.shape} and {self.high.shape}"
            raise InputError("embeddings", fault, "give (slots, frames, numbers) and (slots, numbers)")

    def __len__(self) -> int:
        return len(self.low)

    def joined(self, high_weight: float) -> np.ndarray:
        """(N, 4 D + D): vectors whose inner product is the weighted mean of the low and the high similarity."""
        frames = self.low.shape[1]
        low = self.low.reshape(len(self), -1) * np.float32(np.sqrt((1 - high_weight) / frames))
        return np.concatenate([low, self.high * np.float32(np.sqrt(high_weight))], axis=1)


@dataclass(frozen=True)
class EmbeddingRows:
    """(T, N) costs of showing clip n in slot t, computed when rows are asked for: 0.5 - 0.2 z, kept within 0 and 1.

    z standardises the similarity (1 - w) mean_f <a_low[t, f], m_low[n, f]> + w <a_high[t], m_high[n]> over all slots
    and clips. The paper adds the two distances as they are; how far a model spreads them depends on its training,
    while the price of a jump does not. Clips without an embedding cost 1.
    """

    speech: np.ndarray
    """(T, D')."""
    clips: np.ndarray
    """(N, D')."""
    known: np.ndarray
    """(N,) bool."""
    mean: float
    deviation: float

    @property
    def shape(self) -> tuple[int, ...]:
        return len(self.speech), len(self.clips)

    def __getitem__(self, rows: slice) -> np.ndarray:
        similarity = self.speech[rows] @ self.clips.T
        cost = np.clip(0.5 - _SPREAD * (similarity - self.mean) / self.deviation, 0.0, 1.0)
        return np.where(self.known[None, :], cost, 1.0).astype(np.float32)


def embedding_rows(speech: SlotEmbedding, clips: SlotEmbedding, *, high_weight: float = _HIGH_WEIGHT) -> EmbeddingRows:
    """The costs of T slots of speech and N clips.

    Args:
        high_weight: share of the clip-level similarity, 0..1.

    Raises:
        InputError: embeddings of two models, or no clip has one.
    """
    if speech.low.shape[1:] != clips.low.shape[1:] or speech.high.shape[1:] != clips.high.shape[1:]:
        fault = f"have {speech.low.shape[1:]} and {clips.low.shape[1:]} numbers"
        raise InputError("embeddings of speech and clips", fault, "embed both with one model")
    known = np.abs(clips.high).max(axis=1) > 0
    if not known.any():
        raise InputError("embeddings of clips", "are all missing", "run `tango onboard` again")
    x, y = speech.joined(high_weight), clips.joined(high_weight)
    some = y[known]
    mean = float(x.mean(axis=0) @ some.mean(axis=0))
    second = float(np.sum((x.T @ x / len(x)) * (some.T @ some / len(some))))  # mean of the squared inner products
    deviation = max(second - mean**2, 0.0) ** 0.5
    return EmbeddingRows(speech=x, clips=y, known=known, mean=mean, deviation=max(deviation, 1e-6))
