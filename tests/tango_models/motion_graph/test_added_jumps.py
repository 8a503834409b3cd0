"""More jumps for footage that has few."""

import numpy as np

from tango_models.motion_graph import added_jumps
from tango_models.motion_graph.added_jumps import join
from tango_models.motion_graph.graph import build_graph
from tests.tango_models.motion_graph.test_graph import speaker


def sparse(videos, budget=1):
    graph = join(build_graph(videos), videos)
    jumps, rank = graph.jumps, np.arange(len(graph.jumps)) - np.searchsorted(graph.jumps.src, graph.jumps.src)
    keep = (rank < budget) | graph.bridge
    return added_jumps.replace(graph, jumps=jumps.take(np.flatnonzero(keep)), bridge=graph.bridge[keep])


def pairs(graph):
    return list(zip(graph.jumps.src.tolist(), graph.jumps.dst.tolist(), strict=True))


def test_clips_with_few_jumps_get_more_and_keep_theirs():
    videos = [speaker(40), speaker(30, seed=1)]
    before = sparse(videos)
    after = added_jumps.add_ways(before, videos)
    assert len(after.jumps) > 1.5 * len(before.jumps)
    assert set(pairs(before)) <= set(pairs(after))
    assert len(set(pairs(after))) == len(after.jumps)
    new = [k for k, pair in enumerate(pairs(after)) if pair not in set(pairs(before))]
    assert after.jumps.cost[new].max() <= 0.8
    assert not after.bridge[new].any()
    assert after.bridge.sum() == before.bridge.sum()
    same_run = (after.jumps.src < 40) == (after.jumps.dst < 40)
    assert (np.abs(after.jumps.src - after.jumps.dst)[new][same_run[new]] > 3).all()
    assert np.bincount(after.jumps.src[new], minlength=70).max() <= 4
    assert pairs(added_jumps.add_ways(before, videos)) == pairs(after)


def test_one_clip_and_long_footage_stay_as_they_are(monkeypatch):
    one = [speaker(1)]
    alone = join(build_graph(one), one)
    assert pairs(added_jumps.add_ways(alone, one)) == pairs(alone)
    monkeypatch.setattr(added_jumps, "_LARGEST", 60)
    videos = [speaker(40), speaker(30, seed=1)]
    long = sparse(videos)
    assert added_jumps.add_ways(long, videos) is long
