"""How much a frame shows that the one before it does not explain."""

import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tango_models.motion_graph.pictures import SurpriseMeter
from tango_models.motion_graph.seam_price import own_surprise


def texture(height, width, seed):
    noise = np.random.default_rng(seed).integers(0, 256, (height // 16 + 2, width // 16 + 2)).astype(np.uint8)
    return cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)


def surprises(*frames):
    meter = SurpriseMeter()
    return [meter.see(frame) for frame in frames]


@settings(max_examples=20)
@given(height=st.integers(16, 500), width=st.integers(16, 500), seed=st.integers(0, 99))
def test_a_still_picture_of_any_shape_surprises_nobody(height, width, seed):
    assert surprises(*[texture(height, width, seed)] * 3) == [0, 0, 0]


@settings(max_examples=20)
@given(seed=st.integers(0, 99), x=st.integers(-4, 4), y=st.integers(-4, 4))
def test_what_moves_is_explained_and_what_appears_is_not(seed, x, y):
    whole = texture(420, 420, seed)
    before, moved = whole[20:400, 20:400], whole[20 + y : 400 + y, 20 + x : 400 + x]
    another = before.copy()
    another[120:260, 120:260] = texture(140, 140, seed + 1000)
    _, explained = surprises(before, moved)
    _, appeared = surprises(before, another)
    assert explained < 0.5 * appeared


@given(seed=st.integers(0, 99), frames=st.integers(1, 40))
def test_a_repeated_frame_surprises_nobody_and_the_next_one_is_two_steps_away(seed, frames):
    random = np.random.default_rng(seed)
    surprise, repeated = random.uniform(1, 2, frames).astype(np.float32), random.random(frames) < 0.3
    step, own = own_surprise(surprise, repeated)
    assert step[0] == 0 and (step[repeated] == 0).all()
    np.testing.assert_allclose(step[own[1:]] * np.diff(own), surprise[own[1:]], rtol=1e-6)
