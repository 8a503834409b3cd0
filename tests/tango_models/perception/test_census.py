"""Two people in view: who is followed, and that nobody is hidden where there is but one."""

import numpy as np
import pytest

from tango_models.perception import HolisticDetector
from tango_models.perception.census import Census
from tango_models.perception.faces import Face
from tango_models.perception.others import Others, Track, hide
from tango_models.synthetic.company import Place
from tests.tango_models.perception.two_people import (
    SHOULDERS,
    SIDE,
    WIDTH,
    WRISTS,
    add_person,
    count_people,
    moving,
    performance,
    scene,
)

FRAMES, AWAY = 24, 52


@pytest.fixture(scope="module")
def detector():
    with HolisticDetector() as detector:
        yield detector


def hidden(others, frames, first=0):
    return [hide(frame, others.hidden(first + t, WIDTH, SIDE)[0]) for t, frame in enumerate(frames)]


SCENES = {
    "one nearer": (lambda u: Place(110, 1.0), lambda u: Place(285, 0.8)),
    "one larger comes in": (lambda u: Place(115, 0.9), lambda u: Place(moving(500, 275, 0.5, 0.7)(u), 1.05)),
    "sizes cross": (lambda u: Place(130, moving(1.15, 0.85)(u)), lambda u: Place(295, moving(0.7, 1.0)(u))),
}


@pytest.mark.parametrize("name", SCENES)
def test_the_speaker_is_followed_in_every_frame_and_his_hands_are_his_own(name, detector):
    room = scene(FRAMES, *SCENES[name])
    others = count_people(room.frames)
    assert others is not None and len(others.beside) == 1
    detector.reset()
    found = detector.detect(hidden(others, room.frames))
    assert found.found.all()
    assert room.near(found, "speaker", SHOULDERS).max() < 0.1 * SIDE
    assert (room.near(found, "speaker", WRISTS) < room.near(found, "other", WRISTS)).all()
    seen = np.isfinite(found.hands_xy[:, :, 0, 0])
    assert seen.mean() > 0.8
    own, foreign = room.hands(found, "speaker"), room.hands(found, "other")[:, ::-1]
    assert (own[seen] < foreign[seen]).all() and np.percentile(own[seen], 95) < 0.06 * SIDE


def test_a_part_of_the_video_that_begins_with_the_other_one_larger_shows_the_same_person(detector):
    room = scene(FRAMES, *SCENES["one larger comes in"])
    start = FRAMES - 5
    part = room.since(start)
    detector.reset()
    assert (part.near(detector.detect(part.frames), "other", SHOULDERS) < 0.1 * SIDE).all()  # unless something is done
    detector.reset()
    found = detector.detect(hidden(count_people(room.frames), part.frames, start))
    assert found.found.all() and part.near(found, "speaker", SHOULDERS).max() < 0.1 * SIDE


def test_who_stays_while_the_speaker_is_away_is_never_taken_for_him(detector):
    def speaker(u):
        return Place(moving(110, -120, 0.35, 0.45)(u) if u < 0.6 else moving(-120, 110, 0.6, 0.7)(u), 1.1)

    room = scene(AWAY, speaker, lambda u: Place(285, 0.7))
    others = count_people(room.frames)
    detector.reset()
    found = detector.detect(hidden(others, room.frames))
    away = slice(int(0.45 * AWAY), int(0.6 * AWAY))
    near = room.near(found, "other", SHOULDERS).max(1)
    assert not (near < 0.15 * SIDE).any()
    assert found.found[:16].all() and found.found[-10:].all()
    assert (room.near(found, "speaker", SHOULDERS)[-10:] < 0.1 * SIDE).all()
    assert found.body_visibility[away].mean() < 0.5 * found.body_visibility[:16].mean()


def test_a_lone_speaker_a_portrait_on_the_wall_and_a_passer_by_far_behind_leave_the_frames_as_they_are():
    alone = scene(24, lambda u: Place(150, 1.0), lambda u: None)
    assert count_people(alone.frames) is None
    gains = np.linspace(0.5, 1.6, len(alone.frames))
    assert (
        count_people([np.clip(f * g, 0, 255).astype(np.uint8) for f, g in zip(alone.frames, gains, strict=True)])
        is None
    )
    picture, coverage, _ = performance("dina", 300)[0]
    portrait = [add_person(frame, picture, coverage, Place(310, 0.7)) for frame in alone.frames]
    assert count_people(portrait) is None
    behind = scene(24, lambda u: Place(130, 1.1), lambda u: Place(320, 0.28))
    assert count_people(behind.frames) is None


