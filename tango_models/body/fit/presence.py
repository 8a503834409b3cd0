"""In which frames the body that was found is a speaker's.

The body network is as sure of a logo, a coat on a chair or a slide as of a person, for seconds. It finds neither a face
nor a hand there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tango_models.body.fit.landmark_source import LandmarkSource, spans
from tango_models.errors import InputError
from tango_models.perception.landmarks import Landmarks

_REACH = 45  # frames: so long a speaker may turn away or cover the face with no hand seen
_TELLS = 0.1  # of the frames with a body: where a face or a hand is seen in fewer, their absence tells nothing


def speaker_present(found: np.ndarray, evident: np.ndarray, cuts: Sequence[int] = ()) -> np.ndarray:
    """(T,) bool: the frames in which a body was found within 1.5 s of a face or a hand, in the same shot; where these
    are hardly ever seen in the video, all with a body.

    Args:
        found: (T,) bool, a body was found.
        evident: (T,) bool, a face or a hand was found.
        cuts: first frames behind the cuts.

    Raises:
        InputError: bodies were found, but never with a face or a hand.
    """
    seen = found & evident
    if found.any() and not seen.any():
        fault = f"shows neither a face nor a hand in any of its {len(found)} frames"
        raise InputError("video", fault, "give footage that shows one speaker from the front, nearer to the camera")
    if seen.sum() < _TELLS * found.sum():
        return found
    present = np.zeros(len(found), bool)
    for start, stop in spans(len(found), cuts):
        at = np.flatnonzero(seen[start:stop])
        if len(at):
            frames = np.arange(stop - start)
            place = np.searchsorted(at, frames)
            after, before = at[np.minimum(place, len(at) - 1)], at[np.maximum(place - 1, 0)]
            present[start:stop] = np.minimum(np.abs(after - frames), np.abs(frames - before)) <= _REACH
    return found & present


class OfSpeaker:
    """The landmarks of ``source`` in the frames ``present`` (T,) bool; in the others nobody was found."""

    def __init__(self, source: LandmarkSource, present: np.ndarray) -> None:
        self._source, self.found = source, present

    def __len__(self) -> int:
        return len(self._source)

    def frames(self, start: int, stop: int) -> Landmarks:
        """The landmarks of frames ``start`` to ``stop`` (exclusive)."""
        found = self._source.frames(start, stop)
        gone = ~self.found[start:stop]
        if not gone.any():
            return found
        nothing = {"body_xy": np.nan, "body_world": np.nan, "body_visibility": 0.0, "person_box": np.nan}
        blank: dict[str, Any] = {name: np.array(getattr(found, name)) for name in nothing}
        for name, value in nothing.items():
            blank[name][gone] = value
        return replace(found, **blank)
