"""Constant frame rate out of timestamps: which decoded frame is on screen at output time k / fps."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import TypeVar

Picture = TypeVar("Picture")


def resample(
    frames: Iterable[tuple[Fraction | None, Fraction | None, Picture]], *, fps: Fraction, nominal_fps: Fraction
) -> Iterator[Picture]:
    """Pictures at constant `fps` from (time, duration, picture) in seconds, in presentation order.

    Output k is the picture whose interval [its time, next picture's time) covers first time + k / fps; the length is
    round(total duration * fps), at least 1. A picture may be repeated or left out.

    Containers round timestamps (Matroska to 1 ms, phones jitter by several), so an interval counts as begun a quarter
    of a frame early: 30 fps footage then maps one to one. A missing time continues at the nominal rate; a time that
    goes backward is dropped.
    """
    early = Fraction(1, 4) / max(fps, nominal_fps)
    step = 1 / nominal_fps
    first: Fraction | None = None
    current: Picture | None = None
    start = duration = Fraction(0)
    written = 0
    for time, length, picture in frames:
        if time is None:
            time = start + step if first is not None else Fraction(0)
        if first is None:
            first = time
        elif time <= start:
            continue
        else:
            until = math.ceil((time - early - first) * fps)  # outputs 0 .. until-1 lie before this picture
            while written < until:
                yield current  # type: ignore[misc]
                written += 1
        current, start, duration = picture, time, length if length and length > step / 2 else step
    if first is None:
        return
    # A last frame that claims to last long (a broken duration) is held for at most a second.
    total = max(1, round((start + min(duration, Fraction(1)) - first) * fps))
    while written < total:
        yield current  # type: ignore[misc]
        written += 1
