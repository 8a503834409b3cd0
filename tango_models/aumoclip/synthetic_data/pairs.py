"""Hours of (speech, motion, words) that belong together, from eSpeak NG and `synthetic_motion`, in minutes.

One shard is one person: a voice, a manner of gesturing that has nothing to do with the voice, and one recording. In a
folder a shard is three files, read back by :func:`read_shard` without loading them:
``<name>.motion.npy`` (T, 825) float16 at 30 fps, ``<name>.audio.npy`` (S,) int16 at 16 kHz, ``<name>.json`` with the
words and where the shard comes from. Voices and sentences of the two splits never meet.
"""

from __future__ import annotations

import json
import os
import zlib
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from tango_models.aumoclip.synthetic_data.motion import perform
from tango_models.aumoclip.synthetic_data.plan import Manner
from tango_models.aumoclip.synthetic_data.text import Split, speech
from tango_models.body.motion_features import motion_representation
from tango_models.body.smplx_body import Body
from tango_models.errors import InputError
from tango_models.synthetic.voice import RATE, Utterance, speak

GENERATOR_VERSION = 1
"""Raised when the same seed gives other pairs."""
SECONDS = 120.0
"""Of a recording, about."""

# eSpeak NG's voice variants: other formants, breath and pitch. Robots and whispers are left out.
_VOICES: dict[Split, dict[str, str]] = {
    "train": {
        "accents": "en-us en-us en-us en-gb-x-rp en-029 en-gb-x-gbclan en-gb-x-gbcwmd en-us-nyc",
        "variants": "Alex Alicia Andrea Andy Denis Diogo Gene Gene2 Henrique Jacky Lee Mario Michael Mike adam anika "
        "antonio aunty belinda benjamin boris caleb david ed edward f1 f2 f3 f5 grandma grandpa ian iven john "
        "kaukovalta klatt klatt2 klatt4 m1 m2 m3 m4 m6 m8 marcelo max michel miguel norbert pablo pedro quincy rob "
        "robert sandro shelby travis victor",
    },
    "held_out": {
        "accents": "en-us en-us en-us en-gb-x-rp en-gb-scotland",
        "variants": "Annie Hugo Marco Reed f4 gustave linda m5 m7 paul steph zac",
    },
}


@dataclass(frozen=True)
class Shard:
    """One person's recording; the arrays may be memory maps."""

    name: str
    motion: np.ndarray
    """(T, 825) float16, rep15d at 30 fps."""
    audio: np.ndarray
    """(S,) int16 at 16 kHz, S = T / 30 s to within a frame."""
    words: tuple[tuple[str, float, float], ...]
    """(text, start s, end s) in order."""
    voice: str


def generate(split: Split, *, seed: int, index: int, seconds: float = SECONDS) -> Shard:
    """The `index`-th person of a seed. The same arguments give the same pair.

    Raises InputError without espeakng-loader.
    """
    rng = np.random.default_rng([seed, index, zlib.crc32(split.encode())])
    voice = "+".join(str(rng.choice(_VOICES[split][part].split())) for part in ("accents", "variants"))
    rate = int(rng.integers(115, 205))
    text = speech(rng, split, seconds, rate)
    spoken = speak(text, voice=voice, rate=rate, pitch=int(rng.integers(15, 85)), pause=float(rng.uniform(0.3, 0.9)))
    spoken = with_pauses(spoken, rng)
    body = Body.load()
    poses = perform(spoken, Manner.draw(rng), body.rest_joints().numpy().astype(float), rng)
    motion = motion_representation(poses, body).astype(np.float16)
    audio = np.round(recorded(spoken.audio, rng) * 32767).astype(np.int16)
    words = tuple((w.text, round(w.start, 3), round(w.end, 3)) for w in spoken.words)
    return Shard(f"{split}_{seed}_{index:05d}", motion, audio, words, voice)


