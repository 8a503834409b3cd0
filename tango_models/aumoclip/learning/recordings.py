"""Recordings of speech and motion that belong together, in folders, with everything frozen computed once.

Two layouts are read, mixed if need be: motion files with sound beside them, as in BEAT2 (``<name>.npz`` and
``<name>.wav``, the two anywhere below the folder), and the shards of `synthetic_data.pairs`.
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

from tango_models.aumoclip.backbones import Backbones
from tango_models.aumoclip.configuration import AuMoClipConfig
from tango_models.aumoclip.outputs import AudioInputs
from tango_models.aumoclip.processing import motion_inputs
from tango_models.body.motion_features import motion_representation
from tango_models.body.motion_io import load_motion
from tango_models.body.smplx_body import Body
from tango_models.errors import InputError
from tango_models.speech.timeline import frame_count
from tango_models.speech.words import TimedWord

CACHE_VERSION = 1
"""Raised when what is cached changes for the same input."""
_BATCH = 16
# What of the configuration decides on the frozen features, the motion and the windows.
_FROZEN_BY = ("front_end", "text_source", "text_dim", "frozen_low_dim", "frozen_high_dim", "window_frames", "fps",
              "sample_rate", "feature_rate", "angular_velocity", "joint_frame")  # fmt: skip


@dataclass(frozen=True)
class PairSource:
    """One recording: a folder's, or a take of the catalog."""

    name: str
    speaker: str
    files: tuple[Path, ...]
    """What is read from them is cached as long as they stay as they are."""
    words: tuple[TimedWord, ...] | None
    """Known words; None where they have to be recognised."""
    read_audio: Callable[[], np.ndarray]
    """() -> (S,) float32 16 kHz."""
    read_motion: Callable[[], np.ndarray]
    """() -> (T, 825) at 30 fps, of `body.motion_features.motion_representation`."""


def find_pairs(folder: str | Path, body: str | Path | None = None) -> list[PairSource]:
    """All recordings below `folder`, by name. Nothing is read but names and the words of shards.

    Args:
        body: file whose joints the motion files' poses move; None takes the open body. Shards have been made already.

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
        found.append(_file_source(path, sounds[path.stem], Path(body).expanduser() if body else None))
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


def _file_source(motion: Path, sound: Path, body: Path | None) -> PairSource:
    from tango_models.media.sound.audio import read_audio

    numbered = re.match(r"(\d+_[^_]+)_", motion.stem)  # BEAT2: speaker number, speaker, ...
    return PairSource(
        name=motion.stem,
        speaker=numbered.group(1) if numbered else motion.stem,
        files=(motion, sound) if body is None else (motion, sound, body),
        words=None,
        read_audio=lambda: read_audio(sound),
        read_motion=lambda: motion_representation(load_motion(motion).poses, Body.load(body)),
    )


@dataclass(frozen=True)
class CachedRecording:
    """A source as a model of one configuration learns from it."""

    source: PairSource
    motion: np.ndarray
    """(T, 825) of `processing.motion_inputs`, float16 where it is cached."""
    starts: np.ndarray
    """(W,) first frames."""
    arrays: dict[str, np.ndarray]
    """frozen_low, frozen_high and waveform as far as the model takes them, (W, n, C); text_rows (k, D), and text_index
    (W, n) into them."""


def open_recording(
    source: PairSource, backbones: Backbones, cache: Path, *, hop: int, word_errors: float
) -> CachedRecording:
    """Read what `cache` holds of a recording; compute it first where it holds nothing of these files and options.

    The arguments are those of `pairs.PairData.open`.

    Raises:
        InputError: a file cannot be read, or the motion is of another body than the model knows.
    """
    stats = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in source.files]
    config = backbones.config.to_dict()
    frozen = {name: config[name] for name in _FROZEN_BY}
    key = [CACHE_VERSION, source.name, stats, frozen, hop, word_errors]
    digest = hashlib.blake2b(json.dumps(key, sort_keys=True).encode(), digest_size=6).hexdigest()
    folder = cache / f"{source.name}.{digest}"
    if not folder.is_dir():
        motion = motion_inputs(backbones.config, source.read_motion(), subject=source.name).astype(np.float16)
        partial = cache / f".{source.name}.{digest}.{os.getpid()}.part"
        partial.mkdir(exist_ok=True)
        for name, array in _compute(source, len(motion), backbones, hop, word_errors).items():
            np.save(partial / f"{name}.npy", array)
        if not _read_as_stored(source, backbones.config):
            np.save(partial / "motion.npy", motion)
        os.replace(partial, folder)  # a folder with its last name is whole
    arrays = {path.stem: np.load(path, mmap_mode="r", allow_pickle=False) for path in sorted(folder.glob("*.npy"))}
    cached = arrays.pop("motion", None)
    starts = np.array(arrays.pop("starts"))
    return CachedRecording(source, source.read_motion() if cached is None else cached, starts, arrays)


def _read_as_stored(source: PairSource, config: AuMoClipConfig) -> bool:
    """Whether the motion need not be kept: it is a shard's, which alone know their words, and is read as it is."""
    return source.words is not None and config.angular_velocity == "rotation"


def _compute(
    source: PairSource, frames: int, backbones: Backbones, hop: int, word_errors: float
) -> dict[str, np.ndarray]:
    config = backbones.config
    samples = source.read_audio()
    frames = min(frames, frame_count(len(samples), config.sample_rate, config.fps))
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
