"""Several channels as one, for analysis: what is in any of them is heard at its own level."""

from __future__ import annotations

import numpy as np

_MEMORY = 0.3  # seconds over which the channels are compared
_STEPS = 4
_SILENT = 1e-12  # power (of the difference between samples) of what is no sound


class AnalysisMix:
    """Mixes (C, n) pieces, one after the other, by the direction in which the channels move together.

    The weights come near to the first principal component of the channels over the last 0.3 s, their magnitudes summing
    to 1: channels that say the same are averaged, one that is silent counts for nothing, and one in opposite phase is
    turned over, so that a voice has the same level wherever it is. Channels as loud as each other that have nothing in
    common are averaged. Differences between samples are compared, so that hum and an offset do not decide. The channel
    for low frequencies is left out.
    """

    def __init__(self) -> None:
        self._names: tuple[str, ...] = ()
        self._covariance = np.zeros((0, 0))
        self._weights: np.ndarray | None = None
        self._last = np.zeros((0, 1), np.float32)

    def mix(self, samples: np.ndarray, rate: int, names: tuple[str, ...]) -> np.ndarray:
        """(n,) float32.

        Args:
            samples: (C, n) float32.
            names: of the channels, as FFmpeg calls them (`FL`, `FC`, `LFE`).
        """
        if len(samples) == 1:
            return np.ascontiguousarray(samples[0])
        heard = [c for c, name in enumerate(names) if name not in ("LFE", "LFE2")] or list(range(len(samples)))
        samples = samples[heard]
        if names != self._names:
            self._names, self._weights = names, None
            self._covariance = np.zeros((len(heard), len(heard)))
            self._last = samples[:, :1]
        step = max(1, round(0.02 * rate))
        return np.concatenate(
            [self._part(samples[:, k : k + step], rate) for k in range(0, samples.shape[1], step)]
            or [np.zeros(0, np.float32)]
        )

    def _part(self, part: np.ndarray, rate: int) -> np.ndarray:
        change = np.diff(part, axis=1, prepend=self._last).astype(np.float64)
        self._last = part[:, -1:]
        forget = np.exp(-part.shape[1] / (_MEMORY * rate))
        self._covariance = forget * self._covariance + change @ change.T
        before, weights = self._weights, self._direction()
        self._weights = weights
        if before is None or np.array_equal(before, weights):
            return (weights @ part).astype(np.float32)
        fade = np.linspace(0, 1, part.shape[1], endpoint=False)
        return ((1 - fade) * (before @ part) + fade * (weights @ part)).astype(np.float32)

    def _direction(self) -> np.ndarray:
        """(C,) float64 weights, magnitudes summing to 1, of the sign that they had."""
        count = len(self._covariance)
        if np.trace(self._covariance) <= _SILENT:
            return np.full(count, 1 / count) if self._weights is None else self._weights
        covariance = self._covariance / np.trace(self._covariance)
        vector = np.linalg.matrix_power(covariance, _STEPS).sum(axis=1)  # of the power iteration, from equal weights
        if np.linalg.norm(vector) < 1e-9:  # they cancel each other
            vector = np.linalg.eigh(covariance)[1][:, -1]
        before = self._weights if self._weights is not None else np.ones(count)
        agreement = float(vector @ before)
        if abs(agreement) < 1e-9 * np.linalg.norm(vector):
            agreement = float(vector[np.argmax(np.abs(vector))])
        return vector * np.sign(agreement) / np.abs(vector).sum()
