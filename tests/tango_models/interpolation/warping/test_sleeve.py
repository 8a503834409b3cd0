"""A sleeve goes with its hand through a seam: one arm in every frame, between where both runs have it."""

import cv2
import numpy as np
import pytest

from tango_models.interpolation.seam import Seam
from tango_models.interpolation.warping.flow import FlowInterpolator
from tests.tango_models.interpolation.drawn_hands import UNIT, hand_points

SIDE, COUNT, THICK = 320, 12, 30
SKIN, CLOTH, WALL, EDGE = (225, 180, 155), (40, 40, 46), (60, 80, 160), (150, 250, 150)


def arm(rng, elbow, wrist, turn) -> np.ndarray:
    """(24, 2) shoulder, elbow, wrist and a small hand."""
    hand = (hand_points(rng, (0, 0), turn) * (45 / UNIT) + wrist).astype(np.float32)
    return np.concatenate([[(200, 110)], [elbow], [wrist], hand]).astype(np.float32)


def draw(points: np.ndarray, weave: np.ndarray, desk: int | None = None, cuff: float = 0) -> np.ndarray:
    picture = np.full((SIDE, SIDE, 3), WALL, np.uint8)
    cv2.rectangle(picture, (195, 100), (300, 320), CLOTH, -1)
    if desk is not None:
        cv2.rectangle(picture, (0, desk), (SIDE, SIDE), (70, 60, 50), -1)
        cv2.rectangle(picture, (0, desk), (SIDE, desk + 3), EDGE, -1)
    for a, b in ((0, 1), (1, 2)):
        ends = [tuple(map(int, np.rint(points[k]))) for k in (a, b)]
        cv2.line(picture, *ends, CLOTH, THICK, cv2.LINE_AA)
    if cuff:  # px that the sleeve's mouth is wider than its arm, on the side away from the body
        axis = (points[1] - points[2]) / np.linalg.norm(points[1] - points[2])
        out = np.array([-abs(axis[1]), axis[0] * np.sign(axis[1])]) * (THICK / 2 + cuff)
        flare = np.stack([points[2] - 4 * axis, points[2] + out, points[2] + out + 12 * axis, points[2] + 45 * axis])
        cv2.fillConvexPoly(picture, np.rint(flare).astype(np.int32), CLOTH, cv2.LINE_AA)
    cv2.fillConvexPoly(picture, cv2.convexHull(np.rint(points[3:]).astype(np.int32)), SKIN, cv2.LINE_AA)
    return np.clip(picture + weave, 0, 255).astype(np.uint8)


def seam(rng, elbows, wrists, turns, desk=None, cuff=0.0) -> tuple[Seam, list[np.ndarray]]:
    weave = cv2.GaussianBlur(rng.normal(0, 12, (SIDE, SIDE, 1)), (0, 0), 1.2)[..., None]
    runs, pictures = [], []
    for elbow, wrist, turn in zip(elbows, wrists, turns, strict=True):
        run = [arm(rng, elbow, np.add(wrist, (k, 0)), turn) for k in range(COUNT)]
        pictures.append(np.stack([draw(points, weave, desk, cuff) for points in run]))
        known = np.full((COUNT, 2, 24, 2), np.nan, np.float32)
        known[:, 0] = run
        runs.append(known)
    people = [np.abs(picture.astype(int) - WALL).max(-1) > 50 for picture in pictures]
    return Seam(
        *pictures, outgoing_arms=runs[0], incoming_arms=runs[1], outgoing_person=people[0], incoming_person=people[1]
    ), runs


