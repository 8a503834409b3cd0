"""Cuts are found; gestures, changing light and repeated frames are none."""

import numpy as np
import pytest

from tango_models.media.pictures.cadence import ChangeMeter
from tango_models.media.pictures.jumps import JumpMeter
from tango_models.media.pictures.shots import ShotMeter, find_cuts


def scene(seed, position):
    """(96, 96): a textured room that depends on the seed, and a textured person at a place."""
    rng = np.random.default_rng(int(seed))
    room = np.kron(rng.uniform(30, 200, (48, 48)), np.ones((2, 2)))
    y, x = np.mgrid[:96, :96]
    person = 120 + 60 * np.sin((x - position) * 0.8 + seed) * np.cos(y * 0.6 + 2 * seed)
    return np.where(((x - position) / 18) ** 2 + ((y - 60) / 40) ** 2 < 1, person, room)


def measured(pictures):
    shots, jumps, changes = ShotMeter(), JumpMeter(), ChangeMeter()
    for picture in pictures:
        grey = np.clip(picture, 0, 255).astype(np.uint8)
        shots.see(grey)
        jumps.see(np.repeat(np.kron(grey, np.ones((2, 2), np.uint8))[..., None], 3, axis=2), changes.see(grey))
    return shots.loss, jumps.jumps()


def places(count):
    return 48 + 8 * np.sin(np.arange(count) / 9)


def cuts(pictures, repeated=None):
    return find_cuts(*measured(pictures), np.zeros(len(pictures), bool) if repeated is None else repeated).tolist()


def test_another_picture_begins_a_shot():
    pictures = [scene(k // 20, p) for k, p in enumerate(places(60))]
    assert cuts(pictures) == [20, 40]


def test_a_jump_within_the_room_begins_a_shot():
    place = places(60)
    place[30:] += 14
    assert cuts([scene(0, p) for p in place]) == [30]


def test_a_cut_next_to_the_ends_is_found():
    assert cuts([scene(k >= 1, 48) for k in range(10)]) == [1]
    assert cuts([scene(k >= 9, 48) for k in range(10)]) == [9]


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_very_short_videos_have_no_cut(count):
    assert cuts([scene(0, 48)] * count) == []


def test_gestures_and_light_are_no_cuts():
    swing = 48 + 20 * np.sin(np.arange(90) / 4)  # up to 5 px a frame, a twentieth of the picture
    assert cuts([scene(0, p) for p in swing]) == []
    light = np.where(np.arange(90) >= 45, 0.6, 1.0)
    assert cuts([gain * scene(0, p) + 10 for gain, p in zip(light, places(90), strict=True)]) == []
    flash = np.where(np.arange(90) == 45, 1.2, 1.0)
    assert cuts([gain * scene(0, p) for gain, p in zip(flash, places(90), strict=True)]) == []


def test_repeated_frames_make_no_step_look_like_a_jump():
    shown = np.arange(90) - (np.arange(90) % 5 == 4)
    swing = 48 + 20 * np.sin(shown / 6)
    repeated = np.arange(90) % 5 == 4
    assert cuts([scene(0, p) for p in swing], repeated) == []


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_a_white_flash_is_no_cut_and_a_cut_beside_it_is_one(frames):
    pictures = [scene(0, p) for p in places(60)]
    for k in range(30, 30 + frames):
        pictures[k] = np.full((96, 96), 255.0) if frames == 2 else np.minimum(pictures[k] + 140, 255)
    assert cuts(pictures) == []
    assert cuts(pictures[:40] + [scene(1, p) for p in places(20)]) == [40]
    assert cuts(pictures[:30] + [scene(1, p) for p in places(20)]) == [30]
