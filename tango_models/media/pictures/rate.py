"""The rate that a video's timestamps keep, whatever its header says, and the jitter that they add to it.

Browsers record pictures when they arrive: a clock of 1 ms, a declared rate of 1000, and times up to a third of a frame
beside the regular ones. Shown at a constant rate by such times, every tenth picture is doubled and another left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from tango_models.media.packets import has_times

if TYPE_CHECKING:
    import av.video.stream

UNNAMED_RATE = 25
"""Pictures a second of a stream that names neither times nor a rate."""

_FEWEST = 8  # times that make a rate
_LEAST_JITTER = 0.0015  # seconds; containers round to 0.001, which is 0.0003
_MOST_JITTER = 0.3  # of a step; more is no regular rate
_PULL = 0.15  # share of a picture's deviation that moves the expected time, and
_PULL_STEP = 0.01  # the expected step: a phase-locked loop of second order, damped a little under critically

Picture = TypeVar("Picture")


@dataclass(frozen=True)
class Rate:
    """What the first times of a stream say.

    step      seconds from picture to picture, the usual one
    jitter    seconds, standard deviation of the times from regular ones; None when they follow no regular ones
    start     seconds, regular time of the first picture
    """

    step: float
    jitter: float | None
    start: float

    @property
    def trembles(self) -> bool:
        """Whether the times are regular ones with more noise than rounding adds."""
        return self.jitter is not None and _LEAST_JITTER < self.jitter < _MOST_JITTER * self.step


def measure_rate(times: Iterable[float]) -> Rate | None:
    """The rate of presentation times in any order (seconds); None when there are too few."""
    times = np.unique(np.fromiter(times, np.float64))
    if len(times) < _FEWEST:
        return None
    steps = np.diff(times)
    usual = np.median(steps)
    # Of those that leave nothing out the mean: the median of few times that tremble is some percent off.
    step = float(steps[np.abs(steps - usual) < usual / 2].mean())
    start, jitter = float(times[0]), None
    for _ in range(2):  # the second time with a step that does not drift away
        place = np.array([0, *islice(_places(times, step), len(times) - 1)])
        slope, start = np.polyfit(place, times, 1)
        if not 0.5 * step < slope < 2 * step:
            return Rate(step, None, float(times[0]))
        jitter = float(np.std(times - (start + slope * place)))
        if jitter < _MOST_JITTER * step:
            step = float(slope)
    return Rate(step, jitter, float(start))


def _places(times: np.ndarray, step: float) -> Iterator[int]:
    """How many steps each time but the first lies behind the first."""
    expected, place = times[0], 0
    for time in times[1:]:
        steps = max(1, round((time - expected) / step))
        place += steps
        expected += steps * step
        expected += _PULL * (time - expected)
        yield place


def steadied(
    frames: Iterable[tuple[Fraction | None, Fraction | None, Picture]], rate: Rate
) -> Iterator[tuple[Fraction | None, Fraction | None, Picture]]:
    """The same pictures at regular times where theirs tremble around these; increasing, less than a step away.

    Pictures that are missing leave their places empty; a rate that changes is followed.
    """
    expected, step = None, rate.step
    for time, length, picture in frames:
        if time is None:
            yield time, length, picture
            continue
        if expected is None:
            expected = rate.start if abs(rate.start - float(time)) < rate.step else float(time)
        else:
            steps = max(1, round((float(time) - expected) / step))
            off = float(time) - expected - steps * step
            if abs(off) <= step / 2:
                expected += steps * step + _PULL * off
                step += _PULL_STEP * off / steps
            else:
                expected = max(float(time), expected + 1e-4)
        yield Fraction(expected).limit_denominator(1_000_000), length, picture


def stream_rate(stream: av.video.stream.VideoStream, measured: Rate | None) -> Fraction:
    """The nominal rate, kept to 1..240: the declared one where it is about the measured one, 30 without either. Of a
    stream without times the one that its own headers name, else 25."""
    if has_times(stream.container):
        rate = Fraction(stream.average_rate or stream.guessed_rate or stream.base_rate or 30)
    else:  # the reader's rate is made up
        rate = Fraction(stream.codec_context.framerate or UNNAMED_RATE)
    if measured is not None and not 0.95 <= float(rate) * measured.step <= 1.05:
        rate = Fraction(1 / max(measured.step, 1e-6)).limit_denominator(1001)
    return min(max(rate, Fraction(1)), Fraction(240))
