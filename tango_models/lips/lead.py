"""How far a speaker's lips lead the sound: part of it is how people speak, part the file."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tango_models.metrics.lip_sync import loudness_fit

USUAL_LEAD = 3
"""Frames by which lips lead where it cannot be told: in footage of people, 2 to 4."""
_MOST = 5  # frames; more, or lips behind the sound, is a fault of the file that no render should have
_SURE = 4.0  # `z`: of 84 videos with the sound of another time or speaker, none reached it
_LEAST = 90  # frames with a voice


def lag_of(opening: np.ndarray, energy: np.ndarray, voice: np.ndarray) -> int | None:
    """Frames by which the sound of a video follows its lips, below 0 where it comes before them; None where it cannot
    be told: too little speech, or lips that do not go with it.

    Args:
        opening: (T,), NaN where no mouth is seen; energy: (T,) dB; voice: (T,) probability of speech.
    """
    if len(opening) < _LEAST or (np.isfinite(opening) & (voice >= 0.5)).sum() < _LEAST:
        return None
    fit = loudness_fit(opening, energy)
    return fit.lag if fit.z >= _SURE else None


def lead_of(opening: np.ndarray, energy: np.ndarray, voice: np.ndarray) -> int | None:
    """The same where it is a lead that people have, else None."""
    lag = lag_of(opening, energy, voice)
    return lag if lag is not None and 0 <= lag <= _MOST else None


def typical_lead(leads: Sequence[int | None]) -> int:
    """The lead of a speaker: the median of those of the videos that tell, `USUAL_LEAD` where none does."""
    known = [lead for lead in leads if lead is not None]
    return round(float(np.median(known))) if known else USUAL_LEAD
