"""Which take of a path is shown."""

import random

import pytest

from flows.takes import Take, best_take, replaced


class Footage:
    """Paths by what was seen before; each shows its jumps."""

    def __init__(self, *takes):
        self.takes, self.made, self.fails = list(takes), [], False

    def make(self, seen):
        self.made.append(seen)
        return not self.fails

    def pops(self, seen):
        return self.takes[len(self.made) - 1]


def test_where_none_pops_there_is_one_take():
    footage = Footage([])
    first, best = best_take(footage.make, footage.pops)
    assert first is best and footage.made == [[]] and replaced(first, best) == []


def test_what_pops_is_said_to_the_next_take_and_the_best_is_shown():
    footage = Footage([("a", "b", 3.0), ("c", "d", 2.6)], [("e", "f", 2.7)], [])
    first, best = best_take(footage.make, footage.pops)
    assert footage.made[1] == [("a", "b", 3.0), ("c", "d", 2.6)]
    assert footage.made[2] == sorted([*footage.made[1], ("e", "f", 2.7)])
    assert best.pops == [] and replaced(first, best) == ["2 jumps that would have been seen were replaced by others"]


def test_no_other_way_ends_it_and_a_worse_take_is_not_shown():
    same = [("a", "b", 3.0)]
    footage = Footage(same, same)
    first, best = best_take(footage.make, footage.pops)
    assert len(footage.made) == 2 and best is first and replaced(first, best) == []
    worse = Footage(same, [("c", "d", 4.0)], [("c", "d", 4.0), ("a", "b", 3.0)])
    assert best_take(worse.make, worse.pops)[1].pops == same


def test_a_stage_that_fails_ends_it():
    footage = Footage([("a", "b", 3.0)])
    footage.fails = True
    assert best_take(footage.make, footage.pops) is None and len(footage.made) == 1


@pytest.mark.parametrize("seed", range(30))
def test_the_shown_take_is_never_worse_than_the_first(seed):
    rng = random.Random(seed)
    takes = [
        [(rng.choice("abc"), rng.choice("def"), rng.uniform(2.5, 6)) for _ in range(rng.randint(0, 4))]
        for _ in range(3)
    ]
    footage = Footage(*(sorted({pop[:2]: pop for pop in take}.values()) for take in takes))
    first, best = best_take(footage.make, footage.pops)
    assert isinstance(best, Take) and best.judged <= first.judged
    assert len(footage.made) <= 3
