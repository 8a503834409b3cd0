"""Settings of the jumps: what is predicted to be seen of a seam, and which jumps are kept.

Apart from what computes with them, whose import takes a second."""

from dataclasses import dataclass, field

CUT = 11.0
"""Cost of a jump from which on it is a cut: another room, which nobody misses, and no frames between could hide.
Measured on seven clips of four speakers: from room to room 11.7 to 77; within one room 5.7 at most, 10.4 where an inset
picture switches, which the frames around a jump do hide (seen as 2.4 times what is usual). Another framing is priced as
one: see `EdgeConfig.framing`."""

WORST = 4.0
"""Cost of a jump from which on none is worse than the other: whatever is made of it, everybody sees it."""


@dataclass(frozen=True)
class PriceConfig:
    """How visible a seam will be; fitted to some hundred made seams of real speakers, one left out: see
    `python -m benchmarks.calibration` and benchmarks/RESULTS.md. Over all seams, near and far, `whole` fits best
    at 0.04 with a base of 1.3. Paths are made of near ones: with 0.15 a minute at a news desk had 2 seams of 44 that
    popped, with 0.1 5 of 39.

    visibility = max(whole, background), in the yardstick's unit, with

    whole = `base` + `whole` * mean |difference| / usual change + `own` * surprise / usual surprise,
    background = `background_base` + `background` * mean |difference| outside the person / usual change there,

    where surprise is the largest of the footage's own frames that the seam takes (what a frame shows beyond the one
    before it, moved: quick hands are hard to make, and seen by themselves), and a background counts as seen from
    `background_seen` on, the whole from 2.5. Of the background the yardstick mostly sees how the footage's own
    flickers, whether there is a seam or not: that is no price, and `background_base` is less than what was fitted
    (0.7 to 0.85), so that a background that does not change hides nothing else.
    """

    base: float = 0.1
    whole: float = 0.15
    own: float = 0.43
    background_base: float = 0.5
    background: float = 0.16
    background_seen: float = 1.5
    shift: float = 0.02
    """For each frame that the cut leaves the border by."""
    held: float = 0.15
    """For each frame that is shown where there is no footage."""


@dataclass(frozen=True)
class EdgeConfig:
    """Which jumps are kept.

    A jump costs what is predicted to be seen of its seam, in units of what is just seen (`seam_price`): about 0.5 like
    natural playback, from 1 on it can be seen. Nothing is forbidden: the cheapest of each clip are kept, and the search
    pays for what is visible.
    """

    price: PriceConfig = field(default_factory=PriceConfig)
    budget_same: int = 24
    """Cheapest jumps kept per clip within its own video."""
    budget_other: int = 12
    """Cheapest jumps kept per clip into each other video."""
    budget_node: int = 48
    """Cheapest jumps kept per clip of a graph, into all videos together."""
    separation: int = 3
    """In the clip's own run jumps to within this many clips are no edges: back they stutter, ahead they skip frames."""
    framing: float = 1.18
    """Times that a face may become larger or smaller in a jump. Beyond it the picture was enlarged, the camera moved or
    somebody else is seen, which a plain wall hides from the price: it costs `CUT` at least. Of 53,000 cheap jumps
    (below 1.3) in 40 videos it is 1.18 at most in the 29 that keep one framing, but for 1 in 1000 of two (1.22, 1.20);
    enlarging by a fifth to a half is usual."""
    candidates: int = 6
    """Pairs priced per jump kept; they are the nearest in pose, velocity, place, head and coarse picture together."""
