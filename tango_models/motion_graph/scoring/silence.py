"""What is silence, and which clips are at rest: the same for every scorer. How dear it is to move in silence stands in
`slot_cost.SlotWeights.rest` (no setting: `retrieve_path` and `aumoclip`'s baseline take it as it is)."""

import numpy as np

from tango_models.motion_graph.scoring.clip_prosody import ClipProsody
from tango_models.speech.timeline import CLIP_FRAMES

_PAUSE = 12  # frames (0.4 s) without voice that make a silence; shorter ones are part of a phrase
_RAMP = 9  # frames (0.3 s) over which a silence sets in and ends
GESTURE_SCALE = 5.0  # frames, sigma: 0.39 s wide at half height, about the length of a stroke; chosen, not fitted


def silence_weight(voice: np.ndarray) -> np.ndarray:
    """(F,) voice probability -> (F,) float32, 1 in silences of at least 0.4 s, with ramps of 0.3 s inwards and out."""
    from scipy.ndimage import binary_opening, convolve1d

    quiet = np.pad(np.asarray(voice) < 0.5, _PAUSE, mode="edge")  # silence reaches beyond both ends
    quiet = binary_opening(quiet, np.ones(_PAUSE, bool))
    ramp = np.hanning(_RAMP + 2)
    weight = convolve1d(quiet.astype(np.float64), ramp / ramp.sum(), mode="nearest")
    return weight[_PAUSE:-_PAUSE].astype(np.float32)


def within_phrase(voice: np.ndarray, steps: int) -> np.ndarray:
    """(F,) voice probability -> (steps,) bool: a cut to this slot would be within a phrase. It is not in silences, and
    where they begin and end."""
    silent = silence_weight(voice)[: steps * CLIP_FRAMES]
    frames = np.pad(silent, (CLIP_FRAMES, steps * CLIP_FRAMES - len(silent)), mode="edge").reshape(-1, CLIP_FRAMES)
    at_rest = frames.max(axis=1)
    return np.maximum(at_rest[:-1], at_rest[1:]) < 0.5


def clip_unrest(clips: ClipProsody) -> np.ndarray:
    """(N,) float32 in [0, 2]: how far the clip is from rest; 1 at the avatar's mean motion speed.

    The clip's own speed counts half, that of the footage around it the other half: to enter a rest where the motion
    dies down costs less than to cut from full motion into it."""
    from scipy.ndimage import gaussian_filter1d

    own = clips.speed.astype(np.float64).mean(axis=1)
    around = np.empty(len(own))
    for run in runs(clips.successor):
        speed = clips.speed[run].astype(np.float64).reshape(-1)
        smooth = gaussian_filter1d(speed, GESTURE_SCALE, mode="nearest")
        around[run] = smooth.reshape(-1, CLIP_FRAMES).mean(axis=1)
    return np.minimum((own + around) / max(2.0 * own.mean(), 1e-6), 2.0).astype(np.float32)


def runs(successor: np.ndarray) -> list[np.ndarray]:
    """The uninterrupted runs as arrays of nodes in playing order."""
    successor = np.asarray(successor)
    follows = np.zeros(len(successor), bool)
    follows[successor[successor >= 0]] = True
    runs = []
    for start in np.flatnonzero(~follows).tolist():
        run = [start]
        while successor[run[-1]] >= 0:
            run.append(int(successor[run[-1]]))
        runs.append(np.array(run))
    return runs