def with_pauses(utterance: Utterance, rng: np.random.Generator) -> Utterance:
    """The speech with breaths of random length put into the gaps that are there, and a silence before and after."""
    words = list(utterance.words)
    cuts = [(0.0, rng.uniform(0.1, 1.0))]
    for before, after in pairwise(words):
        if after.start - before.end > 0.15 and rng.random() < 0.5:
            cuts.append(((before.end + after.start) / 2, float(np.clip(rng.gamma(1.5, 0.35), 0, 2.5))))
        elif rng.random() < 0.02:  # a hesitation
            cuts.append((after.start, rng.uniform(0.2, 0.9)))
    cuts.append((utterance.seconds, rng.uniform(0.3, 1.2)))
    pieces, at = [], 0
    for time, length in cuts:
        sample = min(round(time * RATE), len(utterance.audio))
        pieces += [utterance.audio[at:sample], np.zeros(round(length * RATE), np.float32)]
        at = sample
    where, lengths = np.array([c[0] for c in cuts]), np.cumsum([round(c[1] * RATE) / RATE for c in cuts])

    def later(time: float) -> float:
        """A cut at a word's very start delays the word."""
        return float(lengths[np.searchsorted(where, time + 1e-6) - 1])

    def moved(items):
        return tuple(replace(i, start=i.start + later(i.start), end=i.end + later(i.start)) for i in items)

    return Utterance(np.concatenate([*pieces, utterance.audio[at:]]), moved(words), moved(utterance.phonemes))


def recorded(audio: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The speech as some microphone in some room might give it: echo, colour, noise and level, (S,) within -1..1."""
    from scipy.signal import fftconvolve, lfilter

    if rng.random() < 0.5:  # a room: exponentially decaying noise, quieter than the direct sound
        decay = rng.uniform(0.08, 0.35)
        time = np.arange(int(decay * 1.2 * RATE)) / RATE
        tail = rng.normal(0, 1, len(time)) * np.exp(-6.9 * time / decay)
        tail *= rng.uniform(0.1, 0.5) / np.linalg.norm(tail)
        tail[0] = 1.0
        audio = fftconvolve(audio, tail)[: len(audio)]
    if rng.random() < 0.6:  # a microphone: brighter or duller
        audio = lfilter([1.0, -rng.uniform(-0.6, 0.6)], [1.0], audio)
    audio = audio / max(float(np.abs(audio).max()), 1e-6) * 10 ** (rng.uniform(-18, -1) / 20)
    if rng.random() < 0.7:
        level = np.sqrt(np.mean(audio**2)) * 10 ** (-rng.uniform(18, 45) / 20)
        noise = rng.normal(0, 1, len(audio))
        if rng.random() < 0.7:  # rooms hum low
            noise = lfilter([1.0], [1.0, -rng.uniform(0.5, 0.97)], noise)
        audio = audio + noise * level / noise.std()
    return np.clip(audio, -1, 1).astype(np.float32)


def write_pairs(
    folder: str | Path, hours: float, split: Split, *, seed: int = 0, seconds: float = SECONDS, processes: int = 1
) -> list[str]:
    """Write `hours` of pairs as shards into `folder`; shards that are there already are kept. Returns their names.

    Raises InputError for hours or seconds that are not positive, and without espeakng-loader.
    """
    if not (hours > 0 and seconds > 0):
        raise InputError(f"{hours} hours of {seconds} s", "is nothing to generate", "give positive numbers")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    tasks = [(folder, split, seed, index, seconds) for index in range(max(1, round(hours * 3600 / seconds)))]
    if processes == 1:
        return [_write(task) for task in tasks]
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        return list(pool.map(_write, tasks))


def _write(task: tuple[Path, Split, int, int, float]) -> str:
    folder, split, seed, index, seconds = task
    name = f"{split}_{seed}_{index:05d}"
    wanted = {"version": GENERATOR_VERSION, "split": split, "seed": seed, "index": index, "seconds": seconds}
    facts = folder / f"{name}.json"
    if facts.is_file() and json.loads(facts.read_text()).get("made_with") == wanted:
        return name
    shard = generate(split, seed=seed, index=index, seconds=seconds)
    np.save(folder / f"{name}.motion.npy", shard.motion)
    np.save(folder / f"{name}.audio.npy", shard.audio)
    content = {"made_with": wanted, "voice": shard.voice, "words": shard.words}
    partial = facts.with_suffix(f".{os.getpid()}.part")
    partial.write_text(json.dumps(content))
    os.replace(partial, facts)  # last: a shard with its json is whole
    return name


def read_shard(folder: str | Path, name: str) -> Shard:
    """A written shard, its arrays memory-mapped. InputError when a file is missing or damaged."""
    folder = Path(folder)
    try:
        motion = np.load(folder / f"{name}.motion.npy", mmap_mode="r", allow_pickle=False)
        audio = np.load(folder / f"{name}.audio.npy", mmap_mode="r", allow_pickle=False)
        facts = json.loads((folder / f"{name}.json").read_text())
        words = tuple((str(text), float(start), float(end)) for text, start, end in facts["words"])
        return Shard(name, motion, audio, words, str(facts["voice"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        remedy = "generate the folder again with write_pairs"
        raise InputError(str(folder / name), f"is no whole shard ({error})", remedy) from error
