"""Settings of the jumps: what is predicted to be seen of a seam, and which jumps are kept.

Apart from what computes with them, whose import takes a second."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class PriceConfig:
    """How visible a seam will be; fitted by `python -m benchmarks.calibration` to 320 seams of five speakers as the
    interpolator of 2026-11-27 made them (a speaker left out: Spearman 0.51 to 0.96). Of seams as they are made since it
    tells less: see benchmarks/RESULTS.md.

    visibility = max(whole, background), in the yardstick's unit, with

    whole = `base` + `whole` * mean |difference| / usual change,
    background = `background_base` + `background` * mean |difference| outside the person / usual change there,

    where a background counts as seen from `background_seen` on and the whole from 2.5.
    """

    base: float = 1.36
    whole: float = 0.277
    background_base: float = 0.125
    background: float = 0.633
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
    candidates: int = 6
    """Pairs priced per jump kept; they are the nearest in pose, velocity, place, head and coarse picture together."""
