"""Which of a file's sound tracks, and which of its channels, are listened to."""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tango_models.errors import InputError
from tango_models.media.container import MAX_SECONDS, checked_path
from tango_models.media.joined import joined_note
from tango_models.media.sound.audio import Channels
from tango_models.media.sound.downmix import LOW
from tango_models.media.sound.pieces import REMEDY, UNKNOWN, decodable_tracks, sound_pieces
from tango_models.speech.channel_stretches import ChannelStretches
from tango_models.speech.level import spoken_share_and_level
from tango_models.speech.timeline import FRAME_RATE, SAMPLE_RATE

_SHARE = 0.1  # of the speech on the channel with most: with less, it is an error of the network's
_QUIETER = 10 ** (-13 / 20)  # of the loudest speech: who is further off is overheard, and speaks in the other's pauses
_SILENT = 1e-7  # power: -70 dB


@dataclass(frozen=True)
class SpokenTrack:
    """A sound track of a file."""

    track: int
    """Its number among the file's sound tracks."""
    channels: Channels
    """Those on which somebody speaks, by the names of all; empty where they need not be told apart."""
    note: str
    """What was chosen and why; empty when nothing is left out."""


def find_spoken_track(path: str | os.PathLike[str], *, max_seconds: float = MAX_SECONDS) -> SpokenTrack | None:
    """The first track with at least half as much speech as the one with most; where nobody speaks, the first that is
    not silent. A track of which nothing can be decoded is passed over. None: the file has no sound track.

    Of its channels, those with at least a tenth as much speech as the one with most, and no more than 13 dB below the
    loudest speech; those for low frequencies only where nobody speaks on another.

    Raises InputError: none that can be decoded; see `sound_pieces`.
    """
    path = checked_path(path)
    found, count = decodable_tracks(path)
    if not count:
        return None
    if not found:
        raise InputError(str(path), UNKNOWN, REMEDY)
    reasons = [f"sound track {k + 1} of {count} cannot be decoded" for k in range(count) if k not in found]
    heard = {track: _listen(path, track, max_seconds, alone=len(found) < 2) for track in found}
    most = max(track.seconds for track in heard.values())
    if most > 0:
        chosen = next(track for track in found if heard[track].seconds >= most / 2)
        reasons += [f"in sound track {k + 1} nobody speaks" for k in found if k < chosen]
    else:
        loudest = max(track.power for track in heard.values())
        chosen = next(track for track in found if heard[track].power >= loudest / 1000)
        reasons += [f"sound track {k + 1} is silent" for k in found if k < chosen]
    if count > 1:
        reasons.append(f"sound track {chosen + 1} of {count} is used")
    reasons += [*heard[chosen].notes, *filter(None, [joined_note(path)])]
    return SpokenTrack(chosen, heard[chosen].channels, ", ".join(reasons))


@dataclass
class _Heard:
    """What is known of a track."""

    seconds: float = 0.0
    """In which somebody speaks, on the channel with most."""
    power: float = 0.0
    """Mean power of the loudest channel."""
    channels: dict[tuple[str, ...], tuple[int, ...]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def _listen(path: Path, track: int, max_seconds: float, *, alone: bool) -> _Heard:
    """Listens to stretches spread over a track; not to one that is alone in its file and has one channel."""
    parts: dict[tuple[str, ...], ChannelStretches] = {}
    bad = False
    try:
        with closing(sound_pieces(path, track, max_seconds=max_seconds)) as pieces:
            for piece in pieces:
                if alone and len(piece.names) == 1 and not parts:
                    return _Heard()
                if piece.names not in parts:
                    parts[piece.names] = ChannelStretches(len(piece.names))
                parts[piece.names].feed(piece.samples, piece.rate)
    except InputError:  # one bad track does not spoil the others
        bad = True
    heard = _Heard()
    for names, stretches in parts.items():
        kept = stretches.finish()
        if kept.shape[1] < SAMPLE_RATE // FRAME_RATE:
            continue
        shares, levels = np.array([spoken_share_and_level(channel) for channel in kept]).T
        seconds = shares * stretches.seconds
        if not bad:
            heard.seconds += float(seconds.max())
            heard.power = max(heard.power, float(stretches.power.max()))
        if not seconds.any():
            continue
        spoken = [c for c in range(len(names)) if seconds[c] >= _SHARE * seconds.max()]
        whole = [c for c in spoken if names[c] not in LOW] or spoken
        loudest = max(levels[c] for c in whole)
        near = [c for c in whole if levels[c] >= _QUIETER * loudest]
        heard.channels[names] = tuple(near)
        left = [c for c in range(len(names)) if c not in spoken and stretches.power[c] > _SILENT]
        if left:
            heard.notes.append(f"{len(left)} of {len(names)} channels are not listened to: nobody speaks on them")
        if far := len(whole) - len(near):
            heard.notes.append(f"{far} of {len(names)} channels are not listened to: who speaks on them is far quieter")
    return heard
