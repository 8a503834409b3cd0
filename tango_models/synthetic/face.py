"""The face in speech: a jaw and lips that follow the phonemes and the loudness, blinks, glances, brows."""

from __future__ import annotations

import numpy as np

from tango_models.body.skeleton import EXPRESSIONS
from tango_models.synthetic.voice import RATE, Utterance

_INDEX = {name: i for i, name in enumerate(EXPRESSIONS)}
CLOSED_JAW = -0.03  # rad: the sculpted face has slightly parted lips

# First letter of eSpeak's phoneme -> jaw (rad), pucker, funnel, stretch, press. Measured by eye on the open body.
_OPEN = {
    "a": (0.17, 0.0, 0.0, 0.15, 0.0), "A": (0.18, 0.0, 0.1, 0.0, 0.0), "V": (0.14, 0.0, 0.0, 0.1, 0.0),
    "0": (0.15, 0.1, 0.35, 0.0, 0.0), "O": (0.14, 0.2, 0.45, 0.0, 0.0), "o": (0.12, 0.35, 0.4, 0.0, 0.0),
    "e": (0.10, 0.0, 0.0, 0.3, 0.0), "E": (0.12, 0.0, 0.0, 0.2, 0.0), "3": (0.09, 0.2, 0.2, 0.0, 0.0),
    "@": (0.08, 0.0, 0.05, 0.05, 0.0), "i": (0.05, 0.0, 0.0, 0.45, 0.0), "I": (0.07, 0.0, 0.0, 0.25, 0.0),
    "u": (0.05, 0.6, 0.2, 0.0, 0.0), "U": (0.06, 0.4, 0.2, 0.0, 0.0), "w": (0.03, 0.7, 0.1, 0.0, 0.0),
    "m": (-0.03, 0.0, 0.0, 0.0, 0.45), "b": (-0.03, 0.0, 0.0, 0.0, 0.5), "p": (-0.03, 0.0, 0.0, 0.0, 0.5),
    "f": (0.01, 0.0, 0.1, 0.1, 0.15), "v": (0.01, 0.0, 0.1, 0.1, 0.15), "S": (0.03, 0.3, 0.4, 0.0, 0.0),
    "Z": (0.03, 0.3, 0.4, 0.0, 0.0), "t": (0.04, 0.0, 0.0, 0.1, 0.0), "s": (0.02, 0.0, 0.0, 0.3, 0.0),
    "r": (0.05, 0.3, 0.15, 0.0, 0.0), "l": (0.07, 0.0, 0.0, 0.1, 0.0),
}  # fmt: skip
_OTHER = (0.05, 0.0, 0.0, 0.1, 0.0)


def loudness(utterance: Utterance, at: np.ndarray) -> np.ndarray:
    """Smoothed level of the audio around each time, 0..1 of its own loud parts, (T,)."""
    hop = RATE // 100
    frames = utterance.audio[: len(utterance.audio) // hop * hop].reshape(-1, hop)
    level = np.sqrt((frames**2).mean(1)) if len(frames) else np.zeros(1)
    level = np.convolve(level, np.hanning(7) / np.hanning(7).sum(), "same")
    level = np.clip(level / (np.percentile(level, 92) + 1e-6), 0, 1)
    return np.interp(at, (np.arange(len(level)) + 0.5) * hop / RATE, level)


def mouth(utterance: Utterance, at: np.ndarray, expressions: np.ndarray) -> np.ndarray:
    """Jaw rotation about x (T,) in rad; lip shapes are written into expressions (T,10)."""
    from scipy.ndimage import gaussian_filter1d

    fine = np.arange(int(at[-1] * 120) + 121) / 120  # shapes are laid at 120 Hz, smoothed, then sampled
    shapes = np.zeros((len(fine), 5))
    shapes[:, 0] = CLOSED_JAW
    for phoneme in utterance.phonemes:
        if not phoneme.name or phoneme.end - phoneme.start <= 0:
            continue
        inside = (fine >= phoneme.start - 0.02) & (fine < min(phoneme.end, phoneme.start + 0.35) - 0.02)
        shapes[inside] = _OPEN.get(phoneme.name.lstrip(",'")[:1], _OTHER)
    shapes = gaussian_filter1d(shapes, 4.2, axis=0)
    level = loudness(utterance, fine)
    level = gaussian_filter1d(level, 3)
    voiced = np.clip(level * 4, 0, 1)
    opening = CLOSED_JAW + (shapes[:, 0] - CLOSED_JAW) * voiced * (0.45 + 0.35 * level)
    lips = shapes[:, 1:] * np.maximum(voiced, 0.0)[:, None]
    lips[:, 3] = shapes[:, 4]  # lips press together in the silence of a stop, too
    for column, name in enumerate(("mouthPucker", "mouthFunnel", "mouthStretch", "mouthPress")):
        expressions[:, _INDEX[name]] += np.interp(at, fine, lips[:, column])
    return np.interp(at, fine, opening)


def eyes_and_brows(
    utterance: Utterance, accents: list[float], at: np.ndarray, expressions: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Gaze (T,2) pitch and yaw in rad; blinks, brows and a faint smile are written into expressions."""
    from scipy.ndimage import gaussian_filter1d

    blink = np.full(len(at), 0.11)  # relaxed lids, not a stare
    time = rng.uniform(0.4, 1.5)
    while time < at[-1]:
        since = at - time
        close = np.where(since < 0, np.exp(-((since / 0.045) ** 2)), np.exp(-((since / 0.085) ** 2)))
        blink = np.maximum(blink, 1.04 * close * (np.abs(since) < 0.3))
        time += rng.uniform(1.8, 4.6) if rng.random() > 0.12 else 0.35
    expressions[:, _INDEX["eyeBlink"]] = blink
    brows = np.zeros(len(at))
    for accent in accents:
        if rng.random() < 0.4:
            brows += rng.uniform(0.08, 0.25) * np.exp(-(((at - accent) / 0.22) ** 2))
    expressions[:, _INDEX["browUp"]] = np.clip(brows, 0, 0.3)
    smile = 0.14 + 0.06 * np.sin(2 * np.pi * at / 9 + rng.uniform(0, 6))
    expressions[:, _INDEX["mouthSmile"]] = smile
    gaze = np.zeros((len(at), 2))
    for start, end in zip([0.0, *accents[4::5]], [*(a + 0.55 for a in [0.0, *accents[4::5]])], strict=True):
        if rng.random() < 0.6:
            away = np.deg2rad([rng.uniform(-2, 6), rng.uniform(-13, 13)])
            gaze[(at >= start) & (at < end)] = away
    return gaussian_filter1d(gaze, 1.0, axis=0)  # a saccade lasts about two frames
