"""Windows of speech and motion that belong together, from folders, with everything frozen computed once.

Two layouts are read, mixed if need be: motion files with sound beside them, as in BEAT2 (``<name>.npz`` and
``<name>.wav``, the two anywhere below the folder), and the shards of `synthetic_pairs`.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from tango_models.aumoclip.backbones import Backbones
from tango_models.aumoclip.outputs import AudioInputs
from tango_models.body.motion_features import motion_representation
from tango_models.body.motion_io import load_motion
from tango_models.body.skeleton import JAW
from tango_models.body.smplx_body import Body
from tango_models.errors import InputError
from tango_models.speech.words import TimedWord

CACHE_VERSION = 1
"""Raised when what is cached changes for the same input."""
HOP = 64
"""Frames from window to window, as in `processing`."""
_BATCH = 16
# What of the configuration decides on the frozen features and the windows.
_FROZEN_BY = ("front_end", "text_source", "text_dim", "frozen_low_dim", "frozen_high_dim", "window_frames", "fps",
              "sample_rate", "feature_rate")  # fmt: skip


@dataclass(frozen=True)
class PairSource:
    """One recording on disk."""

    name: str
    speaker: str
    files: tuple[Path, ...]
    words: tuple[TimedWord, ...] | None
    """Known words; None where they have to be recognised."""
    read_audio: Callable[[], np.ndarray]
    """() -> (S,) float32 16 kHz."""
    read_motion: Callable[[], np.ndarray]
    """() -> (T, 825) at 30 fps."""


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


def find_pairs(folder: str | Path) -> list[PairSource]:
    """All recordings below `folder`, by name. Nothing is read but names and the words of shards.

    Raises InputError: no such folder, nothing to pair in it, a motion without sound, or two sounds of one name.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(str(folder), "there is no such folder", "name a folder of motion .npz and .wav files")
    sounds: dict[str, Path] = {}
    for path in sorted(folder.rglob("*.wav")):
        if sounds.setdefault(path.stem, path) != path:
            raise InputError(str(path), f"has the name of {sounds[path.stem]}", "give every recording its own name")
    found = [_shard_source(path) for path in sorted(folder.rglob("*.json")) if path.with_suffix(".motion.npy").exists()]
    for path in sorted(folder.rglob("*.npz")):
        if path.stem not in sounds:
            raise InputError(str(path), "has no sound", f"put {path.stem}.wav below {folder}")
        found.append(_file_source(path, sounds[path.stem]))
    if not found:
        raise InputError(str(folder), "holds no pairs", "put <name>.npz (motion) and <name>.wav (speech) there")
    return found


def _shard_source(path: Path) -> PairSource:
    from tango_models.aumoclip.synthetic_data.pairs import read_shard

    shard = read_shard(path.parent, path.stem)
    return PairSource(
        name=shard.name,
        speaker=shard.name,
        files=(path,),
        words=tuple(TimedWord(*word) for word in shard.words),
        read_audio=lambda: np.asarray(shard.audio, np.float32) / 32768,
        read_motion=lambda: shard.motion,
    )


def _file_source(motion: Path, sound: Path) -> PairSource:
    from tango_models.media.audio import read_audio

    numbered = re.match(r"(\d+_[^_]+)_", motion.stem)  # BEAT2: speaker number, speaker, ...
    return PairSource(
        name=motion.stem,
        speaker=numbered.group(1) if numbered else motion.stem,
        files=(motion, sound),
        words=None,
        read_audio=lambda: read_audio(sound),
        read_motion=lambda: motion_representation(load_motion(motion).poses, Body.load()).astype(np.float16),
    )


@dataclass(frozen=True)
class _Cached:
    source: PairSource
    motion: np.ndarray
    """(T, 825) float16."""
    starts: np.ndarray
    """(W,) first frames."""
    arrays: dict[str, np.ndarray]
    """frozen_low, frozen_high and waveform as far as the model takes them, (W, n, C); text_rows (k, D), and text_index
    (W, n) into them."""


