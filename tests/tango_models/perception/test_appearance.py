"""Two people given as one are noticed; one person in one room under other light is not."""

import cv2
import numpy as np
import pytest

from tango_models.perception.appearance import Appearance, colours, differences, other_clothes
from tango_models.perception.colours import colour_counts

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
    clothes, around = colours(picture.clip(0, 255).astype(np.uint8), mask, place)
    return Appearance(clothes[None], around, face)


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
    unseen = Appearance(*(np.full(shape, np.nan, np.float32) for shape in ((2, 216), (216,), (12, 3))))
    assert differences(HERE, unseen) == [] == differences(unseen, unseen)


def frames_of(palette, shares, random) -> np.ndarray:
    """(S, 216) of pictures in which a speaker wears as much of each colour as a pose shows: (S, colours) shares."""
    mask, place = np.ones((64, 64), np.uint8), np.array([[140, 0], [180, 30]], np.float32)
    found = []
    for row in shares:
        worn = palette[random.permutation(np.repeat(np.arange(len(palette)), np.ceil(320 * row).astype(int))[:320])]
        picture = np.broadcast_to(worn, (240, 320, 3)) + random.integers(-6, 7, (240, 320, 1))
        found.append(colours(picture.clip(0, 255).astype(np.uint8), mask, place)[0])
    return np.stack(found)


def lab_apart(palette, other) -> float:
    """The least distance of the colours of two palettes, by what OpenCV calls Lab."""
    rows = (colours_[None].astype(np.uint8) for colours_ in (palette, other))
    a, b = (cv2.cvtColor(row, cv2.COLOR_RGB2LAB)[0].astype(int) for row in rows)
    return float(np.linalg.norm(a[:, None] - b[None], axis=-1).min())


def test_how_much_of_each_colour_a_pose_shows_is_not_other_clothes():
    """In 200 wardrobes of up to four colours, of which a pose hides any until little of it is left."""
    for seed in range(200):
        random = np.random.default_rng(seed)
        palette = random.integers(0, 256, (int(random.integers(1, 5)), 3))
        usual, arm_raised = random.dirichlet(np.full(len(palette), 0.7), (2, 8))
        usual, arm_raised = (0.8 * shares + 0.2 / len(palette) for shares in (usual, arm_raised))
        found = other_clothes(frames_of(palette, usual, random), frames_of(palette, arm_raised, random))
        assert found < 0.12, f"seed {seed}: {found:.2f}"


def test_a_shirt_that_hardly_shows_but_while_an_arm_is_raised():
    random, palette = np.random.default_rng(0), np.array([(55, 50, 45), (150, 150, 160)])
    arms_down, arm_raised = np.tile([0.85, 0.15], (8, 1)), np.tile([0.5, 0.5], (8, 1))
    assert other_clothes(frames_of(palette, arms_down, random), frames_of(palette, arm_raised, random)) < 0.12


def test_clothes_of_other_colours_are_other_clothes_in_every_pose():
    tried = 0
    for seed in range(300):
        random = np.random.default_rng(seed)
        palette, other = random.integers(0, 256, (2, int(random.integers(1, 4)), 3))
        if lab_apart(palette, other) < 60:
            continue
        tried += 1
        shares = random.dirichlet(np.ones(len(palette)), (2, 8))
        found = other_clothes(frames_of(palette, shares[0], random), frames_of(other, shares[1], random))
        assert found > 0.12, f"seed {seed}: {found:.2f}"
    assert tried > 30


def test_clothes_compare_the_same_both_ways_and_not_at_all_where_none_are_seen():
    random = np.random.default_rng(5)
    palettes = random.integers(0, 256, (2, 2, 3))
    one, other = (frames_of(palette, random.dirichlet([1, 1], 6), random) for palette in palettes)
    assert other_clothes(one, other) == pytest.approx(other_clothes(other, one))
    assert other_clothes(one, one) == pytest.approx(0, abs=1e-6)
    some = np.concatenate([one, np.full((3, 216), np.nan, np.float32)])
    assert other_clothes(some, other) == other_clothes(one, other)
    assert other_clothes(some[-3:], other) == 0 == other_clothes(other, some[-3:])


@pytest.mark.parametrize("worn", [(255, 0, 0), (0, 0, 255), (255, 255, 0), (0, 255, 0), (255, 0, 255), (220, 40, 40)])
def test_a_bright_colour_counts_as_any_other(worn):
    picture = np.full((40, 40, 3), worn, np.uint8)
    assert colour_counts(picture).sum() == 1600
    assert "clothes" in differences(looks((60, 80, 110), worn), looks((60, 80, 110), (90, 90, 90)))
    assert "room" in differences(looks(worn, (90, 90, 90)), looks((120, 130, 110), (90, 90, 90)))
