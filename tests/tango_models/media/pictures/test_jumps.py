"""Jump cuts are told from gestures, light, lost and repeated frames, and wherever they lie."""

import cv2
import numpy as np
import pytest

from tango_models.media.pictures.cadence import ChangeMeter
from tango_models.media.pictures.jumps import JUMP, JumpMeter
from tango_models.media.pictures.small_grey import small_grey

SIDE = 256


@pytest.fixture(scope="module")
def textures():
    random = np.random.default_rng(7)
    return [
        cv2.resize(random.integers(30, 220, (s, s), dtype=np.uint8), (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
        for s in (24, 40, 60)
    ]


def pose(t):
    """Where body, head and hands are at a time (frames): all of them sway, and gestures come and go."""
    beat = np.sin(t / 7) * (1 + np.sin(t / 31))
    body = np.array([128 + 3 * np.sin(t / 37), 190 + 2 * np.cos(t / 23)])
    head = body + np.array([4 * np.sin(t / 29), -95 + 2 * np.sin(t / 17)])
    left = body + np.array([-45 + 12 * beat, 10 - 22 * beat])
    right = body + np.array([45 + 9 * np.cos(t / 11), 12 + 14 * np.sin(t / 13)])
    return body, head, left, right


def picture(textures, t, noise=1.0):
    """(256, 256, 3) uint8 of the speaker before a wall."""
    image = textures[0].astype(np.float32) * 0.4 + 60
    for (x, y), (wide, high), texture in zip(
        pose(t),
        ((52, 75), (24, 32), (13, 13), (13, 13)),
        (textures[1], textures[2], textures[2], textures[2]),
        strict=True,
    ):
        moved = cv2.warpAffine(
            texture, np.float32([[1, 0, x - 128], [0, 1, y - 128]]), (SIDE, SIDE), borderMode=cv2.BORDER_REFLECT
        )
        mask = np.zeros((SIDE, SIDE), np.uint8)
        cv2.ellipse(mask, (round(x * 16), round(y * 16)), (wide * 16, high * 16), 0, 0, 360, 255, -1, cv2.LINE_AA, 4)
        image += (mask / np.float32(255)) * (moved - image)
    image += np.random.default_rng([3, round(10 * t)]).normal(0, noise, image.shape)
    return np.repeat(np.clip(image, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def jumps(frames):
    meter, changes = JumpMeter(), ChangeMeter()
    for frame in frames:
        meter.see(frame, changes.see(small_grey(frame)))
    found = meter.jumps()
    assert len(found) == len(frames)
    return np.flatnonzero(found >= JUMP).tolist()


def test_footage_that_goes_on_has_none(textures):
    assert jumps([picture(textures, t) for t in range(150)]) == []


@pytest.mark.parametrize("missing", [6, 25])
def test_time_that_was_cut_out_is_found_wherever_it_lies(textures, missing):
    times, cuts, t = [], [], 0
    for run in (20, 33, 64, 25):
        times += range(t, t + run)
        t += run + missing
        cuts.append(len(times))
    assert jumps([picture(textures, t) for t in times]) == cuts[:-1]


def test_repeated_frames_hide_no_cut_and_make_none(textures):
    times = [t * 1.25 for t in (*range(30), *range(45, 75))]
    shown = [time for k, time in enumerate(times) for time in [time] * (1 + (k % 4 == 3))]
    frames = [picture(textures, time) for time in shown]
    first = shown.index(45 * 1.25)
    assert jumps(frames) == [first]


def test_light_that_changes_at_once_is_no_jump(textures):
    frames = [picture(textures, t) for t in range(45)]
    lit = frames[:15]
    for start, gain, offset in ((15, 0.75, 10), (30, 1.0, 15)):
        lit += [np.clip(frame * gain + offset, 0, 255).astype(np.uint8) for frame in frames[start : start + 15]]
    assert jumps(lit) == []


@pytest.mark.parametrize("count", [0, 1, 2, 6, 7, 8, 70])
def test_every_frame_gets_a_number(textures, count):
    assert jumps([picture(textures, 3)] * count) == []
