"""Words and when they are spoken."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TimedWord:
    """A word with its place in a recording, in seconds."""

    text: str
    start: float
    end: float