@pytest.mark.parametrize("seed", range(4))
def test_a_sleeve_is_where_its_hand_is_and_nowhere_else(seed):
    rng = np.random.default_rng(seed)
    elbows = rng.uniform((90, 120), (110, 150)), rng.uniform((150, 210), (165, 225))
    given, runs = seam(rng, elbows, (elbows[0] - (40, 80), elbows[1] - (35, 80)), [-10, 20])
    made = FlowInterpolator().interpolate(given)
    sleeve_area = []
    for k, (frame, alpha) in enumerate(zip(made, given.alphas, strict=True)):
        cloth = (np.abs(frame.astype(int) - CLOTH).max(-1) < 45) & (np.arange(SIDE) < 175)
        between = runs[0][k, 0] + alpha * (runs[1][k, 0] - runs[0][k, 0])
        place = np.zeros((SIDE, SIDE), np.uint8)
        for a, b in ((0, 1), (1, 2)):
            ends = [tuple(map(int, np.rint(between[at]))) for at in (a, b)]
            cv2.line(place, *ends, (1,), THICK + 26)
        sleeve_area.append(cloth.sum())
        assert (cloth & (place == 0)).sum() < 0.06 * cloth.sum(), k
    assert min(sleeve_area) > 0.7 * min(sleeve_area[0], sleeve_area[-1])


@pytest.mark.parametrize("seed", range(6))
def test_a_loose_cuff_does_not_stay_where_its_hand_was(seed):
    rng = np.random.default_rng(seed)
    elbows = rng.uniform((90, 170), (105, 185)), rng.uniform((125, 200), (140, 215))
    given, runs = seam(rng, elbows, (elbows[0] - (15, 100), elbows[1] + (35, -50)), [-10, 30], cuff=24)
    made = FlowInterpolator().interpolate(given)
    for k, (frame, alpha) in enumerate(zip(made, given.alphas, strict=True)):
        if not 0.25 < alpha < 1:
            continue
        cloth = (np.abs(frame.astype(int) - CLOTH).max(-1) < 45) & (np.arange(SIDE) < 175)
        between = runs[0][k, 0] + alpha * (runs[1][k, 0] - runs[0][k, 0])
        place = np.zeros((SIDE, SIDE), np.uint8)
        for a, b in ((0, 1), (1, 2)):
            ends = [tuple(map(int, np.rint(between[at]))) for at in (a, b)]
            cv2.line(place, *ends, (1,), THICK + 2 * 24 + 16)
        assert (cloth & (place == 0)).sum() < 30, k


@pytest.mark.parametrize("seed", range(3))
def test_an_arm_that_comes_from_the_edge_of_the_picture_draws_no_lines_behind_it(seed):
    rng = np.random.default_rng(seed)
    given, _ = seam(rng, [(70, 150), (120, 165)], [(8, 90), (75, 100)], [-10, 10])
    made = FlowInterpolator().interpolate(given)
    for k, (frame, alpha) in enumerate(zip(made, given.alphas, strict=True)):
        if 0.3 < alpha < 1:
            edge = np.abs(frame[60:200, :6].astype(int) - WALL).max(-1) > 60
            assert edge.mean() < 0.02, k


@pytest.mark.parametrize("seed", range(4))
def test_a_desk_stays_flat_under_a_hand_that_lay_on_it(seed):
    """In one run the hand lies on the edge of a desk, in the other it is high: where nothing covers the edge, it is a
    line."""
    rng, desk = np.random.default_rng(seed), 240
    elbows = rng.uniform((105, 190), (125, 200)), rng.uniform((105, 170), (125, 185))
    wrists = (rng.uniform(45, 75), desk - rng.uniform(5, 15)), (rng.uniform(45, 75), rng.uniform(90, 110))
    order = slice(None, None, rng.choice([1, -1]))
    given, runs = seam(rng, elbows[order], wrists[order], [-80, 0][order], desk)
    made = FlowInterpolator().interpolate(given)
    for k, (frame, alpha) in enumerate(zip(made, given.alphas, strict=True)):
        between = runs[0][k, 0] + alpha * (runs[1][k, 0] - runs[0][k, 0])
        covered = np.zeros(SIDE, bool)
        for points in (runs[0][k, 0], runs[1][k, 0], between):
            low = points[points[:, 1] > desk - 40]
            if len(low):
                covered[max(0, int(low[:, 0].min()) - 22) : int(low[:, 0].max()) + 22] = True
        like = np.abs(frame[desk - 30 : desk + 30].astype(int) - EDGE).max(-1)
        row = like.argmin(axis=0) - 30
        assert (np.abs(row[~covered] - 1.5) > 4).mean() < 0.02, (k, row[~covered])
