import numpy as np
import pytest

from tango_models.motion_graph.edge_config import CUT, WORST
from tango_models.motion_graph.graph import Edges
from tango_models.motion_graph.reuse import clips_to_share, even_reuse
from tango_models.motion_graph.search.path_search import search_path


def parts(*sizes, between):
    """Runs that are each joined in themselves unseen, and with the next, to and fro, by jumps of a cost."""
    ends = np.cumsum(sizes)
    starts = ends - np.array(sizes)
    successor = np.arange(1, ends[-1] + 1, dtype=np.int32)
    successor[ends - 1] = -1
    jumps = [
        (a, b, 0.5) for s, e in zip(starts, ends, strict=True) for a in range(s + 3, e) for b in range(s, e - 3, 4)
    ]
    jumps += [(e - 1, s, between) for e, s in zip(ends[:-1], starts[1:], strict=True)]
    jumps += [(e - 1, s, between) for e, s in zip(ends[1:], starts[:-1], strict=True)]
    src, dst, cost = zip(*jumps, strict=True)
    return Edges(np.array(src, np.int32), np.array(dst, np.int32), np.array(cost, np.float32), successor)


ALL = np.ones(60, bool)


@pytest.mark.parametrize(
    ("between", "clips"), [(0.9, 60), (WORST - 0.1, 60), (WORST, 40), (CUT - 0.1, 40), (CUT, 60), (70.0, 60)]
)
def test_uses_are_shared_by_the_clips_that_a_path_goes_round_in_unseen(between, clips):
    assert clips_to_share(parts(40, 20, between=between), ALL) == clips


def test_where_no_part_has_most_of_the_clips_all_share():
    assert clips_to_share(parts(30, 30, between=6.0), ALL) == 60
    assert clips_to_share(parts(20, 20, 20, between=6.0), ALL) == 60
    assert clips_to_share(parts(31, 29, between=6.0), ALL) == 31


def test_clips_that_may_not_be_shown_share_nothing():
    hidden = ALL.copy()
    hidden[45:] = False
    assert clips_to_share(parts(40, 20, between=6.0), hidden) == 40
    assert clips_to_share(parts(40, 20, between=6.0), ~ALL) == 0
    alone = Edges(np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, np.float32), np.full(1, -1, np.int32))
    assert clips_to_share(alone, np.ones(1, bool)) == 1


@pytest.mark.parametrize("seed", range(5))
def test_a_path_makes_no_jump_that_everybody_sees_only_to_be_even(seed):
    edges = parts(40, 20, between=6.0)
    cost = np.random.default_rng(seed).random((300, 60), dtype=np.float32)
    path = search_path(cost, edges, max_reuse=even_reuse(300, clips_to_share(edges, ALL)))
    price = dict(zip(zip(edges.src.tolist(), edges.dst.tolist(), strict=True), edges.cost.tolist(), strict=True))
    assert max(price[int(path.nodes[t - 1]), int(path.nodes[t])] for t in path.seams) < WORST
    assert path.feasible
