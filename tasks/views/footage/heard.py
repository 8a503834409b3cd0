"""What was heard in a video, into the catalog and out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from data_catalog import Source
from data_catalog.keys import equals

if TYPE_CHECKING:
    from tango_models.lips.learned import Heard
    from tango_models.speech.phones import Phones

PART_FRAMES = 1800
"""Frames of a row: a minute."""


def heard_key(video_id: str) -> str:
    """The unit of what is heard in a video."""
    return f"{video_id}:heard"


def heard_row(video_id: str, part: int, phones: Phones, voice: np.ndarray, energy: np.ndarray) -> dict[str, Any]:
    """A row of `footage_sounds`: a minute of a video, its moments in seconds of that minute."""
    row = {"video_id": video_id, "part": part, "symbols": list(phones.symbols), "times": phones.time.tolist()}
    return row | {"voice": voice.tolist(), "energy": energy.tolist()}


def read_heard(source: Source, video_id: str) -> Heard:
    """What was heard of a video from its beginning, as far as it was listened to; of nothing where it has no sound."""
    from tango_models.lips.learned import Heard
    from tango_models.speech.phones import Phones

    columns = ["video_id", "part", "symbols", "times", "voice", "energy"]
    rows = source.table("footage_sounds").read(columns, where=equals(video_id=video_id)).sort_by("part").to_pylist()
    symbols = [symbol for row in rows for symbol in row["symbols"]]
    times = [time + row["part"] * PART_FRAMES / 30 for row in rows for time in row["times"]]
    voice, energy = (
        np.array([value for row in rows for value in row[name]], np.float32) for name in ("voice", "energy")
    )
    return Heard(Phones(tuple(symbols), np.array(times, np.float64)), voice, energy)
