"""Several channels as one, for analysis: what is in any of them is heard at its own level."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

_MEMORY = 0.3  # seconds over which the channels are compared
_RATE = 4000  # Hz, about, at which they are: what is above 2 kHz is hiss more often than voice
_STEPS = 4
_SILENT = 1e-6  # of what is compared: amplitudes of no sound
LOW = ("LFE", "LFE2")
"""The channels for low frequencies."""


class AnalysisMix:
    """Mixes (C, n) pieces, one after the other, by the direction in which the channels move together.

    The weights come near to the first principal component of the channels over the last 0.3 s, their magnitudes summing
    to 1: channels that say the same are averaged, one that is silent counts for nothing, and one in opposite phase is
    turned over, so that a voice has the same level wherever it is. Channels as loud as each other that have nothing in
    common are averaged. What is compared is what a voice consists of: averages of a quarter of a millisecond, so that
    hiss does not decide, and their differences, so that hum and an offset do not; each 20 ms by its amplitude, not its
    power, so that a knock does not either.

    Args:
        heard: by the names of the channels, the numbers of those that are mixed; where it does not say, all but the
            ones for low frequencies.
    """

    def __init__(self, heard: Mapping[tuple[str, ...], tuple[int, ...]] | None = None) -> None:
        self._heard = heard or {}
        self._form: tuple[tuple[str, ...], int] = ((), 0)
        self._covariance = np.zeros((0, 0))
        self._weights: np.ndarray | None = None
        self._rest = np.zeros((0, 0), np.float32)  # samples that do not fill an average yet
        self._last = np.zeros((0, 1))  # the average before

    def mix(self, samples: np.ndarray, rate: int, names: tuple[str, ...]) -> np.ndarray:
        """(n,) float32.

        Args:
            samples: (C, n) float32.
            names: of the channels, as FFmpeg calls them (`FL`, `FC`, `LFE`).
        """
        if len(samples) == 1:
            return np.ascontiguousarray(samples[0])
        heard = list(self._heard.get(names) or [c for c, name in enumerate(names) if name not in LOW])
        samples = samples[heard or slice(None)]
        if (names, rate) != self._form:
            self._form, self._weights = (names, rate), None
            self._covariance = np.zeros((len(samples), len(samples)))
            self._rest, self._last = samples[:, :0], samples[:, :1].astype(np.float64)
        step = max(1, round(0.02 * rate))
        return np.concatenate(
            [self._part(samples[:, k : k + step], rate) for k in range(0, samples.shape[1], step)]
            or [np.zeros(0, np.float32)]
        )

    def _part(self, part: np.ndarray, rate: int) -> np.ndarray:
        before = self._weights
        weights = self._direction() if self._compare(part, rate) or before is None else before
        self._weights = weights
        if before is None or np.array_equal(before, weights):
            return (weights @ part).astype(np.float32)
        fade = np.linspace(0, 1, part.shape[1], endpoint=False)
        return ((1 - fade) * (before @ part) + fade * (weights @ part)).astype(np.float32)

    def _compare(self, part: np.ndarray, rate: int) -> bool:
        """Takes (C, n) samples into the covariance; False while there are too few."""
        each = max(1, round(rate / _RATE))
        joined = np.concatenate([self._rest, part], axis=1)
        count = joined.shape[1] // each
        self._rest = joined[:, count * each :]
        if not count:
            return False
        averages = joined[:, : count * each].reshape(len(part), count, each).mean(axis=2, dtype=np.float64)
        change = np.diff(averages, axis=1, prepend=self._last)
        self._last = averages[:, -1:]
        found = change @ change.T
        amplitude = np.sqrt(np.trace(found))
        self._covariance *= np.exp(-count * each / (_MEMORY * rate))
        if amplitude > 0:
            self._covariance += found / amplitude
        return True

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
