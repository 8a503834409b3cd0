"""A path in time: exact length, and seam windows that never meet."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_catalog import clip_id
from data_catalog.schemas import CLIP_FRAMES
from tasks.playback import play, run_around


def _path(runs: list[tuple[int, int]], video: str = "v") -> tuple[list[str], list[int]]:
    """Clips and jump positions of runs given as (first clip, length)."""
    clips, jumps = [], []
    for first, length in runs:
        if clips:
            jumps.append(len(clips))
        clips += [clip_id(video, first + k) for k in range(length)]
    return clips, jumps


def test_frames_follow_the_clips_and_the_last_clip_is_cut_short():
    clips, jumps = _path([(10, 3), (2, 3)])
    playback = play(clips, jumps, 22, half_window=4)
    assert playback.frame.tolist() == [*range(40, 52), *range(8, 18)]
    assert [(seam.cut, seam.half) for seam in playback.seams] == [(12, 4)]


def test_a_jump_after_the_last_frame_is_no_seam():
    clips, jumps = _path([(0, 3), (7, 1)])
    assert play(clips, jumps, 12, half_window=4).seams == []


@given(
    runs=st.lists(st.tuples(st.integers(0, 50), st.integers(1, 6)), min_size=1, max_size=8),
    spare=st.integers(0, CLIP_FRAMES - 1),
    half=st.integers(1, 8),
)
def test_windows_lie_inside_the_output_and_do_not_overlap(runs, spare, half):
    clips, jumps = _path(runs)
    n_frames = len(clips) * CLIP_FRAMES - spare
    playback = play(clips, jumps, n_frames, half_window=half)
    assert len(playback.frame) == len(playback.video) == n_frames
    shown = [t for seam in playback.seams for t in seam.frames]
    assert len(shown) == len(set(shown))
    assert all(0 <= t < n_frames for t in shown)
    assert all(seam.half <= half for seam in playback.seams)


@pytest.mark.parametrize(
    ("clip", "from_end", "expected"),
    [(clip_id("v", 2), True, [10, 11, 12, 13]), (clip_id("v", 2), False, [6, 7, 8, 9])],
)
def test_both_runs_go_on_over_the_cut(clip, from_end, expected):
    assert run_around(clip, np.arange(-2, 2), from_end=from_end, n_frames=100).tolist() == expected


def test_a_run_without_footage_beyond_holds_its_last_frame():
    assert run_around(clip_id("v", 2), np.arange(-2, 2), from_end=True, n_frames=12).tolist() == [10, 11, 11, 11]
    assert run_around(clip_id("v", 0), np.arange(-2, 2), from_end=False, n_frames=12).tolist() == [0, 0, 0, 1]
