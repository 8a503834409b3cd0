"""When the file says that each picture was taken."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np

from tango_models.media.pictures.frames import FrameReader
from tango_models.media.pictures.timing import resample


class TimedFrameReader(FrameReader):
    """A `FrameReader` that also knows the original time of every frame it yielded."""

    def _begin(self) -> None:
        super()._begin()
        self._times: list[tuple[Fraction | None, Fraction | None]] = []

    def _watched(self, timed: Any, pictures: Any) -> Iterator[Any]:
        for time, duration, shown in super()._watched(timed, pictures):
            self._times.append((time, duration))
            yield time, duration, shown

    def source_times(self) -> np.ndarray:
        """(T,) float64, after the iteration: time of each yielded frame's picture, in output frames from the first.

        Two frames of one time show one picture. 30 fps footage gives 0, 1, 2, … within its timestamps' jitter.
        """

        def known() -> Iterator[tuple[Fraction, Fraction | None, Fraction]]:
            step = 1 / self._nominal
            clock = -step
            for time, duration in self._times:
                clock = clock + step if time is None else time
                yield clock, duration, clock

        shown = list(resample(known(), fps=self.fps, nominal_fps=self._nominal))[: self.count]
        origin = shown[0] if shown else Fraction(0)
        return np.array([float((time - origin) * self.fps) for time in shown])
