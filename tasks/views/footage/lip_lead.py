"""How far an avatar's lips lead the sound in its footage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from data_catalog import Source
from data_catalog.schemas import CLIP_FRAMES
from tasks.views.footage.frame_source import footage_audio

if TYPE_CHECKING:
    from tango_models.lips.library import MouthLibrary

_PIECE = 1800  # frames heard at a time
_ENOUGH = 900  # frames with a voice: half a minute tells
_MOST = 9000  # frames heard of a video in which hardly anybody speaks


def read_lead(source: Source, videos: Sequence[str], library: MouthLibrary) -> int:
    """Frames by which the lips lead; `videos` are those of the library, by number."""
    from tango_models.lips.lead import typical_lead

    return typical_lead([video_lead(source, video, library, k) for k, video in enumerate(videos)])


def video_lead(source: Source, video: str, library: MouthLibrary, number: int) -> int | None:
    """The same of one video, that number of the library; None where it cannot be told. Of a long one the beginning, as
    far as it takes to hear half a minute of speech."""
    from tango_models.lips.lead import lead_of
    from tango_models.speech.level import at_common_level
    from tango_models.speech.prosody import analyse_speech

    here = library.video == number
    count = min(_MOST, int(library.frame[here].max(initial=-1)) + 1)
    opening = np.full(count, np.nan)
    shown = here & (library.frame < count)
    opening[library.frame[shown]] = library.mouths.opening[shown]
    energy, voice = np.zeros(0), np.zeros(0)
    for first in range(0, count, _PIECE):
        last = min(first + _PIECE, count)
        audio = footage_audio(source, video, first // CLIP_FRAMES, -(-last // CLIP_FRAMES))
        if not len(audio):
            break
        heard = analyse_speech(at_common_level(audio))
        energy = np.concatenate([energy, heard.energy[: last - first]])
        voice = np.concatenate([voice, heard.voice[: last - first]])
        if len(energy) < last or (voice >= 0.5).sum() >= _ENOUGH:
            break
    return lead_of(opening[: len(energy)], energy, voice)
