"""The terms that compare what is seen (head, face, picture), repeats around a jump, and budgets."""

from dataclasses import replace

import numpy as np
import pytest

from tango_models.errors import InputError
from tango_models.motion_graph.edges import EdgeConfig, score_pair
from tango_models.motion_graph.graph import build_graph
from tango_models.motion_graph.pictures import face_patch, head_place, small_picture
from tests.tango_models.motion_graph.test_graph import speaker


def seen(clips, seed=0, **changes):
    """`speaker` with a head, a face and pictures that change a little from frame to frame."""
    rng = np.random.default_rng(seed + 50)
    video = speaker(clips, seed)
    frames = clips * 4
    looks = {
        "head": np.tile(np.array([0.5, 0.2, 0.15], np.float32), (frames, 1)),
        "face": rng.integers(100, 110, (frames, 24, 24)).astype(np.uint8),
        "picture": rng.integers(100, 110, (frames, 32, 32)).astype(np.uint8),
    }
    return replace(video, **{**looks, **changes})


def what_comes_next(edges):
    """Of the jumps from 20 clips into a copy of them, those to the clip that follows: all must be there."""
    exact = edges.take(np.flatnonzero(edges.dst == edges.src + 1))
    assert exact.src.tolist() == list(range(19))
    return exact


@pytest.mark.parametrize("what", ["head", "face", "picture"])
def test_a_jump_of_the_head_the_face_or_the_light_is_forbidden(what):
    video = seen(20)
    shift = {"head": np.array([0.06, 0, 0], np.float32), "face": 60, "picture": 60}[what]
    value = getattr(video, what)
    other = replace(video, **{what: (value + shift).astype(value.dtype)})
    assert len(score_pair(video, video))
    assert not len(score_pair(video, other))


def test_the_background_does_not_count():
    video = seen(20)
    picture = video.picture.copy()
    picture[:, :, :8] += 100  # the mask begins at column 10 of 32
    exact = what_comes_next(score_pair(video, replace(video, picture=picture)))
    np.testing.assert_allclose(exact.picture, 0, atol=1e-6)


def test_a_face_that_is_lost_for_a_moment_is_neither_free_nor_forbidden():
    video = seen(20)
    blind = replace(video, head=np.full_like(video.head, np.nan))
    config = EdgeConfig()
    weight = config.weights[5] + config.weights[6]
    exact = what_comes_next(score_pair(video, blind, config))
    np.testing.assert_allclose(exact.cost, weight, atol=1e-4)
    assert np.isnan(exact.head).all() and np.isnan(exact.face).all()
    np.testing.assert_allclose(what_comes_next(score_pair(blind, blind, config)).cost, 0, atol=1e-5)


def test_without_looks_the_other_terms_decide():
    video = seen(20, face=np.full((80, 24, 24), 100, np.uint8), picture=np.full((80, 32, 32), 100, np.uint8))
    alike, bare = score_pair(video, video), score_pair(speaker(20), speaker(20))
    assert len(bare) > 20
    for name in ("src", "dst", "pose", "cost"):
        np.testing.assert_array_equal(getattr(bare, name), getattr(alike, name), err_msg=name)
    assert np.isnan(bare.head).all() and np.isnan(bare.face).all() and not bare.picture.any()
    assert not len(score_pair(speaker(20), seen(20)))  # a picture and none are as far apart as can be


def test_two_holds_in_a_row_cost_more_and_the_natural_cadence_does_not():
    video = seen(30)
    repeated = np.zeros(120, bool)
    repeated[3::5] = True  # 24 fps stored as 30
    config = EdgeConfig()
    plain = score_pair(video, video, config)
    edges = score_pair(replace(video, repeated=repeated), replace(video, repeated=repeated), config)
    price = dict(zip(zip(plain.src.tolist(), plain.dst.tolist(), strict=True), plain.cost.tolist(), strict=True))
    for src, dst, stutter, cost in zip(edges.src, edges.dst, edges.stutter, edges.cost, strict=True):
        before = [k for k in range(1, 5) if repeated[src * 4 + 4 - k]]
        hold = 0 if src < 29 and repeated[src * 4 + 4] else min(before, default=99)
        after = min((k for k in range(1, 4) if repeated[dst * 4 + k]), default=99)
        assert bool(stutter) == (hold + after <= 2)
        assert cost == pytest.approx(price[int(src), int(dst)] + config.stutter * stutter, abs=1e-5)
    assert 0 < edges.stutter.mean() < 0.5
    assert not edges.stutter[edges.dst == edges.src + 1].any()


def test_a_node_keeps_its_cheapest_jumps_into_all_videos_together():
    videos = [seen(25, k, position=speaker(25).position, velocity=speaker(25).velocity) for k in range(3)]
    every = build_graph(videos, EdgeConfig(budget_node=10_000)).jumps
    few = build_graph(videos, EdgeConfig(budget_node=5)).jumps
    assert np.bincount(every.src).max() > 5
    assert np.bincount(few.src).max() == 5
    for node in (0, 30, 74):
        np.testing.assert_allclose(few.cost[few.src == node], np.sort(every.cost[every.src == node])[:5])


def test_looks_of_another_shape_are_refused():
    with pytest.raises(InputError, match="face"):
        seen(3, face=np.zeros((12, 20, 20), np.uint8))
    with pytest.raises(InputError, match="repeated"):
        seen(3, repeated=np.zeros(11, bool))


def test_the_face_is_brought_to_one_place_and_size():
    import cv2

    rng = np.random.default_rng(3)
    face = cv2.GaussianBlur(rng.uniform(0, 255, (60, 60)), (0, 0), 4).astype(np.float32)
    points = np.array([[-30, -30], [30, 30]], np.float32)
    patches = []
    for centre, scale in (((100, 80), 1.0), ((141, 93), 1.0), ((120, 120), 1.4)):
        picture = np.full((240, 320), 120, np.float32)
        side = round(60 * scale)
        x, y = centre[0] - side // 2, centre[1] - side // 2
        picture[y : y + side, x : x + side] = cv2.resize(face, (side, side))
        place = head_place((points * scale + centre)[None], 240)[0]
        np.testing.assert_allclose(place, [centre[0] / 240, centre[1] / 240, 60 * scale / 240], rtol=1e-5)
        patches.append(face_patch(picture.astype(np.uint8), place).astype(int))
    assert np.abs(patches[0] - patches[1]).mean() < 2
    assert np.abs(patches[0] - patches[2]).mean() < 4


def test_without_a_face_there_is_no_place_and_an_empty_patch():
    place = head_place(np.full((2, 100, 2), np.nan, np.float32), 480)
    assert np.isnan(place).all()
    assert not face_patch(np.full((480, 640), 99, np.uint8), place[0]).any()
    corner = face_patch(np.full((480, 640), 99, np.uint8), np.array([0.0, 0.0, 0.2], np.float32))
    assert (corner == 99).all()  # beyond the picture its edge goes on


def test_small_pictures_are_framed_as_masks_are():
    small = small_picture(np.full((90, 160), 200, np.uint8))
    assert small.shape == (32, 32)
    assert (small[8:24] == 200).all() and not small[:6].any() and not small[26:].any()
