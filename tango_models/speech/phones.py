"""The sounds of speech and when they are made, without a transcript and in any language: `hama` (Apache-2.0), whose
network and weights are in its wheel."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np

from tango_models.errors import InputError
from tango_models.speech.timeline import SAMPLE_RATE, check_audio

_PIECE = 8 * SAMPLE_RATE  # samples recognised at a time: of 20 s a second costs twice as much
_SLACK = 3 * SAMPLE_RATE  # a piece ends at the quietest place of its last 3 s
_QUIET = SAMPLE_RATE // 20
_SHORTEST = SAMPLE_RATE // 10
_LATE = 0.03
"""Seconds by which the network's answer follows the middle of a sound: the shift at which loudness and the openness of
what it hears agree best, over 60 s of English."""


@dataclass(frozen=True)
class Phones:
    """
    Attributes:
        symbols: K sounds, each one symbol of the International Phonetic Alphabet, with its diacritics if any.
        time: (K,) float64 seconds, the middle of each; ascending.
    """

    symbols: tuple[str, ...]
    time: np.ndarray

    def __len__(self) -> int:
        return len(self.symbols)


def recognise_phones(audio: np.ndarray) -> Phones:
    """The sounds in (S,) float32 16 kHz mono audio; none in silence. Raises InputError like `check_audio`,
    and on a kind of machine that `hama` has no library for.

    Connectionist temporal classification: a network says for every 20 ms which sound, if any, it is sure of. That
    moment is taken as the sound's middle. A second of speech takes 0.13 s.
    """
    audio = check_audio(audio)
    model = _model()
    symbols: list[str] = []
    times: list[float] = []
    for start, stop in _pieces(audio):
        if stop - start < _SHORTEST:
            continue
        heard = model.transcribe_waveform(audio[start:stop], SAMPLE_RATE)
        for span in model.phoneme_spans(heard):
            symbols.append(span.phoneme)
            times.append(start / SAMPLE_RATE + span.start_ms / 1000 + 0.01 - _LATE)
    return Phones(tuple(symbols), np.maximum(np.asarray(times, np.float64), 0.0))


def _pieces(audio: np.ndarray) -> list[tuple[int, int]]:
    """Stretches of at most `_PIECE`, cut where it is quiet."""
    found, start = [], 0
    while len(audio) - start > _PIECE:
        last = audio[start + _PIECE - _SLACK : start + _PIECE]
        windows = last[: len(last) // _QUIET * _QUIET].reshape(-1, _QUIET)
        quietest = int(np.argmin(np.einsum("ij,ij->i", windows, windows)))
        stop = start + _PIECE - _SLACK + quietest * _QUIET + _QUIET // 2
        found.append((start, stop))
        start = stop
    return [*found, (start, len(audio))]


@functools.cache
def _model() -> Any:
    from hama import _engine
    from hama.asr import ASRModel

    if not _engine.available():
        fault = "hama, which hears them, has no library for this kind of machine"
        raise InputError("sounds of speech", fault, "use --lips off")
    return ASRModel()
