"""Stretches in which the picture stands still are found; a person at rest, or a small one who speaks, is none."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tango_models.media.pictures.small_grey import small_grey
from tango_models.media.pictures.source_times import TimedFrameReader
from tango_models.media.pictures.stillness import LONGEST_REPEAT, SpotMeter, find_frozen, long_runs
from tests.media_samples import write_video
from tests.tango_models.media.pictures.moving import changes, gesture, room


def frozen_by(change, repeated):
    return find_frozen(change, repeated, np.zeros(len(change)))


def frozen_in(path):
    reader, spots, greys = TimedFrameReader(path), SpotMeter(), []
    for frame in reader:
        greys.append(small_grey(frame))
        spots.see(greys[-1])
    repeated = np.diff(reader.source_times(), prepend=-1) == 0
    return find_frozen(changes(greys), repeated, spots.spot)


def test_a_picture_that_stands_still_is_found_and_a_person_at_rest_is_not():
    rng = np.random.default_rng(0)
    change = np.abs(rng.normal(1.0, 0.2, 200))  # rest: noise and breath
    change[80:140] = rng.uniform(0, 0.1, 60)
    change[80:140:12] = 1.2  # key frames of a frozen picture
    frozen = frozen_by(change, np.zeros(200, bool))
    edges = np.flatnonzero(np.diff(np.concatenate([[0], frozen.astype(int), [0]])))
    assert len(edges) == 2 and abs(edges[0] - 80) <= 4 and abs(edges[1] - 140) <= 4
    assert not frozen_by(np.abs(rng.normal(1.0, 0.2, 200)), np.arange(200) % 5 == 4).any()


def test_a_picture_held_by_its_timestamps_stands_still():
    repeated = np.zeros(100, bool)
    repeated[20:40] = True
    repeated[60:70] = True  # 3 fps: still a rate
    change = np.where(repeated, 0.0, 2.0)
    assert np.flatnonzero(frozen_by(change, repeated)).tolist() == list(range(20, 40))
    assert frozen_by(np.zeros(0), np.zeros(0, bool)).shape == (0,)


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
    found = frozen_by(change, ~picture & (np.arange(len(taken)) > 0) if stamped else np.zeros(len(taken), bool))
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
    frozen = frozen_in(path)
    begin, end = first / fps * 30, last / fps * 30
    assert frozen[round(begin) + 2 : round(end) - 2].all()
    assert not frozen[: round(begin) - 1].any() and not frozen[round(end) + 2 :].any()


@pytest.mark.parametrize("share", [0.01, 0.03, 0.08])
@pytest.mark.parametrize("options", [{"crf": "23"}, {"crf": "32"}])
def test_a_small_speaker_beside_a_slide_moves_until_the_call_hangs(tmp_path, share, options):
    rng = np.random.default_rng(0)
    slide = np.full((360, 640, 3), 235, np.uint8)
    slide[40:320:24, 30:400] = rng.integers(20, 90, (12, 370, 1))
    side = round(np.sqrt(share * 360 * 640))
    pictures = []
    for k in np.minimum(np.arange(150), 100):  # the last 50 are one
        picture, mouth = slide.copy(), round(side * (0.06 + 0.05 * np.sin(0.8 * k)))
        speaker = picture[-side - 8 : -8, -side - 8 : -8]
        speaker[:] = 90
        speaker[side // 6 : side * 5 // 6, side // 4 : side * 3 // 4] = (205, 160, 140)
        middle = round(side * (0.62 + 0.02 * np.sin(0.11 * k)))
        speaker[middle - mouth : middle + mouth + 1, side * 2 // 5 : side * 3 // 5] = 60
        pictures.append(picture)
    frozen = frozen_in(write_video(tmp_path / "webinar.mp4", pictures, options=options))
    assert not frozen[:96].any() and frozen[104:].all()


def test_of_what_is_shorter_than_the_lag_nothing_is_known():
    meter = SpotMeter()
    for _ in range(5):
        meter.see(np.zeros((96, 96), np.uint8))
    assert meter.spot.tolist() == [0.0] * 5 and SpotMeter().spot.shape == (0,)


def test_runs_are_long_beyond_the_longest_repeat():
    flags = np.repeat([False, True, False, True], [3, LONGEST_REPEAT, 2, LONGEST_REPEAT + 1])
    assert long_runs(flags).sum() == LONGEST_REPEAT + 1 and long_runs(flags)[-1]
