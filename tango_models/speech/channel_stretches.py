"""What is listened to of a long recording, channel by channel."""

import numpy as np

from tango_models.media.sound.resampling import Resampler
from tango_models.speech.timeline import SAMPLE_RATE

_STRETCH = 5 * SAMPLE_RATE  # samples listened to at a time
_STRETCHES = 24  # of all channels together, spread over the length: 2 minutes
_LEAST = 4  # of each


class ChannelStretches:
    """Stretches of (C, n) sound, at 16 kHz: all of them at first, then every second one, and so on.

    Args:
        channels: C.
    """

    def __init__(self, channels: int) -> None:
        self._resampler = Resampler(SAMPLE_RATE, channels)
        self._most = max(_LEAST, _STRETCHES // channels)
        self._kept: list[np.ndarray] = []
        self._every, self._index = 1, 0
        self._waiting: list[np.ndarray] = []
        self._energy, self._samples = np.zeros(channels), 0

    def feed(self, samples: np.ndarray, rate: int) -> None:
        """Takes (C, n) float32."""
        self._take(self._resampler.feed(samples, rate))

    def finish(self) -> np.ndarray:
        """(C, S) float32: the stretches, one after the other."""
        self._take(self._resampler.flush())
        if self._waiting:
            self._close()
        return np.concatenate(self._kept, axis=1) if self._kept else np.zeros((len(self._energy), 0), np.float32)

    @property
    def seconds(self) -> float:
        """How long the whole recording is, as far as it was fed."""
        return self._samples / SAMPLE_RATE

    @property
    def power(self) -> np.ndarray:
        """(C,) mean power of the whole recording."""
        return self._energy / max(self._samples, 1)

    def _take(self, samples: np.ndarray) -> None:
        self._energy += np.square(samples, dtype=np.float64).sum(axis=1)
        self._samples += samples.shape[1]
        self._waiting.append(samples)
        if sum(part.shape[1] for part in self._waiting) >= _STRETCH:
            self._close()

    def _close(self) -> None:
        if self._index % self._every == 0:
            self._kept.append(np.concatenate(self._waiting, axis=1))
            if len(self._kept) > self._most:
                self._kept, self._every = self._kept[::2], 2 * self._every
        self._index += 1
        self._waiting = []