class PairData:
    """Windows of many recordings; what the frozen models say of the speech is computed once and kept on disk."""

    def __init__(self, recordings: Sequence[_Cached], window: int, no_words: torch.Tensor | None = None) -> None:
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
            sources: of :func:`find_pairs`.
            backbones: the frozen models of the configuration that is to be trained.
            cache: a folder, made if it is not there. An entry belongs to its files' sizes and times, to the
                frozen part of the configuration and to the options; nothing stale is read.
            hop: frames from window to window.
            word_errors: share of known words that a recogniser might get wrong; a third of them is left out, the rest
                replaced by other words of the recording.
            report: called with (done, total) after each recording.

        Raises:
            InputError: no recording is as long as a window, or a file cannot be read.
        """
        cache = Path(cache)
        cache.mkdir(parents=True, exist_ok=True)
        recordings = []
        for done, source in enumerate(sources, start=1):
            recordings.append(_cached(source, backbones, cache, hop, word_errors))
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


def _cached(source: PairSource, backbones: Backbones, cache: Path, hop: int, word_errors: float) -> _Cached:
    stats = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in source.files]
    config = backbones.config.to_dict()
    frozen = {name: config[name] for name in _FROZEN_BY}
    key = [CACHE_VERSION, source.name, stats, frozen, hop, word_errors]
    digest = hashlib.blake2b(json.dumps(key, sort_keys=True).encode(), digest_size=6).hexdigest()
    folder = cache / f"{source.name}.{digest}"
    if not folder.is_dir():
        partial = cache / f".{source.name}.{digest}.{os.getpid()}.part"
        partial.mkdir(exist_ok=True)
        for name, array in _compute(source, backbones, hop, word_errors).items():
            np.save(partial / f"{name}.npy", array)
        if source.words is None:
            np.save(partial / "motion.npy", source.read_motion())
        os.replace(partial, folder)  # a folder with its last name is whole
    arrays = {path.stem: np.load(path, mmap_mode="r", allow_pickle=False) for path in sorted(folder.glob("*.npy"))}
    motion = arrays.pop("motion", None)
    starts = np.array(arrays.pop("starts"))
    return _Cached(source, source.read_motion() if motion is None else motion, starts, arrays)


def _compute(source: PairSource, backbones: Backbones, hop: int, word_errors: float) -> dict[str, np.ndarray]:
    config = backbones.config
    samples, frames = source.read_audio(), len(source.read_motion())
    frames = min(frames, round(len(samples) * config.fps / config.sample_rate))
    starts = list(range(0, frames - config.window_frames + 1, hop))
    words = None if source.words is None else _misheard(source.words, word_errors, source.name)
    recording = backbones.open(samples, words)
    found: dict[str, list[np.ndarray]] = {}
    rows = 0
    for first in range(0, len(starts), _BATCH):
        inputs = _frozen(backbones, backbones.inputs(recording, starts[first : first + _BATCH]))
        for name in ("waveform", "frozen_low", "frozen_high"):
            value = getattr(inputs, name)
            if value is not None:
                found.setdefault(name, []).append(value.numpy().astype(np.float16))
        if inputs.text is not None:
            text = inputs.text.numpy()
            new = np.ones(text.shape[:2], bool)  # a word's vector is repeated over its frames: kept once
            new[:, 1:] = (text[:, 1:] != text[:, :-1]).any(-1)
            index = np.cumsum(new.ravel()).reshape(new.shape) - 1
            found.setdefault("text_index", []).append((rows + index).astype(np.int32))
            found.setdefault("text_rows", []).append(text[new].astype(np.float16))
            rows += int(new.sum())
    return {"starts": np.array(starts), **{name: np.concatenate(parts) for name, parts in found.items()}}


def _frozen(backbones: Backbones, inputs: AudioInputs) -> AudioInputs:
    """With the fixed features of `embedded` in the place of its waveform."""
    if backbones.config.front_end != "log_mel":
        return inputs
    from tango_models.aumoclip.front_end import LogMelFrontEnd

    assert inputs.waveform is not None
    low, high = LogMelFrontEnd()(inputs.waveform)
    return AudioInputs(text=inputs.text, frozen_low=low, frozen_high=high)


def _misheard(words: Sequence[TimedWord], share: float, name: str) -> list[TimedWord]:
    rng = np.random.default_rng(list(name.encode()))
    heard = []
    for word in words:
        fate = rng.random() / share if share else 1.0
        if fate < 1 / 3:
            continue
        heard.append(replace(word, text=words[int(rng.integers(len(words)))].text) if fate < 1 else word)
    return heard
