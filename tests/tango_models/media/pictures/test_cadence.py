"""Repeated frames are found and their pictures get their true times; rest and noise are not taken for repeats."""

from fractions import Fraction

import numpy as np
import pytest

from tango_models.media.pictures.cadence import (
    find_repeats,
    neighbours_in_time,
    source_times,
)
from tango_models.media.pictures.source_times import TimedFrameReader
from tests.media_samples import write_video
from tests.tango_models.media.pictures.moving import changes, gesture, room

COUNT = 120


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
