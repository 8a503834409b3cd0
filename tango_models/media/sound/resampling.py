"""Sound whose sample rate may change on the way, at one rate."""

from __future__ import annotations

import numpy as np


class Resampler:
    """Brings (C, n) float32 pieces to one rate: linear phase with its delay taken out, by soxr.

    As many samples come out as the pieces last, rounded half up, whatever the rates were: nothing drifts.
    """

    def __init__(self, rate: int, channels: int, *, quality: str = "HQ") -> None:
        self.rate = rate
        self._channels, self._quality = channels, quality
        self._stream = None
        self._given_rate = 0
        self._given = 0  # samples at the present rate
        self._begin = 0.0  # samples out at which the present rate began
        self._written = 0

    def feed(self, piece: np.ndarray, rate: int) -> np.ndarray:
        """(C, m) float32 of what can be said so far; m may be 0."""
        import soxr

        rest = np.zeros((self._channels, 0), np.float32)
        if rate != self._given_rate:
            rest = self.flush()
            self._given_rate = rate
            self._stream = soxr.ResampleStream(
                rate, self.rate, self._channels, dtype="float32", quality=self._quality
            ) if rate != self.rate else None  # fmt: skip
        self._given += piece.shape[1]
        found = self._convert(piece, last=False)
        self._written += found.shape[1]
        return np.concatenate([rest, found], axis=1) if rest.size else found

    def flush(self) -> np.ndarray:
        """(C, m) float32: what is still inside. More may be fed afterwards."""
        if not self._given_rate:
            return np.zeros((self._channels, 0), np.float32)
        end = self._begin + self._given * self.rate / self._given_rate
        wanted = int(np.floor(end + 0.5 + 1e-6)) - self._written
        found = np.zeros((self._channels, 0), np.float32)
        if self._stream is not None:
            found = self._convert(np.zeros((self._channels, 0), np.float32), last=True)
        found = np.pad(found[:, : max(wanted, 0)], ((0, 0), (0, max(0, wanted - found.shape[1]))))
        self._written += found.shape[1]
        self._begin, self._given, self._given_rate, self._stream = end, 0, 0, None
        return found

    def _convert(self, piece: np.ndarray, *, last: bool) -> np.ndarray:
        if self._stream is None:
            return piece
        block = self._stream.resample_chunk(np.ascontiguousarray(piece.T), last=last)
        return block.reshape(-1, self._channels).T
