"""A face goes through a seam as one: its features are where its points are, and not shown twice."""

import dataclasses

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tango_models.interpolation.seam import Seam
from tango_models.interpolation.warping.face_flow import face_flow
from tango_models.interpolation.warping.flow import FlowInterpolator

SIDE, COUNT = 320, 14
WALL, SKIN, HAIR, DARK = (60, 80, 160), (215, 170, 145), (60, 45, 40), (30, 25, 30)
FACE = np.array(
    [(x, y) for y in (-34, -18, 0, 16) for x in (-30, -15, 0, 15, 30)] + [(-24, 30), (24, 30), (0, 24)], np.float32
)


def head(place: np.ndarray, *, mouth: float, brows: float) -> np.ndarray:
    """A face with brows, glasses, nose and mouth, its middle at `place`, before a smooth wall."""
    picture = np.full((SIDE, SIDE, 3), WALL, np.uint8)
    picture[..., 0] += np.linspace(0, 40, SIDE, dtype=np.uint8)
    x, y = np.rint(place).astype(int).tolist()
    cv2.rectangle(picture, (110, 235), (210, SIDE), HAIR, -1)
    cv2.rectangle(picture, (x - 16, y + 40), (x + 16, 250), SKIN, -1)
    cv2.ellipse(picture, (x, y - 12), (52, 62), 0, 0, 360, HAIR, -1, cv2.LINE_AA)
    cv2.ellipse(picture, (x, y), (44, 58), 0, 0, 360, SKIN, -1, cv2.LINE_AA)
    for side in (-1, 1):
        cv2.circle(picture, (x + side * 20, y - 12), 13, DARK, 3, cv2.LINE_AA)
        cv2.circle(picture, (x + side * 20, y - 12), 4, DARK, -1, cv2.LINE_AA)
        at = y - round(32 + brows)
        cv2.line(picture, (x + side * 10, at), (x + side * 30, at), HAIR, 4, cv2.LINE_AA)
    cv2.line(picture, (x, y - 8), (x - 4, y + 10), (170, 120, 100), 3, cv2.LINE_AA)
    cv2.ellipse(picture, (x, y + 28), (14, max(2, round(mouth))), 0, 0, 360, (90, 30, 40), -1, cv2.LINE_AA)
    return picture


def dark(picture: np.ndarray, place: np.ndarray) -> np.ndarray:
    """How dark the glasses' part of a face is, along a line down through one glass: (34,)."""
    x, y = np.rint(place).astype(int)
    return 255 - picture[y - 28 : y + 6, x + 14 : x + 27].astype(np.float32).mean((1, 2))


@pytest.mark.parametrize("seed", range(6))
def test_a_face_that_moved_far_and_changed_its_look_is_shown_once(seed):
    rng = np.random.default_rng(seed)
    away = rng.uniform(22, 34) * np.array([np.cos(turn := rng.uniform(0, 2 * np.pi)), np.sin(turn)])
    ends = np.array([160.0, 130.0]) - away / 2, np.array([160.0, 130.0]) + away / 2
    looks = {"mouth": 3, "brows": 0}, {"mouth": 13, "brows": 7}
    pictures = [np.stack([head(end, **look)] * COUNT) for end, look in zip(ends, looks, strict=True)]
    faces = [np.stack([end + FACE] * COUNT).astype(np.float32) for end in ends]
    seam = Seam(*pictures, outgoing_faces=faces[0], incoming_faces=faces[1])
    made = FlowInterpolator().interpolate(seam)
    likeness = []
    for frame, alpha in zip(made, seam.alphas, strict=True):
        place = ends[0] + alpha * (ends[1] - ends[0])
        wanted = dark(head(place, **looks[0]), place)
        likeness.append(np.corrcoef(dark(frame, place), wanted)[0, 1])
    assert min(likeness) > 0.75, np.round(likeness, 2)


def test_a_face_that_only_speaks_is_left_to_dense_flow():
    """Points are told to a pixel or two: where pictures tell, they are not bent to them."""
    place, rng = np.array([160.0, 130.0]), np.random.default_rng(0)
    still = np.stack([head(place, mouth=4, brows=0)] * COUNT)
    faces = [(place + FACE + rng.normal(0, 1.5, (COUNT, len(FACE), 2))).astype(np.float32) for _ in range(2)]
    seam = Seam(still, still, outgoing_faces=faces[0], incoming_faces=faces[1])
    assert np.abs(FlowInterpolator().interpolate(seam).astype(int) - still).max() <= 2
    bare = dataclasses.replace(seam, outgoing_faces=None, incoming_faces=None)
    assert np.abs(FlowInterpolator().interpolate(bare).astype(int) - still).max() <= 2


@given(st.integers(0, 2**32 - 1), st.sampled_from([(40, 60), (64, 48), (8, 8)]))
def test_it_is_finite_wherever_the_points_are(seed, size):
    rng = np.random.default_rng(seed)
    height, width = size
    old = FACE * rng.uniform(0.01, 1) + rng.uniform(-1, 2, 2) * (width, height)
    new = old + rng.normal(0, 10 ** rng.uniform(-2, 2), 2) + rng.normal(0, 10 ** rng.uniform(-3, 1.5), FACE.shape)
    new[rng.random(len(FACE)) < rng.choice([0, 0.5, 1])] = np.nan
    found = face_flow(old, new, height=height, width=width, scale=rng.uniform(0.1, 1))
    if found is not None:
        assert found.flow.shape == (height, width, 2) and found.weight.shape == (height, width)
        assert np.isfinite(found.flow).all() and found.weight.min() >= 0 and 0 < found.weight.max() <= 1


@given(st.integers(0, 2**32 - 1))
def test_the_face_goes_where_its_points_go(seed):
    rng = np.random.default_rng(seed)
    old = FACE + 80
    turn, size = np.radians(rng.uniform(-30, 30)), rng.uniform(0.75, 1.3)
    matrix = size * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    new = FACE @ matrix.T + 80 + rng.uniform(-20, 20, 2)
    found = face_flow(old, new, height=160, width=160, scale=1.0)
    at = np.rint(old).astype(int)
    assert np.abs(found.flow[at[:, 1], at[:, 0]] - (new - old)).max() < 0.1
    assert found.weight[at[:, 1], at[:, 0]].min() > 0.9


def test_a_face_of_which_no_picture_of_one_person_could_come_is_not_followed():
    grown = FACE * 2 + 80
    assert face_flow(FACE + 80, grown, height=160, width=160, scale=1.0) is None
