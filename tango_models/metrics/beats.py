"""Beat consistency: whether gestures have their beats where the speech has its onsets."""

from dataclasses import dataclass

import numpy as np
from scipy.signal import argrelmin

from tango_models.errors import InputError

FPS = 30.0
_ORDER = 7  # frames on each side than which a beat is slower
_AWAKE = 0.1  # of a joint's mean speed; slower ones rest, and have no beats


def motion_beats(joints: np.ndarray, mean_speed: np.ndarray | None = None) -> list[np.ndarray]:
    """When each joint has its beats, in seconds: where its speed is least between two strokes.

    A local minimum of speed over 7 frames on each side, of joints that move with more than a tenth of their mean speed
    (a hand at rest beats no time).

    Args:
        joints: (T, J, 3) metres at 30 fps.
        mean_speed: (J,) m/s of each joint in general; that of `joints` if None.

    Returns:
        J arrays of seconds.

    Raises:
        InputError: `joints` is not (T, J, 3) with T >= 3, or holds values that are not numbers.
    """
    joints = np.asarray(joints, np.float64)
    if joints.ndim != 3 or joints.shape[2] != 3 or len(joints) < 3:
        raise InputError("joints", f"have shape {joints.shape}", "give (frames, joints, 3) with at least 3 frames")
    if not np.isfinite(joints).all():
        raise InputError("joints", "contain values that are not numbers", "leave frames without a fit out")
    speed = np.linalg.norm(np.gradient(joints, 1 / FPS, axis=0), axis=2)
    mean = speed.mean(axis=0) if mean_speed is None else np.asarray(mean_speed, np.float64)
    found = []
    for joint in range(joints.shape[1]):
        least = argrelmin(speed[:, joint], order=_ORDER)[0]
        found.append(least[speed[least, joint] > _AWAKE * mean[joint]] / FPS)
    return found


def beat_consistency(beats: list[np.ndarray], onsets: np.ndarray, *, sigma: float = 0.1) -> float:
    """Mean over joints and onsets of exp(-d² / 2 sigma²), d from the onset to the joint's nearest beat.

    The measure that BEAT introduced and TANGO reports (its release takes sigma = 0.5 s, by which nearly every motion
    is consistent with nearly every speech). It grows with the number of beats: compare with :func:`by_chance`.

    Args:
        beats: seconds, of each joint; a joint without a beat counts 0.
        onsets: (K,) seconds.
        sigma: seconds.

    Raises:
        InputError: there is no onset.
    """
    onsets = np.asarray(onsets, np.float64)
    if not onsets.size:
        raise InputError("speech", "has no onset", "beat consistency needs speech")
    scores = [np.exp(-(_nearest(times, onsets) ** 2) / (2 * sigma**2)).mean() if times.size else 0.0 for times in beats]
    return float(np.mean(scores))


@dataclass(frozen=True)
class Chance:
    """What the same beats score with the same speech at other times."""

    mean: float
    deviation: float

    def above(self, score: float) -> float:
        """By how many standard deviations a score lies above chance."""
        return (score - self.mean) / max(self.deviation, 1e-9)


def by_chance(beats: list[np.ndarray], onsets: np.ndarray, seconds: float, *, sigma: float = 0.1) -> Chance:
    """Consistency with the onsets moved round by 1 s, 1.1 s, ... up to `seconds` - 1 s."""
    shifts = np.arange(1.0, max(seconds - 1.0, 1.05), 0.1)
    moved = [beat_consistency(beats, np.mod(np.asarray(onsets) + s, seconds), sigma=sigma) for s in shifts]
    return Chance(float(np.mean(moved)), float(np.std(moved)))


def _nearest(times: np.ndarray, onsets: np.ndarray) -> np.ndarray:
    """(K,) seconds from each onset to the nearest of some sorted times."""
    right = np.searchsorted(times, onsets)
    before = np.where(right > 0, onsets - times[np.maximum(right - 1, 0)], np.inf)
    after = np.where(right < len(times), times[np.minimum(right, len(times) - 1)] - onsets, np.inf)
    return np.minimum(before, after)
