"""Interpolators held against the truth: `evaluate(interpolators, gaps)` gives a line for each, length and speed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tango_models.errors import InputError
from tango_models.interpolation.acinterp.weights import acinterp_interpolator, weights_kind
from tango_models.interpolation.interpolators import NAMES, create_interpolator
from tango_models.interpolation.seam import Interpolator, Seam
from tango_models.truth.figures import Likeness, likeness, look_at
from tango_models.truth.gaps import SPEEDS, Gap
from tango_models.truth.hand_finder import HandFinder
from tango_models.truth.hands import hands_found, stray, true_hands

FOOTAGE = "footage"
"""The line of the true frames themselves: what the figures are where nothing was made."""


class CrossFade:
    """What everybody can do without knowing anything: one run fades into the other."""

    id = "fade-1"

    def interpolate(self, seam: Seam) -> np.ndarray:
        share = seam.alphas.reshape(-1, 1, 1, 1).astype(np.float32)
        return np.rint(seam.outgoing * (1 - share) + seam.incoming * share).astype(np.uint8)


def known_interpolators(
    names: Iterable[str] = (), settings: Mapping[str, Mapping[str, Any]] | None = None
) -> dict[str, Interpolator]:
    """All there are, or those of these names, by name: `cut`, `fade`, and the registered ones that can be used here.

    Args:
        settings: by name, those of `create_interpolator`.

    Raises:
        InputError: a name is unknown, or what it needs is absent.
    """
    plain: dict[str, Interpolator] = {"cut": create_interpolator("none"), "fade": CrossFade()}
    wanted, given = list(names), settings or {}
    if wanted:
        return {n: plain[n] if n in plain else create_interpolator(n, **given.get(n, {})) for n in wanted}
    found = dict(plain)
    for name in NAMES:
        if name != "none":
            try:
                found[name] = create_interpolator(name, **given.get(name, {}))
            except InputError:  # its package or its weights are not there
                continue
    return found


def trained_interpolators(files: Iterable[Path]) -> dict[str, Interpolator]:
    """Those of files of ACInterp's weights, by what they are: `refiner`, `small` or `sd15`; others of a kind numbered.

    Raises:
        InputError: there is no such file, or it is of another kind.
    """
    found: dict[str, Interpolator] = {}
    for path in files:
        kind, count = weights_kind(path), 1 + sum(name.split()[0] == weights_kind(path) for name in found)
        found[kind if count == 1 else f"{kind} {count}"] = acinterp_interpolator(path)
    return found


@dataclass(frozen=True)
class Score:
    """One interpolator at one gap.

    Attributes:
        hands, found: true hands in all frames together, and those that the made frames show.
        stray: made frames with a hand where there is none.
        frames: that were made.
        seconds: to make them.
    """

    interpolator: str
    kind: str
    length: int
    pace: int
    hands: int
    found: int
    stray: int
    frames: int
    likeness: Likeness
    seconds: float


@dataclass(frozen=True)
class Row:
    """Scores put together. pace: of `SPEEDS`, or `all`. recall: share of the true hands, NaN without any; stray: of
    the frames; worst: the least sharp frame of all; seconds: a frame. The others are means over gaps; see `Likeness`.
    """

    interpolator: str
    kind: str
    length: int
    pace: str
    gaps: int
    hands: int
    recall: float
    stray: float
    hand_error: float
    gradients: float
    sharpness: float
    worst: float
    warping: float
    seconds: float

    def cells(self) -> dict[str, str]:
        """As text, for a table."""
        return {
            "speed": self.pace,
            "made by": self.interpolator,
            "gaps": str(self.gaps),
            "hands": str(self.hands),
            "recall": f"{self.recall:.0%}" if self.hands else "–",
            "stray": f"{self.stray:.0%}",
            "error": f"{self.hand_error:.1f}",
            "gradient": f"{self.gradients:.3f}",
            "sharp": f"{self.sharpness:.2f}",
            "least": f"{self.worst:.2f}",
            "warping": f"{self.warping:.2f}",
            "s": f"{self.seconds:.2f}",
        }


def evaluate(
    interpolators: Mapping[str, Interpolator],
    gaps: Iterable[Gap],
    *,
    finder: HandFinder | None = None,
    progress: Callable[[int], None] | None = None,
) -> list[Row]:
    """What interpolators make of gaps, beside the footage itself; by kind and length of gap and speed of hands.

    Args:
        interpolators: by the name to be printed.
        gaps: are taken one at a time.
        finder: of hands; None makes one.
        progress: called with the number of gaps done after each.

    Raises:
        ValueError: an interpolator returned something else than frames for its seam.
    """
    scores: list[Score] = []
    with finder or HandFinder() as hands:
        for number, gap in enumerate(gaps, start=1):
            scores += judge(interpolators, gap, hands)
            if progress is not None:
                progress(number)
    return rows(scores)


def judge(interpolators: Mapping[str, Interpolator], gap: Gap, finder: HandFinder) -> list[Score]:
    """The scores of one gap."""
    before, after = gap.seam.outgoing[gap.made.start - 1], gap.seam.incoming[gap.made.stop]
    known, hands = look_at(before, gap.true, after, gap.hands), true_hands(gap, finder)

    def score(name: str, made: np.ndarray, seconds: float) -> Score:
        return Score(
            name, gap.kind, len(gap.made), gap.pace, len(hands), hands_found(made, hands, finder),
            stray(made, gap, finder), len(made), likeness(made, known), seconds,
        )  # fmt: skip

    scores = [score(FOOTAGE, gap.true, 0.0)]
    for name, interpolator in interpolators.items():
        began = time.perf_counter()
        window = interpolator.interpolate(gap.seam)
        seconds = time.perf_counter() - began
        if window.shape != gap.seam.outgoing.shape or window.dtype != np.uint8:
            raise ValueError(f"{name} made {window.shape} {window.dtype} of a window {gap.seam.outgoing.shape} uint8")
        scores.append(score(name, window[gap.made.start : gap.made.stop], seconds))
    return scores


def rows(scores: list[Score]) -> list[Row]:
    """Lines by kind, length, speed (all speeds last) and interpolator, in the order in which these first appear."""
    names = list(dict.fromkeys(score.interpolator for score in scores))
    found = []
    for kind, length in sorted({(score.kind, score.length) for score in scores}):
        group = [score for score in scores if (score.kind, score.length) == (kind, length)]
        for pace in [*sorted({score.pace for score in group}), None]:
            for name in names:
                part = [s for s in group if s.interpolator == name and pace in (None, s.pace)]
                if part:
                    found.append(_row(part, "all" if pace is None else SPEEDS[pace]))
    return found


def _row(scores: list[Score], pace: str) -> Row:
    first, hands, frames = scores[0], sum(s.hands for s in scores), sum(s.frames for s in scores)
    errors = np.array([s.likeness.hand_error for s in scores])

    def mean(name: str) -> float:
        return float(np.mean([getattr(s.likeness, name) for s in scores]))

    return Row(
        first.interpolator,
        first.kind,
        first.length,
        pace,
        gaps=len(scores),
        hands=hands,
        recall=sum(s.found for s in scores) / hands if hands else float("nan"),
        stray=sum(s.stray for s in scores) / frames,
        hand_error=float(np.nanmean(errors)) if np.isfinite(errors).any() else float("nan"),
        gradients=mean("gradients"),
        sharpness=mean("sharpness"),
        worst=min(s.likeness.sharpness for s in scores),
        warping=mean("warping"),
        seconds=sum(s.seconds for s in scores) / frames,
    )
