"""What is told of lips: the lines of both tables."""

from __future__ import annotations

from dataclasses import dataclass

NOT_TOLD = float("nan")


@dataclass(frozen=True)
class LipFigures:
    """A line of the table. What cannot be told is NaN.

    Attributes:
        name: of the video; lips: `footage` for its own sound, else what made them. Two are not watched but looked up:
            `off`, the mouths of the frames that a path shows, and `random`, mouths from anywhere in the footage.
        corr, lag, z: of opening and loudness; see `LoudnessFit`.
        rest: opening in pauses, of that in speech.
        closed: share of p, b and m with closed lips; false: share of open vowels with them. By the sounds that are
            heard, by which the lips were made, too.
        known, known_false: the same by the sounds that were said, where they are known (`synthetic.known_sounds`).
        sharp: of the mouth's picture, of that in the footage that is shown.
        rim: gradients around the mouth, of those in the footage.
        pops: share of the changes of a painted mouth's source that can be seen.
        beside: of as many other moments, and which: `off`, the same ones in the render without; `footage`, random ones
            in the footage.
    """

    name: str
    lips: str
    corr: float
    lag: int
    z: float
    rest: float
    closed: float
    false: float
    known: float = NOT_TOLD
    known_false: float = NOT_TOLD
    sharp: float = NOT_TOLD
    rim: float = NOT_TOLD
    pops: float = NOT_TOLD
    beside: float = NOT_TOLD
    which: str = ""

    def cells(self) -> dict[str, str]:
        """As text, for a table."""
        return {name: _cell(value) for name, value in vars(self).items()}


@dataclass(frozen=True)
class HeldOutFigures:
    """How well the lips of a video are told from its own sound, `lead` frames ahead of it; see `HeldOut`. NaN and None
    where its mouths do not tell.

    Attributes:
        learned: `corr` of lips that are told by what was learned from the other half of the video; NaN where that is
            too little to learn from.
    """

    name: str
    lead: int
    corr: float = NOT_TOLD
    oracle: float = NOT_TOLD
    lag: int | None = None
    error: float = NOT_TOLD
    best: float = NOT_TOLD
    average: float = NOT_TOLD
    learned: float = NOT_TOLD

    def cells(self) -> dict[str, str]:
        """As text, for a table."""
        return {name: _cell(value) for name, value in vars(self).items()}


def _cell(value: str | int | float | None) -> str:
    if value is None:
        return "·"
    if isinstance(value, float):
        return "·" if value != value else f"{value:.2f}"
    return str(value)
