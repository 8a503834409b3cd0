"""How clips move and sound: what the scorers know of them besides their embedding."""

from dataclasses import dataclass

import numpy as np

from tango_models.errors import InputError


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
