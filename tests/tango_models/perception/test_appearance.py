"""Two people given as one are noticed; one person in one room under other light is not."""

import numpy as np
import pytest

from tango_models.perception.appearance import Appearance, colours, differences

FACE = np.random.default_rng(0).normal(size=(12, 3)).astype(np.float32) / 2


def looks(room, clothes, face=FACE, light=0, seed=0):
    random = np.random.default_rng(seed)
    picture = np.empty((240, 320, 3), np.int64)
    picture[:] = room
    picture[120:] = clothes
    picture += random.integers(-8, 9, picture.shape) + light
    mask = np.zeros((64, 64), np.uint8)
    mask[32:56] = 1  # of a picture of 4 to 3 in its square
    place = np.array([[140, 60], [180, 110]], np.float32)
    return Appearance(*colours(picture.clip(0, 255).astype(np.uint8), mask, place), face)


HERE = looks((60, 80, 110), (180, 60, 60))


@pytest.mark.parametrize("light", [-6, 0, 6])
def test_one_person_in_one_room(light):
    assert differences(HERE, looks((60, 80, 110), (180, 60, 60), light=light, seed=1)) == []


def test_another_room_other_clothes_and_another_face_are_named():
    assert differences(HERE, looks((200, 190, 150), (180, 60, 60))) == ["room"]
    assert differences(HERE, looks((60, 80, 110), (20, 120, 60))) == ["clothes"]
    assert differences(HERE, looks((200, 190, 150), (20, 120, 60), FACE[::-1])) == ["room", "clothes", "face"]


def test_a_face_alone_says_too_little_and_what_was_not_seen_says_nothing():
    assert differences(HERE, looks((60, 80, 110), (180, 60, 60), FACE[::-1])) == []
    unseen = Appearance(*np.full((2, 216), np.nan, np.float32), np.full((12, 3), np.nan))
    assert differences(HERE, unseen) == [] == differences(unseen, unseen)
