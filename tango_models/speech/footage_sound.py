"""The sound of footage in step with its frames, for analysis."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tango_models.errors import InputError
from tango_models.media.sound.audio import audio_blocks
from tango_models.speech.spoken_track import find_spoken_track
from tango_models.speech.timeline import SAMPLE_RATE, sample_count


class FootageSound:
    """Reads a file's sound, 16 kHz mono of the track that is spoken on, as far as its frames have come.

    Footage is used whatever its sound is: one that cannot be decoded is silence, and `notes` says so.

    found   there is sound that can be decoded
    notes   what is worth saying about it, a line each; complete when all was taken
    """

    def __init__(self, path: Path) -> None:
        self.found = False
        self.notes: list[str] = []
        self._blocks: Iterator[np.ndarray] = iter(())
        self._buffer = np.zeros(0, np.float32)
        self._position = 0
        try:
            spoken = find_spoken_track(path)
        except InputError as error:
            self.notes.append(f"is used without sound: it {error.fault}")
            return
        if spoken is not None:
            self.found = True
            self.notes += [spoken.note] if spoken.note else []
            self._blocks = audio_blocks(path, track=spoken.track, channels=spoken.channels)

    def take(self, frames: int) -> bytes:
        """int16 samples from where the last call ended to the end of 30 fps frame `frames - 1`; silence where there is
        none."""
        until = sample_count(frames)
        wanted = until - self._position
        parts, have = [self._buffer], len(self._buffer)
        while have < wanted and (block := self._next(have)) is not None:
            parts.append(block)
            have += len(block)
        samples = np.concatenate(parts)
        self._buffer, self._position = samples[wanted:], until
        samples = np.pad(samples[:wanted], (0, max(0, wanted - len(samples))))
        return np.round(np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()

    def _next(self, have: int) -> np.ndarray | None:
        try:
            return next(self._blocks, None)
        except InputError as error:  # the iteration is at its end, then
            seconds = (self._position + have) / SAMPLE_RATE
            self.notes.append(f"its sound is taken for silent from {seconds:.1f} s on: it {error.fault}")
            return None
