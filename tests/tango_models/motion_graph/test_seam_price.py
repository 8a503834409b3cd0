"""A seam's predicted visibility: it is told by the footage of the two runs and by nothing else."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tango_models.motion_graph.edge_config import PriceConfig
from tango_models.motion_graph.jump_price import visibilities
from tango_models.motion_graph.seam_price import Views
from tests.tango_models.motion_graph.test_graph import speaker

_RUNS = st.lists(st.integers(1, 4), min_size=1, max_size=4)


def video(runs, seed):
    """Smooth motion in pictures, in runs of so many clips."""
    clips = sum(runs)
    return replace(speaker(clips, seed), run=np.repeat(np.arange(len(runs)), runs))


def all_pairs(first, second):
    src, dst = np.meshgrid(np.arange(first), first + np.arange(second), indexing="ij")
    return src.ravel(), dst.ravel()


@settings(max_examples=40)
@given(a=_RUNS, b=_RUNS, other=_RUNS, seed=st.integers(0, 9))
def test_what_stands_before_and_behind_two_videos_changes_no_price(a, b, other, seed):
    one, two, third = video(a, seed), video(b, seed + 1), video(other, seed + 2)
    third = replace(third, picture=255 - third.picture)
    src, dst = all_pairs(sum(a), sum(b))
    alone = visibilities(Views.of_videos([one, two]), src, dst, PriceConfig())
    before = visibilities(Views.of_videos([third, one, two]), src + sum(other), dst + sum(other), PriceConfig())
    behind = visibilities(Views.of_videos([one, two, third]), src, dst, PriceConfig())
    np.testing.assert_array_equal(alone, before)
    np.testing.assert_array_equal(alone, behind)


@settings(max_examples=40)
@given(runs=_RUNS, other=_RUNS, seed=st.integers(0, 9))
def test_the_next_run_of_a_video_changes_no_price(runs, other, seed):
    """A jump to the last clip of a run shows nothing of what was filmed after the cut."""
    one, two = video(runs, seed), video(other, seed + 1)
    src, dst = all_pairs(sum(runs), sum(other))
    found = visibilities(Views.of_videos([one, two]), src, dst, PriceConfig())
    for number in range(len(other)):
        bright = two.picture.copy()
        elsewhere = np.repeat(two.run != number, 4)
        bright[elsewhere] = 255 - bright[elsewhere]
        again = visibilities(Views.of_videos([one, replace(two, picture=bright)]), src, dst, PriceConfig())
        here = two.run[dst - sum(runs)] == number
        np.testing.assert_array_equal(found[here], again[here])
