"""`auto`: makes a seam the cheapest way, looks at it, and tries another way only where it would be seen.

A made seam need not be foretold: it can be measured before it is shown, as a viewer's eye would, against the two runs
as they were filmed. So each way says how it is seen at this seam, and the least visible is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tango_models.interpolation.quality import seam_quality
from tango_models.interpolation.seam import Interpolator, Seam, settings_id
from tango_models.metrics.seam_visibility import POP, ResidualMeter

VERSION = 1
_FLOOR = 0.3  # grey levels: coding noise of a still picture is no motion
_CONTENT = 0.8  # of what is seen: nothing else is tried below
_SHARP = 0.9  # sharpness below which a way wins by blurring
_BLUR = 10.0  # visibility per lost sharpness


@dataclass(frozen=True)
class Made:
    """A seam's frames, by which way, and why.

    Attributes:
        frames: (2m, H, W, 3) uint8.
        way: name of the interpolator.
        visibility: of each way that was tried, as `made_visibility`, raised where it blurs.
    """

    frames: np.ndarray
    way: str
    visibility: Mapping[str, float]

    @property
    def why(self) -> str:
        """For the report: "flow 1.4", or "flow 3.1, dense 2.2" where several were tried, the first not good enough."""
        return ", ".join(f"{name} {value:.1f}" for name, value in self.visibility.items())


class AutoInterpolator:
    """See the module.

    Args:
        ways: interpolators by name, the first is tried first; None: `flow`, and flow without hands of their own.
    """

    def __init__(self, ways: Mapping[str, Interpolator] | None = None) -> None:
        if ways is None:
            from tango_models.interpolation.flow import FlowInterpolator

            ways = {"flow": FlowInterpolator(), "dense": FlowInterpolator(hands=False)}
        self.ways = dict(ways)

    @property
    def id(self) -> str:
        """`auto-version-hash` of the ways' own ids."""
        return settings_id("auto", VERSION, {name: way.id for name, way in self.ways.items()})

    def interpolate(self, seam: Seam) -> np.ndarray:
        """(2m, H, W, 3) uint8; the first frame is outgoing[0], the last incoming[-1], bit for bit."""
        return self.choose(seam).frames

    def choose(self, seam: Seam) -> Made:
        """The frames of the way that is seen least."""
        usual = filmed_residual(seam)
        seen: dict[str, float] = {}
        best, frames = "", seam.outgoing
        for name, way in self.ways.items():
            made = way.interpolate(seam)
            blur = max(0.0, _SHARP - seam_quality(seam, made).sharpness)
            seen[name] = made_visibility(made, usual) + _BLUR * blur
            if not best or seen[name] < seen[best]:
                best, frames = name, made
            if seen[best] < _CONTENT * POP:
                break
        return Made(frames, best, seen)


def make(name: str, interpolator: Interpolator, seam: Seam) -> Made:
    """What an interpolator, called `name`, makes of a seam, and how visible that is."""
    if isinstance(interpolator, AutoInterpolator):
        return interpolator.choose(seam)
    frames = interpolator.interpolate(seam)
    return Made(frames, name, {name: made_visibility(frames, filmed_residual(seam))})


def filmed_residual(seam: Seam) -> float:
    """Grey levels that a frame of the two runs shows beyond the one before it, as a rule."""
    found = [rest for run in (seam.outgoing, seam.incoming) for rest in _residuals(run)]
    moving = [rest for rest in found if rest > 0]  # frames that are held show nothing new
    return max(float(np.median(moving)) if moving else 0.0, _FLOOR)


def made_visibility(made: np.ndarray, usual: float) -> float:
    """How many times `usual` the most surprising of a seam's frames (2m, H, W, 3) shows."""
    return max(_residuals(made), default=0.0) / usual


def _residuals(frames: np.ndarray) -> list[float]:
    meter = ResidualMeter()
    for frame in frames:
        meter.see(frame)
    return meter.whole[1:].tolist()