# What follows needs no network: faces as they would be found, on pictures of noise (nobody is a still picture).


def face(x, size=30.0, *, y=60.0, clothes=0):
    colours = np.full(216, 0.1 / 215, np.float32)
    colours[clothes] = 0.9
    return Face(x, y, size, colours)


def census(samples, *, step=12, cuts=(), still=False):
    random, counted = np.random.default_rng(0), Census((384, 216), cuts)
    for k, faces in enumerate(samples):
        picture = np.random.default_rng(1 if still else random).integers(0, 255, (216, 384, 3), np.uint8)
        counted.see(k * step, picture, faces)
    return counted.others()


def test_the_speaker_is_who_is_large_central_and_long_in_view_together():
    both = [face(190), face(340, 32, clothes=5)]
    assert census([both] * 10).main.places[0, 0] == 190  # central against a little larger
    assert census([[face(190, 25), face(340, 60, clothes=5)]] * 10).main.places[0, 0] == 340
    short = [[face(190)]] * 8 + [[face(190), face(320, 50, clothes=5)]] * 2
    assert census(short).main.places[0, 0] == 190  # longest in view


def test_a_false_face_once_and_a_face_that_never_changes_are_nobody():
    assert census([[face(190)]] * 5 + [[face(190), face(300, clothes=7)]] + [[face(190)]] * 5) is None
    assert census([[face(190), face(300, clothes=7)]] * 8, still=True) is None


def test_one_speaker_whose_place_size_and_clothes_change_at_a_cut_stays_one():
    close_up = [[face(240, 70, clothes=9)]] * 6
    assert census([[face(120)]] * 6 + close_up, cuts=[72]) is None


def test_across_a_cut_that_swaps_the_sides_the_clothes_tell_who_is_who():
    before = [[face(120, 40), face(300, 34, clothes=5)]] * 6
    after = [[face(280, 40), face(90, 34, clothes=5)]] * 6
    others = census(before + after, cuts=[72])
    assert others.main.places[:, 0].tolist() == [120] * 6 + [280] * 6
    (left, _, _, _), *_ = others.hidden(70, 384, 216)[0]
    (also_left, _, right, _), *_ = others.hidden(72, 384, 216)[0]
    assert left > 200 and also_left == 0 and right < 200


def test_who_walks_past_keeps_his_clothes_and_is_no_third_one():
    walking = [[face(120), face(330 - 12 * k, 28, y=58, clothes=5)] for k in range(12)]
    others = census(walking)
    assert len(others.beside) == 1 and len(others.beside[0].frames) == 12


def together(other, *, cuts=(), last=120):
    frames = np.arange(0, last, 12)
    speaker = Track(frames, np.tile([100.0, 60.0, 30.0], (len(frames), 1)))
    return Others((384, 216), np.asarray(cuts, np.int64), 12, speaker, (other,))


def test_rectangles_are_in_the_pixels_of_the_frame_and_spare_the_speaker_s_head():
    others = together(Track(np.arange(0, 120, 12), np.tile([280.0, 60.0, 30.0], (10, 1))))
    rectangles, count = others.hidden(50, 768, 432)
    assert count == 1 and all(x0 >= 2 * 145 and 0 <= y0 < y1 <= 432 and x1 <= 768 for x0, y0, x1, y1 in rectangles)
    behind = together(Track(np.arange(0, 120, 12), np.tile([118.0, 40.0, 20.0], (10, 1))))
    assert behind.hidden(50, 384, 216) == ([], 1)  # head before head: nothing can be taken away


def test_who_is_not_there_yet_hides_nothing():
    comes = together(Track(np.arange(60, 120, 12), np.tile([280.0, 60.0, 30.0], (5, 1))))
    assert comes.hidden(40, 384, 216) == ([], 0)
    assert comes.hidden(50, 384, 216)[1] == 1  # already between the samples
    assert comes.hidden(119, 384, 216)[1] == 1


def test_a_shot_without_the_speaker_shows_nobody():
    alone = together(Track(np.arange(0, 240, 12), np.tile([280.0, 60.0, 30.0], (20, 1))), cuts=[120])
    assert alone.hidden(130, 384, 216) == ([(0, 0, 384, 216)], 1)
    assert alone.hidden(110, 384, 216)[0] != [(0, 0, 384, 216)]


def test_nothing_to_hide_copies_nothing():
    frame = np.full((8, 8, 3), 7, np.uint8)
    assert hide(frame, []) is frame
    painted = hide(frame, [(4, 0, 8, 8)])
    assert (frame == 7).all() and (painted[:, :4] == 7).all() and (painted[:, 4:] == 128).all()
