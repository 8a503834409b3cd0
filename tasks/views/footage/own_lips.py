"""How an avatar's lips follow the sound in its footage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from data_catalog import Source
from tasks.views.footage.heard import read_heard

if TYPE_CHECKING:
    from tango_models.lips.learned import LearnedLips
    from tango_models.lips.library import MouthLibrary


def read_lead(source: Source, videos: Sequence[str], library: MouthLibrary) -> int:
    """Frames by which the lips lead; `videos` are those of the library, by number."""
    from tango_models.lips.lead import typical_lead

    return typical_lead([video_lead(source, video, library, k) for k, video in enumerate(videos)])


def video_lead(source: Source, video: str, library: MouthLibrary, number: int) -> int | None:
    """The same of one video, that number of the library; None where it cannot be told."""
    from tango_models.lips.lead import lead_of

    heard = read_heard(source, video)
    return lead_of(_openings(library, number, len(heard.voice)), heard.energy, heard.voice)


def read_learned(source: Source, videos: Sequence[str], library: MouthLibrary) -> LearnedLips | None:
    """What the footage tells of how far the lips go for which sound; None where it tells too little. Each video's sound
    is taken as it follows its own lips, also where they have a lead that no render should have."""
    from tango_models.lips.lead import lag_of
    from tango_models.lips.learned import LEAST_FRAMES, Lesson, learn_lips

    if library.usable.sum() < LEAST_FRAMES:
        return None
    usual = read_lead(source, videos, library)
    lessons = []
    for number, video in enumerate(videos):
        heard = read_heard(source, video)
        lag = lag_of(_openings(library, number, len(heard.voice)), heard.energy, heard.voice)
        heard = heard.sooner(usual if lag is None else lag)
        rows = np.flatnonzero((library.video == number) & (library.frame < len(heard.voice)))
        if len(rows):
            frames, mouths, usable = library.frame[rows], library.mouths[rows], library.usable[rows]
            lessons.append(Lesson.of(heard, frames, mouths, usable, library.range))
    return learn_lips(lessons)


def _openings(library: MouthLibrary, number: int, count: int) -> np.ndarray:
    """(T,) openings in the first `count` frames of a video, that number of the library; NaN where none is known."""
    opening = np.full(count, np.nan)
    shown = (library.video == number) & (library.frame < count)
    opening[library.frame[shown]] = library.mouths.opening[shown]
    return opening
