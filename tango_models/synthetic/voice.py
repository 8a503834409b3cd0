"""Speech with word and phoneme times from eSpeak NG, from the optional ``espeakng-loader`` wheel.

eSpeak NG is GPL-3: it voices the synthetic speaker only, in a process of its own; nothing of the product path uses it.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tango_models.errors import InputError

RATE = 16000
_WORD, _PHONEME = 1, 7  # espeak_EVENT_TYPE

# Words that English does not stress in running speech; the rest carry the beats.
_UNSTRESSED = (
    "a an the and or but if so as of to in on at by for from with into than that this these those it its is am "
    "are was were be been being do does did have has had will would can could shall should may might must i "
    "you he she we they me him her us them my your his our their who whom which what when where there here not "
    "no then just very too also about over up down out off one some any such each "
)
FUNCTION_WORDS = frozenset(_UNSTRESSED.split())


@dataclass(frozen=True)
class Word:
    """One spoken word: seconds from the start of the audio; stressed words are those a speaker would beat."""

    text: str
    start: float
    end: float
    stressed: bool


@dataclass(frozen=True)
class Phoneme:
    """One phoneme in eSpeak's notation, seconds."""

    name: str
    start: float
    end: float


@dataclass(frozen=True)
class Utterance:
    """audio (S,) float32 at 16 kHz, -1..1; words and phonemes in order."""

    audio: np.ndarray
    words: tuple[Word, ...]
    phonemes: tuple[Phoneme, ...]

    @property
    def seconds(self) -> float:
        return len(self.audio) / RATE


def speak(text: str, *, voice: str = "en-us", rate: int = 160, pitch: int = 50, pause: float = 0.75) -> Utterance:
    """Speaks plain text. `pause` seconds of silence are put between paragraphs (blank lines); rate is words a minute.

    Raises InputError when espeakng-loader is not installed, the voice is unknown, or there is nothing to say.
    """
    paragraphs = [" ".join(p.split()) for p in text.split("\n\n") if p.strip()]
    if not paragraphs:
        raise InputError("the text", "is empty", "give at least one word to speak")
    sample_rate, spoken = _say(paragraphs, voice, rate, pitch)
    chunks, words, phonemes, clock = [], [], [], 0.0
    for index, (paragraph, (audio, events)) in enumerate(zip(paragraphs, spoken, strict=True)):
        if index:
            chunks.append(np.zeros(int(pause * sample_rate), np.int16))
            clock += len(chunks[-1]) / sample_rate
        found_words, found_phonemes = _read_events(paragraph, events, clock, clock + len(audio) / sample_rate)
        words += found_words
        phonemes += found_phonemes
        chunks.append(audio)
        clock += len(audio) / sample_rate
    import soxr

    audio = np.concatenate(chunks).astype(np.float32) / 32768
    audio = soxr.resample(audio, sample_rate, RATE)
    peak = float(np.abs(audio).max())
    return Utterance((audio * (0.7 / max(peak, 1e-3))).astype(np.float32), tuple(words), tuple(phonemes))


def _say(paragraphs: list[str], voice: str, rate: int, pitch: int) -> tuple[int, list[tuple[np.ndarray, list[list]]]]:
    """Sample rate, and (int16 audio, events) of each paragraph, from eSpeak NG in a process of its own.

    Its own, because the library carries state from one utterance to the next that no call resets: only a fresh process
    says the same words the same way twice.
    """
    if importlib.util.find_spec("espeakng_loader") is None:
        raise InputError("speech synthesis", "needs eSpeak NG, which is not installed",
                         "pip install 'tango-avatar[synth]'")  # fmt: skip
    request = json.dumps({"paragraphs": paragraphs, "voice": voice, "rate": rate, "pitch": pitch})
    script = Path(__file__).with_name("espeak_process.py")
    done = subprocess.run([sys.executable, str(script)], input=request.encode(), capture_output=True, check=False)  # noqa: S603
    if done.returncode:
        raise RuntimeError(f"eSpeak NG failed: {done.stderr.decode(errors='replace')[-500:]}")
    head, _, sound = done.stdout.partition(b"\n")
    answer = json.loads(head)
    if "error" in answer:
        raise InputError(*answer["error"])
    audio = np.frombuffer(sound, np.int16)
    ends = np.cumsum([p["samples"] for p in answer["paragraphs"]])
    pieces = np.split(audio, ends[:-1])
    return answer["rate"], [(a, p["events"]) for a, p in zip(pieces, answer["paragraphs"], strict=True)]


def _read_events(text: str, events: list[list], offset: float, end: float) -> tuple[list[Word], list[Phoneme]]:
    marks = [(when + offset, name) for kind, _, _, when, name in events if kind == _PHONEME]
    phonemes = [
        Phoneme(name.strip("_:'"), start, (marks[i + 1][0] if i + 1 < len(marks) else end))
        for i, (start, name) in enumerate(marks)
    ]
    starts = [(when + offset, text[at - 1 : at - 1 + length]) for kind, at, length, when, _ in events if kind == _WORD]
    words = []
    for i, (start, spoken) in enumerate(starts):
        limit = starts[i + 1][0] if i + 1 < len(starts) else end
        voiced = [p.end for p in phonemes if p.name and start <= p.start < limit - 1e-6]
        stop = min(max(voiced, default=limit), limit)
        plain = spoken.strip(".,;:!?'\"()-").lower()
        words.append(Word(spoken, start, max(stop, start), bool(plain) and plain not in FUNCTION_WORDS))
    return words, phonemes
