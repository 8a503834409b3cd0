"""`auto`: makes a seam the cheapest way, looks at it, and tries another way only where it would be seen.

A made seam need not be foretold: it can be measured before it is shown, as a viewer's eye would, against the two runs
as they were filmed. So each way says how it is seen at this seam, and the least visible is kept.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from tango_models.errors import InputError
from tango_models.interpolation.bars import picture_box, with_bars, without_bars
from tango_models.interpolation.quality import SeamQuality, seam_quality
from tango_models.interpolation.seam import Interpolator, Seam, frames_and_note, frames_around, settings_id
from tango_models.interpolation.solidity import hand_solidity
from tango_models.metrics.seam_visibility import POP, ResidualMeter

VERSION = 2
_FLOOR = 0.3  # grey levels: coding noise of a still picture is no motion
_CLEARLY = 0.85  # of what is seen of an earlier way: a later one must be seen that little to be taken in its place.
# `flow` brings hands as pictures of their own; hands shown twice are hardly seen by a residual, but are by a viewer
_CONTENT = 0.8  # of what is seen: nothing else is tried below
_SOLID = 0.9
"""Of the hands' solidity of an earlier way: a later one whose hands are fainter is not taken, however little of it is
seen. At the three to five most visible jumps of each of three real speakers (twelve) `flow` keeps 0.67 to 0.89 of a
hand's edges, the refiner (trained for 26 minutes) 0.08 to 0.61, and once 0.89, `rife` at three of them 0.22 to 0.72.
Eight of newsdesk's 22 jumps that are seen went to the refiner before, with hands that are half transparent."""
_SHARP = 0.9  # sharpness below which a way wins by blurring
_BLUR = 10.0  # visibility per lost sharpness


@dataclass(frozen=True)
class Made:
    """A seam's frames, by which way, and why.

    Attributes:
        frames: (2m, H, W, 3) uint8.
        way: name of the interpolator.
        visibility: of each way that was tried, as `made_visibility`, raised where it blurs.
        quality: of the frames.
        notes: what ways have to say of what they made.
    """

    frames: np.ndarray
    way: str
    visibility: Mapping[str, float]
    quality: SeamQuality
    notes: Mapping[str, str] = field(default_factory=dict)

    @property
    def why(self) -> str:
        """For the report: "flow 1.4", or "flow 3.1, rife 2.2" where several were tried, the first not good enough; a
        way's own note follows it."""
        return ", ".join(
            f"{name} {value:.1f}" + (f" ({self.notes[name]})" if self.notes.get(name) else "")
            for name, value in self.visibility.items()
        )


class AutoInterpolator:
    """See the module.

    Args:
        ways: interpolators by name, the first is tried first; None: those of `usual_ways`.
        weights: settings of `acinterp` for them: the file, and what stands for it in ids; none for no such way.
    """

    def __init__(self, ways: Mapping[str, Interpolator] | None = None, **weights: Any) -> None:
        self.ways = usual_ways(**weights) if ways is None else dict(ways)

    @property
    def around(self) -> int:
        """Frames beyond a seam that one of the ways wants to see."""
        return max((frames_around(way) for way in self.ways.values()), default=0)

    def tell(self, seam: Seam) -> tuple[np.ndarray, str]:
        """As `interpolate`; what there is to say stands in what `choose` returns."""
        return self.interpolate(seam), ""

    @property
    def id(self) -> str:
        """`auto-version-hash` of the ways' own ids, and of what decides between several."""
        decides = {"solid": _SOLID} if len(self.ways) > 1 else {}
        return settings_id("auto", VERSION, {name: way.id for name, way in self.ways.items()} | decides)

    def interpolate(self, seam: Seam) -> np.ndarray:
        """(2m, H, W, 3) uint8; the first frame is outgoing[0], the last incoming[-1], bit for bit."""
        return self.choose(seam).frames

    def choose(self, seam: Seam) -> Made:
        """The frames of the way that is seen least: of the first of those that are seen about as much, of none whose
        hands are fainter than those of one before it."""
        usual = filmed_residual(seam)
        seen: dict[str, float] = {}
        notes: dict[str, str] = {}
        best: tuple[str, np.ndarray, SeamQuality] | None = None
        for name, way in self.ways.items():
            made, notes[name] = frames_and_note(way, seam)
            quality = seam_quality(seam, made)
            seen[name] = made_visibility(made, usual) + _BLUR * max(0.0, _SHARP - quality.sharpness)
            if best is None:
                best = name, made, quality
            elif seen[name] < _CLEARLY * seen[best[0]]:
                if hand_solidity(seam, made) >= _SOLID * hand_solidity(seam, best[1]):
                    best = name, made, quality
                else:
                    notes[name] = "; ".join(filter(None, [notes[name], "its hands are fainter"]))
            if seen[best[0]] < _CONTENT * POP:
                break
        assert best is not None, "no way is given"
        return Made(best[1], best[0], seen, best[2], notes)


def usual_ways(**weights: Any) -> dict[str, Interpolator]:
    """`flow`; with weights of `acinterp` also what learned to make frames, the cheapest first: `rife` where its package
    is installed, then `acinterp`. InputError as for `acinterp_interpolator`.

    (Flow without hands of their own was one more way: of 135 seams of four speakers it was taken for 3, none of which
    would be seen without it, and it cost a third of all seams' time.)
    """
    from tango_models.interpolation.warping.flow import FlowInterpolator

    ways: dict[str, Interpolator] = {"flow": FlowInterpolator()}
    if weights:
        from tango_models.interpolation.acinterp.weights import acinterp_interpolator
        from tango_models.interpolation.rife import RifeInterpolator

        with contextlib.suppress(InputError):  # not installed
            ways["rife"] = RifeInterpolator()
        ways["acinterp"] = acinterp_interpolator(**weights)
    return ways


def make(name: str, interpolator: Interpolator, seam: Seam) -> Made:
    """What an interpolator, called `name`, makes of a seam, and how visible that is. Black bars stay as they are."""
    box = picture_box(seam)
    if box != (0, 0, *seam.outgoing.shape[2:0:-1]):
        made = _make(name, interpolator, without_bars(seam, box))
        return replace(made, frames=with_bars(seam, made.frames, box))
    return _make(name, interpolator, seam)


def _make(name: str, interpolator: Interpolator, seam: Seam) -> Made:
    if isinstance(interpolator, AutoInterpolator):
        return interpolator.choose(seam)
    frames, note = frames_and_note(interpolator, seam)
    visibility = {name: made_visibility(frames, filmed_residual(seam))}
    return Made(frames, name, visibility, seam_quality(seam, frames), {name: note})


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
