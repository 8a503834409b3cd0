"""Repeated frames are found and their pictures get their true times; rest and noise are not taken for repeats."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tango_models.media.pictures.cadence import (
    LONGEST_REPEAT,
    ChangeMeter,
    find_frozen,
    find_repeats,
    long_runs,
    neighbours_in_time,
    source_times,
)
from tango_models.media.pictures.small_grey import small_grey
from tango_models.media.pictures.source_times import TimedFrameReader
from tests.media_samples import write_video

COUNT = 120


def room(position, rng=None, noise=1.0):
    """(96, 96) uint8: a textured background and a person-sized disc at a place (x, y)."""
    background = 100 + 40 * np.sin(np.arange(96) * 0.7)[:, None] * np.cos(np.arange(96) * 0.5)
    y, x = np.mgrid[:96, :96]
    picture = np.where((x - position[0]) ** 2 + (y - position[1]) ** 2 < 225, 200 + 20 * np.sin(y * 0.9), background)
    if rng is not None:
        picture = picture + rng.normal(0, noise, (96, 96))
    return np.clip(picture, 0, 255).astype(np.uint8)


def gesture(times):
    """(T, 2) place of the disc, pixels: 1 to 2 px a frame, and a rest between frames 60 and 80."""
    moving = np.interp(times, [0, 60, 80, 1000], [0, 60, 60, 980])
    return np.stack([48 + 20 * np.sin(moving / 12), 48 + 12 * np.cos(moving / 7.3)], axis=1)


def changes(pictures):
    meter = ChangeMeter()
    for picture in pictures:
        meter.see(picture)
    return meter.change


def stored(source, noise):
    """Pictures taken at times `source`, the same bytes where a time comes twice but for `noise`."""
    rng = np.random.default_rng(0)
    return [room(place, rng, noise) for place in gesture(source)]


def cadence(kind):
    frame = np.arange(COUNT)
    if kind == "24":
        return np.floor(frame * 0.8) * 1.25  # four pictures in the time of five
    if kind == "25":
        return np.floor(frame * 25 / 30 + 1e-9) * 1.2
    if kind == "15":
        return frame // 2 * 2.0
    return np.where(frame % 5 == 4, frame - 1, frame).astype(float)  # frozen: one picture of five is lost


@pytest.mark.parametrize("kind", ["24", "25", "15", "frozen"])
def test_repeats_are_found_while_something_moves(kind):
    source = cadence(kind)
    truth = np.concatenate([[False], np.diff(source) == 0])
    found = find_repeats(changes(stored(source, 0.3)))
    moving = (np.arange(COUNT) > 2) & ((source < 58) | (source > 84)) & (np.arange(COUNT) < COUNT - 3)
    assert not (found & ~truth & moving).any()
    assert (found & truth & moving).sum() >= 0.9 * (truth & moving).sum()


@pytest.mark.parametrize("noise", [0.0, 0.5, 3.0])
def test_a_person_at_rest_and_footage_without_repeats_have_none(noise):
    rng = np.random.default_rng(1)
    still = [room((48, 48), rng, noise) for _ in range(COUNT)]
    assert not find_repeats(changes(still)).any()
    moving = stored(np.arange(COUNT, dtype=float), noise)
    assert not find_repeats(changes(moving)).any()


@pytest.mark.parametrize("kind", ["24", "frozen"])
def test_pictures_get_the_times_at_which_they_were_taken(kind):
    source = cadence(kind)
    source = np.where(source > 60, source + 24, source)  # no rest: every frame can be judged
    change = changes(stored(source, 0.3))
    repeated = np.concatenate([[False], np.diff(cadence(kind)) == 0])
    times = source_times(repeated, change)
    inner = slice(10, 110)
    assert np.abs(times - cadence(kind))[inner].max() < 0.8
    assert np.abs(np.diff(times[inner][~repeated[inner]])).std() < (0.1 if kind == "24" else 0.5)


def test_timestamps_of_the_file_win_over_what_is_guessed():
    stamps = np.floor(np.arange(COUNT) * 0.8) * 1.25
    repeated = np.concatenate([[False], np.diff(stamps) == 0])
    np.testing.assert_array_equal(source_times(repeated, np.ones(COUNT), stamps), stamps)


def test_motion_between_pictures_is_even():
    times = np.floor(np.arange(60) * 0.8) * 1.25
    left, right, share = neighbours_in_time(times)
    place = times * 3.0  # a hand that moves evenly, as shown
    moved = place[left] * (1 - share) + place[right] * share
    np.testing.assert_allclose(np.diff(moved)[:-3], 3.0, atol=1e-9)


def test_a_single_picture_has_neighbours():
    for times in (np.zeros(1), np.zeros(4)):
        left, right, share = neighbours_in_time(times)
        assert not left.any() and not right.any() and not share.any()


def test_a_file_of_24_fps_tells_the_times_of_its_pictures(tmp_path):
    pictures = [np.full((64, 64, 3), 10 * k, np.uint8) for k in range(24)]
    reader = TimedFrameReader(write_video(tmp_path / "film.mp4", pictures, fps=24))
    frames = list(reader)
    times = reader.source_times()
    assert len(times) == len(frames) == 30
    assert np.count_nonzero(np.diff(times) == 0) == 6
    steps = np.diff(times)
    np.testing.assert_allclose(steps[steps > 0], float(Fraction(30, 24)), atol=1e-3)


def test_uneven_timestamps_are_kept(tmp_path):
    times_ms = [0, 33, 66, 166, 200, 233, 266]
    pictures = [np.full((64, 64, 3), 30 * k, np.uint8) for k in range(7)]
    reader = TimedFrameReader(write_video(tmp_path / "phone.mp4", pictures, fps=None, times_ms=times_ms))
    count = len(list(reader))
    times = reader.source_times()
    assert len(times) == count
    np.testing.assert_allclose(times[:8], [0, 0.99, 1.98, 1.98, 1.98, 4.98, 6.0, 6.99], atol=0.02)


def test_a_picture_that_stands_still_is_found_and_a_person_at_rest_is_not():
    rng = np.random.default_rng(0)
    change = np.abs(rng.normal(1.0, 0.2, 200))  # rest: noise and breath
    change[80:140] = rng.uniform(0, 0.1, 60)
    change[80:140:12] = 1.2  # key frames of a frozen picture
    frozen = find_frozen(change, np.zeros(200, bool))
    edges = np.flatnonzero(np.diff(np.concatenate([[0], frozen.astype(int), [0]])))
    assert len(edges) == 2 and abs(edges[0] - 80) <= 4 and abs(edges[1] - 140) <= 4
    assert not find_frozen(np.abs(rng.normal(1.0, 0.2, 200)), np.arange(200) % 5 == 4).any()


def test_a_picture_held_by_its_timestamps_stands_still():
    repeated = np.zeros(100, bool)
    repeated[20:40] = True
    repeated[60:70] = True  # 3 fps: still a rate
    change = np.where(repeated, 0.0, 2.0)
    assert np.flatnonzero(find_frozen(change, repeated)).tolist() == list(range(20, 40))
    assert find_frozen(np.zeros(0), np.zeros(0, bool)).shape == (0,)


@settings(deadline=None, max_examples=80)
@given(
    fps=st.floats(4, 240),
    stamped=st.booleans(),
    at_rest=st.booleans(),
    freezes=st.lists(st.floats(0, 5), max_size=2),
    seed=st.integers(0, 2**32),
)
@example(fps=10.0, stamped=True, at_rest=True, freezes=[], seed=0)
@example(fps=12.0, stamped=False, at_rest=False, freezes=[1.0], seed=0)
def test_exactly_what_is_frozen_is_found_at_any_rate(fps, stamped, at_rest, freezes, seed):
    rng = np.random.default_rng(seed)
    seconds = 2.5 * (len(freezes) + 1) + sum(freezes)
    taken = np.floor(np.arange(round(30 * seconds)) * fps / 30 + rng.uniform(0, 1)).astype(int)
    seen, begin = np.arange(taken[-1] + 1), 0.0
    for freeze in freezes:
        begin += 2.5
        first, last = round(begin * fps), min(round((begin + freeze) * fps), len(seen) - 1)
        seen[first:last] = seen[min(first, last)]
        begin += freeze
    picture = np.concatenate([[False], np.diff(taken) > 0])  # a picture of the file begins here
    new = np.concatenate([[False], np.diff(seen[taken]) > 0])  # and shows something new
    # a person at rest breathes; a picture that is encoded again is a little different
    moved = rng.normal(1.0, 0.1, len(taken)) if at_rest else rng.uniform(1, 12, len(taken))
    change = np.where(new, moved, np.where(picture | (not stamped), rng.uniform(0, 0.15, len(taken)), 0.0))
    still = ~new
    still[0] = False
    found = find_frozen(change, ~picture & (np.arange(len(taken)) > 0) if stamped else np.zeros(len(taken), bool))
    np.testing.assert_array_equal(found, long_runs(still))


@pytest.mark.parametrize("fps", [7.5, 10, 12.5, 14.5, 15, 24])
@pytest.mark.parametrize("stored_at", ["its own rate", "30 fps"])
def test_footage_of_a_low_rate_stands_still_where_it_froze_and_nowhere_else(tmp_path, fps, stored_at):
    count, first, last = round(4 * fps), round(1.5 * fps), round(3 * fps)
    shown = np.arange(count)
    shown[first:last] = first
    if stored_at == "30 fps":
        shown = shown[(np.arange(120) * fps / 30).astype(int)]
    places = gesture(100 + shown * 30 / fps)  # behind its rest
    pictures = [np.repeat(room(place)[:, :, None], 3, axis=2) for place in places]
    path = write_video(tmp_path / "low.mp4", pictures, fps=fps if stored_at == "its own rate" else 30)
    reader = TimedFrameReader(path)
    change = changes([small_grey(frame) for frame in reader])
    frozen = find_frozen(change, np.diff(reader.source_times(), prepend=-1) == 0)
    begin, end = first / fps * 30, last / fps * 30
    assert frozen[round(begin) + 2 : round(end) - 2].all()
    assert not frozen[: round(begin) - 1].any() and not frozen[round(end) + 2 :].any()


def test_runs_are_long_beyond_the_longest_repeat():
    flags = np.repeat([False, True, False, True], [3, LONGEST_REPEAT, 2, LONGEST_REPEAT + 1])
    assert long_runs(flags).sum() == LONGEST_REPEAT + 1 and long_runs(flags)[-1]
