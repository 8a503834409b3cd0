"""Each place goes over when both runs are alike, as fast as nobody notices."""

import numpy as np
import pytest

from tango_models.interpolation.warping.changeover import on_grid, plan_changeover

SHAPE = (40, 60)
LIMITS = {"per_frame": 4.0, "longest": 5.0}


def differences(*levels: float) -> list[np.ndarray]:
    return [np.full(SHAPE, level, np.float32) for level in levels]


@pytest.mark.parametrize("seed", range(5))
def test_every_place_goes_over_within_the_window_and_never_back(seed):
    rng = np.random.default_rng(seed)
    count = int(rng.integers(4, 17))
    rests = [rng.uniform(0, 80, SHAPE).astype(np.float32) for _ in range(count - 2)]
    person = rng.uniform(0, 1, SHAPE).astype(np.float32) if seed % 2 else None
    plan = plan_changeover(rests, person, **LIMITS)
    shares = np.stack([plan.share(index) for index in range(count)])
    assert np.allclose(shares[0], 0, atol=1e-4) and np.allclose(shares[-1], 1, atol=1e-4)
    assert (np.diff(shares, axis=0) >= 0).all()


def test_it_goes_over_where_the_runs_are_alike_and_in_the_middle_when_nothing_tells():
    assert plan_changeover(differences(*[20.0] * 9), None, **LIMITS).moment == pytest.approx(5.0, abs=0.1)
    assert (plan_changeover(differences(20, 20, 20, 20, 20, 20, 1, 1, 20), None, **LIMITS).moment > 6.4).all()


def test_places_have_moments_of_their_own():
    early, late = differences(1, 1, 1, 40, 40, 40, 40, 40), differences(40, 40, 40, 40, 40, 1, 1, 1)
    both = [np.concatenate([a[:, :30], b[:, 30:]], axis=1) for a, b in zip(early, late, strict=True)]
    moment = plan_changeover(both, None, **LIMITS).moment
    assert moment[:, :15].max() < 3.5 < 5.5 < moment[:, -15:].min()


def test_what_stays_apart_takes_the_whole_window_behind_the_speaker_and_a_few_frames_on_them():
    person = np.zeros(SHAPE, np.float32)
    person[:, 30:] = 1
    frames = plan_changeover(differences(*[60.0] * 14), person, **LIMITS).frames
    assert frames[:, :20].min() > 13 and frames[:, -20:].max() < 5.5
    alike = plan_changeover(differences(*[0.5] * 14), person, **LIMITS).frames
    assert alike.max() < 4


def test_masks_of_any_size_come_to_one_grid():
    small, large = np.zeros((8, 12), bool), np.zeros((80, 120), bool)
    small[:4], large[40:] = True, True
    assert on_grid([small, large], SHAPE, around=1).min() > 0.9
    assert on_grid([small], SHAPE, around=1)[30:].max() < 0.1
