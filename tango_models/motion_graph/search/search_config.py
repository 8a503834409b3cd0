"""Settings of the search, apart from the search, which takes a second to import."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SearchConfig:
    """What a path pays besides its nodes. Node costs are those of `scoring.slot_cost.SlotWeights`."""

    jump_cost: float = 2.0
    """For every jump, seen or not: what it must save in several slots, so that nothing flickers."""
    edge_weight: float = 2.0
    """Times the fourth power of the edge's own cost, for every jump: 0.1 to 0.8 for one that cannot be seen, 2 for one
    that just can, 10 for one half as visible again, which only a want of other ways buys. (With the square, paths of
    four speakers had twice as many jumps that can be seen.)"""
    phrase_weight: float = 2.0
    """Times what a cut costs for being seen, once more for one within a phrase."""
    early_penalty: float = 4.0
    """Added to a jump out of a run that ends before `min_dwell` clips of it were shown."""
    noise: float = 0.15
    """Seeds other than 0 add up to this much to the costs of a second of footage, the same in all slots: they like
    other passages. (Drawn anew for every node or slot it would average out along a run and change nothing.) As much
    again is added to what the optimum shows, at about the time it shows it."""
    rounds: int = 200
    """Searches spent at most on the prices of the limits, which give the bound; fewer on large problems, at least 6."""
    exact_cells: int = 60_000_000
    """Slots x clips above which the search has a fixed lag: the way back of an exact one would take 6 bytes each."""
    limited_steps: int = 2_250
    """Slots (5 minutes) above which a search with limits has a fixed lag, so that it keeps them everywhere."""
    window: int = 600
    """Slots (80 s) that a search with fixed lag looks at together ..."""
    lag: int = 150
    """... of which the last ones (20 s) are searched again with the next. Measured loss: `benchmarks/search.py`."""
