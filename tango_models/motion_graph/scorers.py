"""What scorers are: they say how well each clip fits each slot of the speech."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from tango_models.errors import InputError
from tango_models.speech.prosody import SpeechFeatures


@dataclass(frozen=True)
class ClipProsody:
    """How the N clips of an avatar move and sound."""

    speed: np.ndarray
    """(N, 4) float32 m/s: upper-body and hand speed in each of the clip's frames (`motion_energy`)."""
    voice: np.ndarray
    """(N,) float32 in [0, 1]: mean probability that the speaker speaks during the clip; NaN without sound."""
    successor: np.ndarray
    """(N,) int32: the clip that naturally follows, -1 at the end of a run."""

    def __post_init__(self) -> None:
        nodes = len(self.successor)
        if np.shape(self.speed) != (nodes, 4) or np.shape(self.voice) != (nodes,) or not nodes:
            fault = f"have shapes {np.shape(self.speed)} and {np.shape(self.voice)} for {nodes} clips"
            raise InputError("clip speed and voice", fault, "give (clips, 4) and (clips,)")
        if not np.isfinite(self.speed).all():
            raise InputError("clip speed", "contains values that are not numbers", "give 0 for clips that are not used")


class Scorer(Protocol):
    """Turns speech and clips into the costs that `search_path` minimises."""

    @property
    def name(self) -> str: ...

    def node_cost(self, speech: SpeechFeatures, clips: ClipProsody) -> np.ndarray:
        """(T, N) float32, T = ceil(frames / 4) slots of 4 frames; about 0 (fits) to 1 (does not)."""
        ...


def create_scorer(name: str) -> Scorer:
    """The scorer of that name with its default settings. InputError for an unknown name."""
    from tango_models.motion_graph.prosody_scorer import ProsodyScorer

    known = {"prosody": ProsodyScorer}
    if name not in known:
        raise InputError(f"scorer {name!r}", "is not known", f"choose one of: {', '.join(sorted(known))}")
    return known[name]()
