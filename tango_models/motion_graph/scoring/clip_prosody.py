"""How clips move, beat and sound: what the scorers know of them besides their embedding."""

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
    beat: np.ndarray
    """(N, 4) float32 in [0, 1]: how near each frame is to the joints' beats (`clip_beats.clip_beats`)."""

    def __post_init__(self) -> None:
        nodes = len(self.successor)
        shapes = np.shape(self.speed), np.shape(self.beat), np.shape(self.voice)
        if shapes != ((nodes, 4), (nodes, 4), (nodes,)) or not nodes:
            fault = f"have shapes {shapes[0]}, {shapes[1]} and {shapes[2]} for {nodes} clips"
            raise InputError("clip speed, beat and voice", fault, "give (clips, 4) twice and (clips,)")
        if not (np.isfinite(self.speed).all() and np.isfinite(self.beat).all()):
            fault = "contain values that are not numbers"
            raise InputError("clip speed and beat", fault, "give 0 for clips that are not used")
