"""Sound stored as floating-point numbers beyond full scale: what plays it would cut its peaks off."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from tango_models.media.container import MAX_SECONDS, open_media
from tango_models.media.sound.pieces import sound_pieces

_SAID = 1.06  # times full scale: half a decibel, which nobody hears cut off


def times_full_scale(path: Path, track: int) -> float:
    """The loudest sample of a sound track, in times full scale; 1 where none is above, and for codecs that lose
    something: their peaks overshoot a little by nature.

    Raises InputError: see `sound_pieces`.
    """
    with open_media(path) as container:
        context = container.streams.audio[track].codec_context
        if not context.codec.lossless or not context.format.name.startswith(("flt", "dbl")):
            return 1.0
    pieces = sound_pieces(path, track, max_seconds=MAX_SECONDS)
    return max(1.0, *(float(np.abs(piece.samples).max(initial=0)) for piece in pieces), 1.0)


def full_scale_note(path: Path, track: int) -> str:
    """What is done about a track whose peaks lie above full scale; "" where nothing is."""
    times = times_full_scale(path, track)
    return f"it is up to {20 * math.log10(times):.0f} dB above full scale and is lowered by that" * (times > _SAID)
