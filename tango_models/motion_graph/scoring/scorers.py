"""Scorers by name: they say how well each clip fits each slot of the speech."""

from dataclasses import dataclass
from math import inf

import numpy as np

from tango_models.errors import InputError
from tango_models.motion_graph.scoring.clip_prosody import ClipProsody
from tango_models.motion_graph.scoring.embedding_scorer import EmbeddingRows
from tango_models.motion_graph.scoring.prosody_scorer import ProsodyScorer
from tango_models.motion_graph.scoring.slot_cost import SlotCost
from tango_models.speech.prosody import SpeechFeatures
from tango_models.speech.timeline import slot_count

__all__ = ["SCORERS", "ClipProsody", "RandomScorer", "SpeechScorer", "create_scorer"]

SCORERS = ("aumoclip", "prosody")
RANDOM = "random"


@dataclass(frozen=True)
class SpeechScorer:
    """While one speaks, a weighted mean of the scorers; in silence the calmest clips, and lips that fit, for all."""

    prosody: float
    """Share of `prosody`, 0..1; the rest is `aumoclip`'s."""

    @property
    def embeds(self) -> bool:
        """Whether embeddings are needed."""
        return self.prosody < 1

    def cost_rows(self, speech: SpeechFeatures, clips: ClipProsody, embedding: EmbeddingRows | None = None) -> SlotCost:
        """(T, N) float32 when rows are asked for (see `cost_rows.CostRows`), T = ceil(frames / 4) slots of 4 frames:
        see `SlotWeights`.

        Raises:
            ValueError: `embedding` is missing and needed.
        """
        if self.embeds and embedding is None:
            raise ValueError("the scorer aumoclip needs the embeddings of speech and clips")
        used = embedding if self.embeds else None
        return ProsodyScorer().cost_rows(speech, clips, share=self.prosody, embedding=used)

    def node_cost(
        self, speech: SpeechFeatures, clips: ClipProsody, embedding: EmbeddingRows | None = None
    ) -> np.ndarray:
        """All rows of `cost_rows`."""
        return self.cost_rows(speech, clips, embedding)[:]


@dataclass(frozen=True)
class RandomScorer:
    """Deaf: every clip fits every slot by chance, pauses included. What any other scorer has to look better than."""

    embeds: bool = False

    def cost_rows(
        self, speech: SpeechFeatures, clips: ClipProsody, embedding: EmbeddingRows | None = None
    ) -> np.ndarray:
        """(T, N) float32, drawn evenly from 0 to 1; always the same ones."""
        shape = slot_count(len(speech)), len(clips.successor)
        return np.random.default_rng(0).random(shape, dtype=np.float32)


def create_scorer(name: str) -> SpeechScorer | RandomScorer:
    """A scorer by name, or a weighted sum such as `0.7*aumoclip+0.3*prosody`; `random` is for comparison.

    Raises:
        InputError: an unknown name, or no weighted sum.
    """
    if name == RANDOM:
        return RandomScorer()
    weights: dict[str, float] = {}
    for term in name.replace(" ", "").split("+"):
        factor, star, part = term.rpartition("*")
        if part not in SCORERS:
            raise InputError(
                f"scorer {name!r}", f"{part!r} is not known", f"choose among: {', '.join((*SCORERS, RANDOM))}"
            )
        try:
            weight = float(factor) if star else 1.0
        except ValueError:
            weight = 0.0
        if not 0 < weight < inf or part in weights:
            raise InputError(f"scorer {name!r}", "is no weighted sum", "write for example 0.7*aumoclip+0.3*prosody")
        weights[part] = weight
    return SpeechScorer(prosody=weights.get("prosody", 0.0) / sum(weights.values()))
