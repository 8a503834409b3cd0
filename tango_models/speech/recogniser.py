"""English words with their times, recognised offline by pocketsphinx, whose acoustic model comes in its wheel."""

from __future__ import annotations

import importlib.util

import numpy as np

from tango_models.errors import InputError
from tango_models.speech.activity import voice_activity
from tango_models.speech.timeline import FRAME_RATE, frame_count
from tango_models.speech.words import TimedWord

_LONGEST = 20 * 16_000  # samples decoded as one utterance; memory and delay grow with it
_SEARCH = 5 * 16_000  # the end of an utterance is the quietest place in its last 5 s
# Fewer Gaussians, narrower beams and one pass: 0.09 s of CPU time per second of speech instead of 0.18. On 9 s of a
# real voice 5 of 32 words differ from the full search; of four eSpeak sentences 76 % of the words are wrong, not 66 %.
_OPTIONS = {"topn": 2, "maxhmmpf": 3000, "maxwpf": 10, "pl_window": 5, "fwdflat": False, "bestpath": False}


def require_recogniser() -> None:
    """InputError when pocketsphinx is not installed."""
    if importlib.util.find_spec("pocketsphinx") is None:
        remedy = "pip install pocketsphinx==5.1.1, or use a model with text_source 'none'"
        raise InputError("word recognition", "the package pocketsphinx is not installed", remedy)


def recognise_words(samples: np.ndarray) -> list[TimedWord]:
    """Words of (S,) float32 16 kHz in [-1, 1], in order of time; none where nobody speaks.

    A rough transcript by the US English model, and nearly none of eSpeak's voices. pocketsphinx hears words in digital
    silence and in noise too; those in which the voice detector hears nobody are left out.
    """
    import pocketsphinx

    if frame_count(len(samples)) == 0:
        return []
    # a decoder of its own: it adapts to what it hears, and the same speech would give other words the next time
    decoder = pocketsphinx.Decoder(samprate=16_000, loglevel="FATAL", **_OPTIONS)
    voice = voice_activity(samples)
    words = []
    for begin, end in utterances(samples):
        if not _voiced(voice, begin / 16_000, end / 16_000):
            continue
        pcm = (np.clip(samples[begin:end], -1, 1) * 32767).astype("<i2").tobytes()
        decoder.start_utt()
        decoder.process_raw(pcm, full_utt=True)
        decoder.end_utt()
        for part in decoder.seg() or ():
            text = part.word.split("(")[0]  # "read(2)": a second pronunciation
            start = begin / 16_000 + part.start_frame / 100
            stop = begin / 16_000 + (part.end_frame + 1) / 100
            if text and text[0] not in "<[+" and _voiced(voice, start, stop):  # "<sil>", "[NOISE]"
                words.append(TimedWord(text, start, stop))
    return words


def _voiced(voice: np.ndarray, start: float, stop: float) -> bool:
    """Whether somebody speaks at any time between `start` and `stop` seconds."""
    first = min(int(start * FRAME_RATE), len(voice) - 1)
    return bool(voice[first : max(int(np.ceil(stop * FRAME_RATE)), first + 1)].max() >= 0.5)


def utterances(samples: np.ndarray) -> list[tuple[int, int]]:
    """Cut (S,) into ranges of at most 20 s, at the quietest 20 ms of the last 5 s of each."""
    ranges, begin = [], 0
    while len(samples) - begin > _LONGEST:
        tail = samples[begin + _LONGEST - _SEARCH : begin + _LONGEST].reshape(-1, 320)
        quietest = int(np.square(tail).mean(axis=1).argmin())
        end = begin + _LONGEST - _SEARCH + quietest * 320 + 160
        ranges.append((begin, end))
        begin = end
    return [*ranges, (begin, len(samples))]
