"""The yardstick: nothing pops in footage that goes on; a hard cut, a head that jumps and an inset that switches do."""

import numpy as np
import pytest

from tango_models.metrics.seam_visibility import POP, ResidualMeter, prominence, visibility, visibility_between

SIZE = 160


@pytest.fixture(scope="module")
def room():
    import cv2

    random = np.random.default_rng(4)
    texture = random.integers(0, 255, (48, 48, 3)).astype(np.uint8)
    return cv2.resize(texture, (SIZE * 2, SIZE * 2), interpolation=cv2.INTER_CUBIC)


def scene(room, t, *, shift=(0, 0), inset=0, seed=0):
    """A textured square (the speaker) swaying before a textured room, with a camera's noise."""
    frame = room[:SIZE, :SIZE].copy()
    x = 60 + round(14 * np.sin(t / 9)) + shift[0]
    y = 50 + round(6 * np.cos(t / 13)) + shift[1]
    frame[y : y + 70, x : x + 50] = room[SIZE : SIZE + 70, SIZE : SIZE + 50]
    frame[8:40, 8:40] = 255 if inset else 30
    noise = np.random.default_rng([seed, t]).integers(-3, 4, frame.shape)
    return (frame.astype(int) + noise).clip(0, 255).astype(np.uint8)


def person(t, shift=(0, 0)):
    mask = np.zeros((SIZE, SIZE), bool)
    x, y = 60 + round(14 * np.sin(t / 9)) + shift[0], 50 + round(6 * np.cos(t / 13)) + shift[1]
    mask[y : y + 70, x : x + 50] = True
    return mask


def measured(frames, masks=None):
    meter = ResidualMeter()
    for k, frame in enumerate(frames):
        meter.see(frame, None if masks is None else masks[k])
    return meter


def test_continuous_footage_does_not_pop(room):
    meter = measured([scene(room, t) for t in range(120)])
    found = visibility(meter.whole, [range(50, 54), range(90, 90)])
    assert found.seams_that_pop == 0 == found.elsewhere_pop and found.worst < POP


def test_a_jump_of_the_speaker_and_a_hard_cut_pop(room):
    frames = [scene(room, t) for t in range(60)] + [scene(room, t, shift=(22, 9)) for t in range(60, 120)]
    found = visibility(measured(frames).whole, [range(60, 60), range(100, 100)])
    assert found.seams[0] >= POP > found.seams[1] and found.elsewhere_pop == 0
    other = frames[:60] + [255 - frame for frame in frames[60:]]
    assert visibility(measured(other).whole, [range(60, 60)]).worst > 2 * POP


def test_an_inset_that_switches_pops_in_the_background_alone(room):
    frames = [scene(room, t, inset=t >= 60) for t in range(120)]
    meter = measured(frames, [person(t) for t in range(120)])
    assert visibility(meter.background, [range(60, 60)]).worst >= POP
    steady = measured([scene(room, t) for t in range(120)], [person(t) for t in range(120)])
    assert visibility(steady.background, [range(60, 60)]).worst < 1.5


def test_figures_of_no_seams_and_of_few_frames():
    found = visibility(np.zeros(0), [])
    assert found.seams_that_pop == found.elsewhere_pop == found.worst == 0
    assert prominence(np.array([0.0])).tolist() == [1.0]
    assert visibility(np.array([0.0, 1, 1, 1, 1, 9, 1, 1]), [range(5, 5)]).worst > POP


def bursts(random, count):
    """What a meter reads of footage: noise that lasts for some frames, and now and then a gesture."""
    noise = np.convolve(random.gamma(2.0, 1.0, count + 4), np.ones(5) / 5, mode="valid")
    for t in np.flatnonzero(random.random(count) < 0.008):
        noise[t : t + 4] *= 4.0
    return noise


@pytest.mark.parametrize(("apart", "made"), [(150, 14), (62, 16), (45, 16), (30, 16), (90, 0)])
def test_where_nothing_is_to_be_seen_seams_pop_as_often_as_other_windows(apart, made):
    """On a random process that knows of no seams, however dense they are and however many frames are made."""
    shares = []
    for seed in range(120):
        random = np.random.default_rng([seed, apart, made])
        starts = np.cumsum(random.integers(round(0.8 * apart), round(1.2 * apart) + 1, 1800 // apart - 1))
        found = visibility(bursts(random, 1800), [range(t, t + made) for t in starts.tolist()])
        shares.append((found.seams_that_pop, found.elsewhere_pop))
    at_seams, elsewhere = np.array(shares).T
    error = (at_seams - elsewhere).std() / np.sqrt(len(shares))
    assert 0.05 < elsewhere.mean() < 0.6 and error < 0.04
    assert abs((at_seams - elsewhere).mean()) < 3 * error


def test_windows_elsewhere_hold_nothing_that_was_made():
    residual = np.ones(600)
    seams = [range(t, t + 14) for t in range(40, 560, 60)]
    for seam in seams:
        residual[seam.start : seam.stop + 1] = 9.0
    found = visibility(residual, seams)
    assert found.seams_that_pop == 1 and found.elsewhere_pop == 0 and found.elsewhere_worst == 1
    residual[300] = 7.0  # no seam, and in view of some windows
    found = visibility(residual, seams)
    assert 0 < found.elsewhere_pop < 1 and found.elsewhere_worst == 7 < found.worst == 9


def test_a_seam_is_seen_among_the_frames_of_its_two_runs(room):
    before, after = [scene(room, t) for t in range(22)], [scene(room, t) for t in range(36, 58)]
    goes_on = [scene(room, t) for t in range(22, 36)]
    jumps = [scene(room, t, shift=(22, 9) if t >= 30 else (0, 0)) for t in range(22, 36)]
    assert visibility_between(before, goes_on, after) < POP < visibility_between(before, jumps, after)
    assert visibility_between([], jumps, []) >= POP  # the footage ends on both sides
    joined = [scene(room, t, shift=(22, 9)) for t in range(36, 58)]
    assert visibility_between(before, goes_on, joined) >= POP  # the first frame behind belongs to it
