"""Windows of speech and motion that belong together, drawn in batches from many recordings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from tango_models.aumoclip.backbones import Backbones
from tango_models.aumoclip.learning.recordings import CachedRecording, PairSource, open_recording
from tango_models.aumoclip.outputs import AudioInputs
from tango_models.body.skeleton import JAW
from tango_models.errors import InputError

HOP = 64
"""Frames from window to window, as in `processing`."""


@dataclass(frozen=True)
class PairBatch:
    """Windows of 128 frames, speech and motion row by row."""

    audio: AudioInputs
    motion: torch.Tensor
    """(B, 128, 825) float32."""
    speakers: torch.Tensor
    """(B,) int64: equal for the same person."""

    def to(self, device: torch.device | str) -> PairBatch:
        return PairBatch(self.audio.to(device), self.motion.to(device), self.speakers.to(device))


class PairData:
    """Windows of many recordings; what the frozen models say of the speech is computed once and kept on disk."""

    def __init__(
        self, recordings: Sequence[CachedRecording], window: int, no_words: torch.Tensor | None = None
    ) -> None:
        self._recordings, self._window, self._no_words = list(recordings), window, no_words
        counts = [len(r.starts) for r in recordings]
        self._owner = np.repeat(np.arange(len(counts)), counts)
        self._row = np.concatenate([np.arange(c) for c in counts]) if counts else np.zeros(0, int)
        names = sorted({r.source.speaker for r in recordings})
        self._speaker = np.array([names.index(r.source.speaker) for r in recordings])
        self._of_recording = np.split(np.arange(len(self._owner)), np.cumsum(counts)[:-1])

    @classmethod
    def open(
        cls,
        sources: Sequence[PairSource],
        backbones: Backbones,
        cache: str | Path,
        *,
        hop: int = HOP,
        word_errors: float = 0.0,
        report: Callable[[int, int], None] = lambda done, total: None,
    ) -> PairData:
        """Compute what `cache` does not hold yet.

        Args:
            sources: of `recordings.find_pairs`.
            backbones: the frozen models of the configuration that is to be trained.
            cache: a folder, made if it is not there. An entry belongs to its files' sizes and times, to the
                frozen part of the configuration and to the options; nothing stale is read.
            hop: frames from window to window.
            word_errors: share of known words that a recogniser might get wrong; a third of them is left out, the rest
                replaced by other words of the recording.
            report: called with (done, total) after each recording.

        Raises:
            InputError: no recording is as long as a window, a file cannot be read, or a motion is of another body than
                the model knows.
        """
        cache = Path(cache)
        cache.mkdir(parents=True, exist_ok=True)
        recordings = []
        for done, source in enumerate(sources, start=1):
            recordings.append(open_recording(source, backbones, cache, hop=hop, word_errors=word_errors))
            report(done, len(sources))
        window = backbones.config.window_frames
        recordings = [r for r in recordings if len(r.starts)]
        if not recordings:
            raise InputError(f"{len(sources)} recordings", f"are all shorter than {window} frames", "give longer ones")
        silence = np.zeros(backbones.config.window_samples, np.float32)
        return cls(recordings, window, backbones.inputs(backbones.open(silence, ()), [0]).text)

    def __len__(self) -> int:
        """Number of windows."""
        return len(self._owner)

    @property
    def hours(self) -> float:
        """Of motion."""
        return sum(len(r.motion) for r in self._recordings) / 30 / 3600

    def recording_of(self, windows: np.ndarray) -> np.ndarray:
        """(B,) which recording each window is of."""
        return self._owner[windows]

    def draw(self, rng: np.random.Generator, count: int, per_recording: int = 1) -> np.ndarray:
        """(count,) windows, `per_recording` of each recording drawn, no two of which overlap while there are others.

        A recording with fewer windows gives what it has; all recordings come once before any comes twice.

        Raises:
            ValueError: there are not as many windows.
        """
        if count > len(self):
            raise ValueError(f"{len(self)} windows cannot fill a batch of {count}")
        queues = {int(r): self._apart(int(r), rng) for r in rng.permutation(len(self._recordings))}
        chosen: list[int] = []
        while queues and len(chosen) < count:
            for recording, queue in list(queues.items()):
                chosen += queue[:per_recording]
                del queue[:per_recording]
                if not queue:
                    del queues[recording]
        rest = np.setdiff1d(np.arange(len(self)), chosen)
        return np.concatenate([np.array(chosen, int), rng.permutation(rest)])[:count]

    def _apart(self, recording: int, rng: np.random.Generator) -> list[int]:
        """As many windows of one recording as fit beside each other, in random order."""
        windows, starts = self._of_recording[recording], self._recordings[recording].starts
        stride = 1 if len(starts) < 2 else -(-self._window // int(starts[1] - starts[0]))
        phase = rng.integers(min(stride, len(windows)))
        return rng.permutation(windows[phase::stride]).tolist()

    def batch(self, windows: np.ndarray) -> PairBatch:
        """The windows of these indices, in order."""
        parts: dict[str, list[np.ndarray]] = {}
        motion = np.empty((len(windows), self._window, self._recordings[0].motion.shape[1]), np.float32)
        for place, index in enumerate(windows):
            recording, row = self._recordings[self._owner[index]], self._row[index]
            start = int(recording.starts[row])
            motion[place] = recording.motion[start : start + self._window]
            for key, array in recording.arrays.items():
                if key == "text_rows":
                    continue
                value = recording.arrays["text_rows"][array[row]] if key == "text_index" else array[row]
                parts.setdefault("text" if key == "text_index" else key, []).append(value)
        audio = AudioInputs(**{k: torch.from_numpy(np.stack(v).astype(np.float32)) for k, v in parts.items()})
        speakers = torch.from_numpy(self._speaker[self._owner[windows]])
        return PairBatch(audio, torch.from_numpy(motion), speakers)

    def augment(self, batch: PairBatch, rng: np.random.Generator, *, jaw: float, text: float) -> PairBatch:
        """Some windows without what a use of the model may lack.

        Args:
            jaw: share of windows whose mouth stands still, as where the face was not seen.
            text: share of windows in which no word was recognised.
        """
        motion = batch.motion.clone()
        still = torch.from_numpy(rng.random(len(motion)) < jaw)
        motion[still] = without_jaw(motion[still])
        return self.without_words(replace(batch, motion=motion), torch.from_numpy(rng.random(len(motion)) < text))

    def without_words(self, batch: PairBatch, silent: torch.Tensor) -> PairBatch:
        """The batch with the text of the windows `silent` (B,) as if nobody had said a word in them."""
        if batch.audio.text is None or self._no_words is None:
            return batch
        text = torch.where(silent[:, None, None], self._no_words.to(batch.audio.text), batch.audio.text)
        return replace(batch, audio=replace(batch.audio, text=text))

    def statistics(self, most: int = 512) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean and standard deviation (825,) of the motion, from up to `most` windows spread over all."""
        windows = np.unique(np.linspace(0, len(self) - 1, most).astype(int))
        frames = self.batch(windows).motion.flatten(0, 1)
        return frames.mean(0), frames.std(0)


def without_jaw(motion: torch.Tensor) -> torch.Tensor:
    """(B, T, 825) with the jaw's rotation at rest; its position does not move with the mouth as it is."""
    motion = motion.clone()
    first = 15 * JAW + 6
    motion[..., first : first + 9] = motion.new_tensor([1, 0, 0, 0, 1, 0, 0, 0, 0])
    return motion
