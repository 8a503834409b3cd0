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
    surprise = np.random.default_rng(seed).uniform(0.5, 3, 4 * clips).astype(np.float32)
    return replace(speaker(clips, seed), run=np.repeat(np.arange(len(runs)), runs), surprise=surprise)


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
        lively = np.where(elsewhere, 50.0, two.surprise).astype(np.float32)
        again = Views.of_videos([one, replace(two, picture=bright, surprise=lively)])
        again = visibilities(again, src, dst, PriceConfig())
        here = two.run[dst - sum(runs)] == number
        np.testing.assert_array_equal(found[here], again[here])


@settings(max_examples=40)
@given(at=st.integers(-24, 24), repeated=st.booleans(), seed=st.integers(0, 9))
def test_a_quick_movement_is_paid_for_where_the_seam_would_take_it(at, repeated, seed):
    """The seam takes 8 frames of each run, and the cut moves by 4 at most: nothing further away counts."""
    still = replace(speaker(20, seed, still=True), surprise=np.ones(80, np.float32))
    src, dst = np.array([9]), np.array([20 + 10])  # the border lies at frame 40 of both
    price = visibilities(Views.of_videos([still, still]), src, dst, PriceConfig())[0, 0]
    spike = still.surprise.copy()
    spike[40 + at] = 6
    twice = np.zeros(80, bool)
    twice[40 + at] = repeated  # a repeated frame shows nothing new, whatever its number says
    quick = replace(still, surprise=spike, repeated=twice)
    leaving = visibilities(Views.of_videos([quick, still]), src, dst, PriceConfig())[0, 0]
    entering = visibilities(Views.of_videos([still, quick]), src, dst, PriceConfig())[0, 0]
    more = 0 if repeated else 5 * PriceConfig().own
    far = np.float32(price)
    assert leaving == far if not -12 <= at < 4 else far <= leaving <= far + more + 1e-5
    assert entering == far if not -4 <= at < 12 else far <= entering <= far + more + 1e-5
    spike[[35, 39]] = 6  # wherever the cut moves to, it takes one of them
    everywhere = replace(still, surprise=spike)
    found = visibilities(Views.of_videos([everywhere, still]), src, dst, PriceConfig())[0, 0]
    np.testing.assert_allclose(found, far + 5 * PriceConfig().own, atol=1e-5)
