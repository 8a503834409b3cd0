"""A path in time: exact length, seam windows that never meet, and runs that go on beyond their clips."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_catalog import clip_id
from data_catalog.tables.sizes import CLIP_FRAMES
from tango_models.interpolation.seam_placement import Placement
from tasks.views.paths.playback import play, run_around, shot_of


def _path(runs: list[tuple[int, int]], video: str = "v") -> tuple[list[str], list[int]]:
    """Clips and jump positions of runs given as (first clip, length)."""
    clips, jumps = [], []
    for first, length in runs:
        if clips:
            jumps.append(len(clips))
        clips += [clip_id(video, first + k) for k in range(length)]
    return clips, jumps


def _widest(src: str, dst: str, before: int, after: int) -> Placement:
    return Placement(0, min(before, after, 4))


def test_frames_follow_the_clips_and_the_last_clip_is_cut_short():
    clips, jumps = _path([(10, 3), (2, 3)])
    playback = play(clips, jumps, 22, place=_widest)
    assert playback.frame.tolist() == [*range(40, 52), *range(8, 18)]
    assert [(seam.cut, seam.half) for seam in playback.seams] == [(12, 4)]


def test_a_late_cut_shows_the_old_run_for_longer_and_an_early_one_the_new():
    clips, jumps = _path([(10, 3), (2, 3)])
    late = play(clips, jumps, 22, place=lambda *_: Placement(2, 3))
    assert late.frame.tolist() == [*range(40, 54), *range(10, 18)]
    early = play(clips, jumps, 22, place=lambda *_: Placement(-3, 2))
    assert early.frame.tolist() == [*range(40, 49), *range(5, 18)]
    assert [(seam.cut, seam.offsets.tolist()) for seam in late.seams] == [(14, [-1, 0, 1, 2, 3, 4])]
    assert list(early.seams[0].frames) == [7, 8, 9, 10]


def test_the_video_changes_at_the_cut():
    clips = [clip_id("a", 0), clip_id("a", 1), clip_id("b", 5), clip_id("b", 6)]
    playback = play(clips, [2], 16, place=lambda *_: Placement(-1, 2))
    assert "".join(playback.track) == "a" * 7 + "b" * 9
    assert playback.frame.tolist() == [*range(7), *range(19, 28)]


def test_a_jump_after_the_last_frame_is_no_seam():
    clips, jumps = _path([(0, 3), (7, 1)])
    assert play(clips, jumps, 12, place=_widest).seams == []


@given(
    runs=st.lists(st.tuples(st.integers(10, 50), st.integers(1, 6)), min_size=1, max_size=8),
    spare=st.integers(0, CLIP_FRAMES - 1),
    late=st.booleans(),
)
def test_windows_lie_inside_the_output_and_do_not_overlap(runs, spare, late):
    clips, jumps = _path(runs)
    n_frames = len(clips) * CLIP_FRAMES - spare

    def place(src: str, dst: str, before: int, after: int) -> Placement:
        half = (before + after) // 2  # all there is, at either end of it
        return Placement(after - half if late else half - before, half)

    playback = play(clips, jumps, n_frames, place=place)
    assert len(playback.frame) == len(playback.track) == n_frames
    shown = [t for seam in playback.seams for t in seam.frames]
    assert len(shown) == len(set(shown))
    assert all(0 <= t < n_frames for t in shown)
    assert all(seam.frames.start <= seam.cut <= seam.frames.stop for seam in playback.seams)


@pytest.mark.parametrize(
    ("clip", "from_end", "expected"),
    [(clip_id("v", 2), True, [10, 11, 12, 13]), (clip_id("v", 2), False, [6, 7, 8, 9])],
)
def test_both_runs_go_on_over_the_cut(clip, from_end, expected):
    assert run_around(clip, np.arange(-2, 2), from_end=from_end, shot=(0, 100)).tolist() == expected


def test_a_run_without_footage_beyond_holds_its_last_frame():
    around = np.arange(-2, 2)
    assert run_around(clip_id("v", 2), around, from_end=True, shot=(0, 12)).tolist() == [10, 11, 11, 11]
    assert run_around(clip_id("v", 2), around, from_end=False, shot=(8, 20)).tolist() == [8, 8, 8, 9]


def test_a_shot_ends_at_the_cuts_of_its_video():
    video = {"n_frames": 40, "cuts": [8, 30]}
    assert [shot_of(video, clip_id("v", k)) for k in (0, 1, 2, 6, 9)] == [(0, 8), (0, 8), (8, 30), (8, 30), (30, 40)]
