"""Whether lips fit a speech, told from how far they are apart in each frame and from the sound alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

FPS = 30
_LAGS = 6  # frames by which lips may lead or follow
_RANGE = 45.0  # dB below the loudest that count
_SHORTEST_PAUSE = 9  # frames: shorter ones the lips need not rest in
_CLOSED = 0.2  # of the range between closed and wide


@dataclass(frozen=True)
class LoudnessFit:
    """How the opening of the mouth goes with the loudness.

    Attributes:
        correlation: at the best lag.
        lag: frames by which the sound follows the lips there.
        z: by how many standard deviations it lies above that with the sound at other times; NaN for less than 3 s.
    """

    correlation: float
    lag: int
    z: float


def loudness_fit(opening: np.ndarray, energy: np.ndarray) -> LoudnessFit:
    """
    Args:
        opening: (T,), NaN where no mouth is seen; energy: (T,) dB.
    """
    loud = np.maximum(energy, np.percentile(energy, 99) - _RANGE)
    found = [_correlation(opening, loud, lag) for lag in range(-_LAGS, _LAGS + 1)]
    best = int(np.nanargmax(found)) if np.isfinite(found).any() else _LAGS
    chance = [
        max(_correlation(opening, np.roll(loud, shift), lag) for lag in range(-_LAGS, _LAGS + 1, 2))
        for shift in range(FPS, len(loud) - FPS, 5)
    ]
    known = np.array([value for value in chance if np.isfinite(value)])
    z = (found[best] - known.mean()) / max(known.std(), 1e-6) if len(known) >= 8 else float("nan")
    return LoudnessFit(float(found[best]), best - _LAGS, float(z))


def _correlation(opening: np.ndarray, loud: np.ndarray, lag: int) -> float:
    """Of the opening with the loudness `lag` frames later."""
    first, last = max(0, -lag), len(opening) - max(0, lag)
    a, b = opening[first:last], loud[first + lag : last + lag]
    seen = np.isfinite(a)
    if seen.sum() < FPS or a[seen].std() < 1e-9 or b[seen].std() < 1e-9:
        return float("nan")
    return float(np.corrcoef(a[seen], b[seen])[0, 1])


def rest_ratio(opening: np.ndarray, voice: np.ndarray) -> float:
    """Mean opening in pauses, of that in speech; NaN without a pause of 0.3 s. `voice`: (T,) probability of speech."""
    quiet = _long(voice < 0.2, _SHORTEST_PAUSE)
    speaking = voice >= 0.5
    seen = np.isfinite(opening)
    if not (quiet & seen).any() or not (speaking & seen).any():
        return float("nan")
    return float(opening[quiet & seen].mean() / max(opening[speaking & seen].mean(), 1e-9))


def _long(flags: np.ndarray, least: int) -> np.ndarray:
    """The flags in runs of at least so many, without the two at either end: lips need time to come to rest."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(int), [0]])))
    kept = np.zeros(len(flags), bool)
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        if stop - start >= least:
            kept[start + 3 : stop - 3] = True
    return kept


def closures(
    opening: np.ndarray, closing: np.ndarray, vowels: np.ndarray, *, closed: float, wide: float
) -> tuple[float, float]:
    """Share of the sounds that need closed lips which have them within a frame, and of the open vowels that have them
    too; NaN where there are none.

    Args:
        opening: (T,); closing, vowels: seconds of the sounds; closed, wide: the speaker's range.
    """
    limit = closed + _CLOSED * (wide - closed)

    def share(times: np.ndarray, reach: int) -> float:
        hits = []
        for time in times:
            at = int(time * FPS)
            near = opening[max(0, at - reach) : at + reach + 1]
            if np.isfinite(near).any():
                hits.append(bool(np.nanmin(near) <= limit))
        return float(np.mean(hits)) if hits else float("nan")

    return share(closing, 1), share(vowels, 0)
