"""Dissolves and fades are found; cuts, gestures, pans and changing light are none."""

import numpy as np
import pytest

from tango_models.media.pictures.dissolves import DissolveMeter
from tests.tango_models.media.pictures.moving import gesture, room

BEFORE = 40


def shot(count, seed):
    """(count, 96, 96) of somebody who moves in a room that no other seed has."""
    rng = np.random.default_rng(seed)
    wall = np.kron(rng.uniform(-60, 60, (12, 12)), np.ones((8, 8))) + np.kron(
        rng.uniform(-40, 40, (48, 48)), np.ones((2, 2))
    )
    places = gesture(rng.uniform(90, 200) + np.arange(count))
    shown = np.stack([room(place).astype(float) + wall for place in places])
    return np.clip(shown, 0, 255)


def found_in(frames):
    meter = DissolveMeter()
    for frame in frames:
        meter.see(np.rint(np.clip(frame, 0, 255)).astype(np.uint8))
    found = meter.dissolves()
    assert meter.dissolves() == found  # asking changes nothing
    return found


@pytest.mark.parametrize("length", [4, 8, 15, 30])
@pytest.mark.parametrize("seed", range(6))
def test_a_dissolve_is_found_with_all_its_frames(length, seed):
    count = 2 * BEFORE + length
    share = np.clip((np.arange(count) - BEFORE + 1) / (length + 1), 0, 1)[:, None, None]
    ((start, stop),) = found_in((1 - share) * shot(count, seed) + share * shot(count, seed + 100))
    assert start <= BEFORE + 1 and stop >= BEFORE + length - 1
    assert start >= BEFORE - 5 and stop <= BEFORE + length + 5


@pytest.mark.parametrize("at", ["start", "end", "both"])
def test_fades_from_and_to_black_are_found_where_the_video_begins_and_ends(at):
    light = np.ones(120)
    if at in ("start", "both"):
        light[:12] = np.arange(12) / 12
    if at in ("end", "both"):
        light[-12:] = np.arange(12)[::-1] / 12
    found = found_in(light[:, None, None] * shot(120, 0))
    assert len(found) == 1 + (at == "both")
    assert (found[0][0] <= 3) == (at != "end") and (found[-1][1] >= 117) == (at != "start")


def test_a_fade_to_black_and_back_is_found():
    light = np.abs(np.clip(np.arange(120) - 60, -15, 15) / 15)
    ((start, stop),) = found_in(light[:, None, None] * shot(120, 0))
    assert 42 <= start <= 49 and 71 <= stop <= 78


def test_a_fade_to_white_and_back_is_found():
    light = np.abs(np.clip(np.arange(120) - 60, -15, 15) / 15)[:, None, None]
    ((start, stop),) = found_in(light * shot(120, 0) + (1 - light) * 255)
    assert 42 <= start <= 49 and 71 <= stop <= 78


@pytest.mark.parametrize("depth", [0.2, 0.3, 0.5])
@pytest.mark.parametrize("period", [3, 10, 30, 45, 90])
def test_a_lamp_that_flickers_costs_no_footage(period, depth):
    rng = np.random.default_rng(period)
    steady = 1 - depth * (0.5 + 0.5 * np.sin(2 * np.pi * np.arange(240) / period))
    flicker = 1 - depth * np.repeat(rng.random(240 // period + 1), period)[:240]
    for light in (steady, flicker):
        assert found_in(light[:, None, None] * shot(240, period)) == []


@pytest.mark.parametrize("seed", range(6))
def test_a_cut_a_gesture_a_pan_and_changing_light_are_no_dissolve(seed):
    one, other = shot(120, seed), shot(120, seed + 100)
    rng = np.random.default_rng(seed)
    wide = np.kron(rng.uniform(0, 255, (96, 160)), np.ones((1, 1)))
    pan = np.stack([wide[:, k // 2 : k // 2 + 96] for k in range(120)])
    light = np.interp(np.arange(120), [0, 50, 62, 120], [1.0, 1.0, 0.6, 0.6])[:, None, None]
    for frames in (one, np.concatenate([one[:60], other[60:]]), pan, light * one):
        assert found_in(frames) == []


@pytest.mark.parametrize("frames", [1, 2, 3])
@pytest.mark.parametrize("light", [140, -140])
def test_a_flash_and_a_moment_of_dark_are_none(frames, light):
    shown = shot(90, 0)
    shown[45 : 45 + frames] = np.clip(shown[45 : 45 + frames] + light, 0, 255)
    assert found_in(shown) == []


@pytest.mark.parametrize("empty", [6, 16, 40])
def test_an_empty_room_into_which_a_cut_leads_or_from_which_it_leads_is_none(empty):
    room = np.repeat(np.linspace(110, 170, 96)[None, :], 96, axis=0)
    rooms, somebody = np.stack([room] * empty), shot(60, 0)
    assert found_in(np.concatenate([rooms, somebody])) == []
    assert found_in(np.concatenate([somebody, rooms])) == []


def test_of_nothing_and_of_one_frame_nothing_is_found():
    assert found_in([]) == [] and found_in(shot(1, 0)) == []
