"""What is seen of a jump decides its price; the terms that describe it, repeats around it, and budgets."""

from dataclasses import replace

import numpy as np
import pytest

from tango_models.errors import InputError
from tango_models.motion_graph.edge_config import CUT, EdgeConfig
from tango_models.motion_graph.edges import score_pair
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


def test_the_background_counts_as_the_speaker_does():
    video = speaker(20)
    inset = video.picture.copy()
    inset[:, :6, :6] += 100  # beside the mask, which begins at column 10 of 32
    other = score_pair(video, replace(video, picture=inset))
    assert other.cost.min() > 1 > what_comes_next(score_pair(video, video)).cost.max()
    assert other.background.min() > 10 * EdgeConfig().price.background_base


def test_an_inset_that_switches_is_not_jumped_across_while_there_is_another_way():
    video = speaker(60)
    inset = video.picture.copy()
    shown = np.arange(240) // 48 % 2 == 1
    inset[shown, :6, :6] += 100
    edges = score_pair(*[replace(video, picture=inset)] * 2, same_video=True)
    state = shown[::4]
    cheapest = edges.take(np.flatnonzero(np.diff(edges.src, prepend=-1)))
    late = cheapest.take(np.flatnonzero((cheapest.src % 12 > 1) & (cheapest.src % 12 < 10)))
    # the cut may lie a clip from its border: what is shown there is of one state
    shown_there = np.stack([state[np.clip(late.dst + k, 0, 59)] for k in (-1, 0, 1)])
    assert (state[late.src] == shown_there).any(axis=0).all()


def test_what_moves_much_by_itself_hides_a_difference():
    rng = np.random.default_rng(3)
    calm, lively = (
        seen(20, picture=rng.integers(100, 100 + spread, (80, 32, 32)).astype(np.uint8)) for spread in (4, 40)
    )
    price = {}
    for name, video in (("calm", calm), ("lively", lively)):
        edges = score_pair(video, replace(video, picture=video.picture + np.uint8(100)))
        price[name] = edges.whole.mean()
    assert price["calm"] > 1.5 * price["lively"]


def test_a_face_that_is_lost_is_described_as_unknown():
    video = seen(20)
    blind = replace(video, head=np.full_like(video.head, np.nan))
    exact = what_comes_next(score_pair(video, blind))
    assert np.isnan(exact.head).all() and np.isnan(exact.face).all()
    assert np.isfinite(exact.cost).all()


def test_another_framing_before_a_plain_wall_is_a_cut_and_a_speaker_who_leans_is_none():
    video = seen(20)
    for scale, cut in ((1.12, False), (1.25, True), (0.8, True)):
        other = replace(video, head=video.head * np.float32([1, 1, scale]))
        edges = score_pair(video, other)
        assert ((edges.cost >= CUT) == cut).all()
        assert edges.whole.max() < CUT  # the pictures alone do not tell
    shown = np.where(np.arange(80) // 40, np.float32(1.25), np.float32(1))
    both = replace(video, head=video.head * np.stack([shown**0, shown**0, shown], axis=1))
    cheapest = score_pair(both, both, same_video=True)
    within = np.diff(cheapest.src, prepend=-1) & (cheapest.src != 9)  # clip 9 goes on in the other framing
    cheapest = cheapest.take(np.flatnonzero(within))
    assert (cheapest.src // 10 == cheapest.dst // 10).all() and cheapest.cost.max() < CUT


def test_two_holds_in_a_row_are_told():
    video = seen(30)
    repeated = np.zeros(120, bool)
    repeated[3::5] = True  # 24 fps stored as 30
    edges = score_pair(replace(video, repeated=repeated), replace(video, repeated=repeated))
    for src, dst, stutter in zip(edges.src, edges.dst, edges.stutter, strict=True):
        before = [k for k in range(1, 5) if repeated[src * 4 + 4 - k]]
        hold = 0 if src < 29 and repeated[src * 4 + 4] else min(before, default=99)
        after = min((k for k in range(1, 4) if repeated[dst * 4 + k]), default=99)
        assert bool(stutter) == (hold + after <= 2)
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
