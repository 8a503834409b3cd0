"""How a video is shared out for detection."""

import itertools

import numpy as np
import pytest

from tasks.views.footage.segments import SEGMENT_FRAMES, SHORT_FRAMES, segment_key, segment_keys, segments


@pytest.mark.parametrize("n_frames", [1, 3, 4, 59, 60, 126, 381, 599, 600, 1081, 108_000, *range(200, 1000, 37)])
def test_the_segments_are_whole_clips_one_after_the_other_and_of_like_length(n_frames):
    parts = segments(n_frames)
    assert parts[0][0] == 0 and parts[-1][1] == n_frames
    assert all(stop == start for (_, stop), (start, _) in itertools.pairwise(parts))
    assert all(start % 4 == 0 for start, _ in parts)
    lengths = np.array([stop - start for start, stop in parts])
    assert lengths.max() <= SEGMENT_FRAMES + 4 and np.ptp(lengths) <= 8
    assert len(parts) == 1 or lengths.min() >= SHORT_FRAMES - 4


def test_two_workers_end_together_on_a_short_video():
    assert len(segments(381)) == 4 and len(segments(126)) == 2


@pytest.mark.parametrize("n_frames", [1, 126, 381, 1081])
def test_a_frame_is_found_in_the_segment_that_holds_it(n_frames):
    for frame in {0, n_frames // 3, n_frames // 2, n_frames - 1}:
        (k,) = [k for k, (start, stop) in enumerate(segments(n_frames)) if start <= frame < stop]
        assert segment_keys("v", n_frames, [frame]) == [segment_key("v", k)]
    assert segment_keys("v", n_frames) == [segment_key("v", k) for k in range(len(segments(n_frames)))]
    assert segment_keys("v", n_frames, range(n_frames)) == segment_keys("v", n_frames)
