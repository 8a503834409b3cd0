"""Which of a file's sound tracks is listened to."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tango_models.errors import InputError
from tango_models.media.container import MAX_SECONDS, checked_path
from tango_models.media.sound.audio import audio_blocks
from tango_models.media.sound.pieces import REMEDY, UNKNOWN, decodable_tracks
from tango_models.speech.activity import voice_activity
from tango_models.speech.level import at_common_level
from tango_models.speech.timeline import FRAME_RATE, SAMPLE_RATE

_STRETCH = 5 * SAMPLE_RATE  # samples listened to at a time
_STRETCHES = 24  # of a track at most, spread over its length: 2 minutes


@dataclass(frozen=True)
class SpokenTrack:
    """A sound track of a file."""

    track: int
    """Its number among the file's sound tracks."""
    note: str
    """Which one it is and why; empty when the file has no other."""


def find_spoken_track(path: str | os.PathLike[str], *, max_seconds: float = MAX_SECONDS) -> SpokenTrack | None:
    """The first track with at least half as much speech as the one with most; where nobody speaks, the first that is
    not silent. A track of which nothing can be decoded is passed over. None: the file has no sound track.

    Raises InputError: none that can be decoded; see `audio_blocks`.
    """
    path = checked_path(path)
    found, count = decodable_tracks(path)
    if not count:
        return None
    if not found:
        raise InputError(str(path), UNKNOWN, REMEDY)
    passed = [f"sound track {k + 1} of {count} cannot be decoded" for k in range(count) if k not in found]
    if len(found) < 2:
        return SpokenTrack(found[0], _note(passed, found[0], count))
    heard = {track: _listen(path, track, max_seconds) for track in found}
    most = max(spoken for spoken, _ in heard.values())
    if most > 0:
        chosen = next(track for track in found if heard[track][0] >= most / 2)
        others = [f"in sound track {k + 1} nobody speaks" for k in found if k < chosen]
    else:
        loudest = max(loudness for _, loudness in heard.values())
        chosen = next(track for track in found if heard[track][1] >= loudest / 1000)
        others = [f"sound track {k + 1} is silent" for k in found if k < chosen]
    return SpokenTrack(chosen, _note(passed + others, chosen, count))


def _note(reasons: list[str], chosen: int, count: int) -> str:
    if count < 2:
        return ""
    return ", ".join([*reasons, f"sound track {chosen + 1} of {count} is used"])


def _listen(path: Path, track: int, max_seconds: float) -> tuple[float, float]:
    """Seconds in which somebody speaks, and the mean power, of stretches spread over the track."""
    try:
        stretches, power = _stretches(path, track, max_seconds)
    except InputError:  # one bad track does not spoil the others
        return 0.0, 0.0
    if not stretches:
        return 0.0, 0.0
    sound = at_common_level(np.concatenate(stretches))
    if len(sound) < SAMPLE_RATE // FRAME_RATE:
        return 0.0, power
    return float((voice_activity(sound) >= 0.5).sum()) / FRAME_RATE, power


def _stretches(path: Path, track: int, max_seconds: float) -> tuple[list[np.ndarray], float]:
    """At most `_STRETCHES` stretches: every one of the track, then every second of them, and so on."""
    kept: list[np.ndarray] = []
    every, index = 1, 0
    energy, total = 0.0, 0
    waiting: list[np.ndarray] = []
    have = 0

    def close() -> None:
        nonlocal kept, every, index
        if index % every == 0:
            kept.append(np.concatenate(waiting))
            if len(kept) > _STRETCHES:
                kept, every = kept[::2], 2 * every
        index += 1

    for block in audio_blocks(path, track=track, max_seconds=max_seconds):
        energy += float(np.square(block, dtype=np.float64).sum())
        total += len(block)
        waiting.append(block)
        have += len(block)
        if have >= _STRETCH:
            close()
            waiting, have = [], 0
    if waiting:
        close()
    return kept, energy / max(total, 1)
