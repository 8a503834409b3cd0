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
    return [frames / FPS for frames in slowest_frames(speed, mean)]


def slowest_frames(speed: np.ndarray, mean_speed: np.ndarray) -> list[np.ndarray]:
    """The frames of J joints' beats, each (K,) int, ascending: see :func:`motion_beats`.

    Args:
        speed: (T, J) m/s at 30 fps. mean_speed: (J,) of each joint in general.
    """
    found = []
    for joint in range(speed.shape[1]):
        least = argrelmin(speed[:, joint], order=_ORDER)[0]
        found.append(least[speed[least, joint] > _AWAKE * mean_speed[joint]])
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
    return float(np.mean([nearness(times, onsets, sigma).mean() for times in beats]))


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


def nearness(beats: np.ndarray, at: np.ndarray, sigma: float) -> np.ndarray:
    """(K,) in [0, 1]: exp(-d² / 2 sigma²), d from each of `at` to the nearest beat; 0 without beats.

    Args:
        beats: ascending, in the unit of `at` and `sigma`.
    """
    if not beats.size:
        return np.zeros(len(at))
    right = np.searchsorted(beats, at)
    before = np.where(right > 0, at - beats[np.maximum(right - 1, 0)], np.inf)
    after = np.where(right < len(beats), beats[np.minimum(right, len(beats) - 1)] - at, np.inf)
    return np.exp(-(np.minimum(before, after) ** 2) / (2 * sigma**2))
