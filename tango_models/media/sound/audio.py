"""Audio of any file as mono float32 at one rate: for analysis, never to be heard.

Sample 0 belongs to the first video frame, see `sound_pieces`; the channels are mixed by `downmix`.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping

import numpy as np

from tango_models.errors import InputError
from tango_models.media.container import MAX_SECONDS, checked_path
from tango_models.media.sound.downmix import AnalysisMix
from tango_models.media.sound.pieces import REMEDY, UNKNOWN, decodable_tracks, sound_pieces
from tango_models.media.sound.resampling import Resampler

RATE = 16000
Channels = Mapping[tuple[str, ...], tuple[int, ...]]
"""Which channels are mixed, by the names of all of a piece: see `AnalysisMix`."""
SHORTEST_SPEECH = 0.2  # seconds; less is not one syllable, and under two clips of video
LONGEST_SPEECH = 3600.0


def audio_blocks(
    path: str | os.PathLike[str],
    *,
    track: int | None = None,
    channels: Channels | None = None,
    rate: int = RATE,
    max_seconds: float = MAX_SECONDS,
) -> Iterator[np.ndarray]:
    """Blocks of float32 (n,) mono at `rate`, in order, n about 10 to 100 ms; memory does not grow with the length.

    Args:
        track: its number among the file's sound tracks; the first that can be decoded when none is given.
        channels: those to listen to, see `AnalysisMix`; all that may carry a voice when none are given.

    Raises InputError: no sound track, none that can be decoded, unreadable, longer than `max_seconds`, samples that are
    not numbers.
    """
    path = checked_path(path)
    mix, resampler = AnalysisMix(channels), Resampler(rate, 1)
    for piece in sound_pieces(path, first_track(path) if track is None else track, max_seconds=max_seconds):
        mono = mix.mix(piece.samples, piece.rate, piece.names)
        block = resampler.feed(mono[None], piece.rate)[0]
        if len(block):
            yield block
    block = resampler.flush()[0]
    if len(block):
        yield block


def first_track(path: str | os.PathLike[str]) -> int:
    """The first sound track that can be decoded. Raises InputError when there is none."""
    path = checked_path(path)
    found, count = decodable_tracks(path)
    if not count:
        raise InputError(str(path), "has no sound", "give a file with an audio track")
    if not found:
        raise InputError(str(path), UNKNOWN, REMEDY)
    return found[0]


def read_audio(
    path: str | os.PathLike[str],
    *,
    track: int | None = None,
    channels: Channels | None = None,
    rate: int = RATE,
    max_seconds: float = MAX_SECONDS,
) -> np.ndarray:
    """The whole audio, float32 (S,) mono at `rate`; InputError as `audio_blocks`, and when there is no sample."""
    samples = bytearray()  # it grows in place: an hour is 230 MB, which blocks and their sum would take twice
    for block in audio_blocks(path, track=track, channels=channels, rate=rate, max_seconds=max_seconds):
        samples += block.astype(np.float32, copy=False).tobytes()
    if not samples:
        raise InputError(str(path), UNKNOWN, REMEDY)
    return np.frombuffer(samples, np.float32)


def read_speech(
    path: str | os.PathLike[str],
    *,
    track: int | None = None,
    channels: Channels | None = None,
    max_seconds: float = LONGEST_SPEECH,
    rate: int = RATE,
) -> np.ndarray:
    """A speech recording, float32 (S,) mono at `rate`.

    Silence is accepted: it gives a resting video. Raises InputError as `read_audio`, and when shorter than 0.2 s.
    """
    audio = read_audio(path, track=track, channels=channels, rate=rate, max_seconds=max_seconds)
    check_speech_length(path, len(audio) / rate)
    return audio


def check_speech_length(path: str | os.PathLike[str], seconds: float) -> None:
    """Raises InputError when `seconds` is less than one syllable."""
    if seconds < SHORTEST_SPEECH:
        whole = math.floor(seconds * 100) / 100  # not rounded up to what is asked for
        raise InputError(str(path), f"is {whole:.2f} s long", f"give at least {SHORTEST_SPEECH} s of speech")
