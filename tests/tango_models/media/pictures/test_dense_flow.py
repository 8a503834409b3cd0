"""Flow of pictures that are long and narrow: OpenCV's own ends the process there."""

import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tango_models.interpolation.between import between
from tango_models.media.pictures.dense_flow import dense_flow
from tango_models.metrics.seam_visibility import ResidualMeter


@settings(max_examples=60)
@given(
    height=st.integers(1, 48), width=st.integers(1, 400), upright=st.booleans(), preset=st.sampled_from([0, 1, 2]),
    guessed=st.booleans(), seed=st.integers(0, 99),
)  # fmt: skip
def test_pictures_of_any_shape_have_a_flow(height, width, upright, preset, guessed, seed):
    shape = (width, height) if upright else (height, width)
    first, second = np.random.default_rng(seed).integers(0, 256, (2, *shape)).astype(np.uint8)
    start = np.zeros((*shape, 2), np.float32) if guessed else None
    flow = dense_flow(cv2.DISOpticalFlow.create(preset), first, second, start)
    assert flow.shape == (*shape, 2) and np.isfinite(flow).all()
    assert not dense_flow(cv2.DISOpticalFlow.create(preset), first, first).any()


@settings(max_examples=20)
@given(height=st.integers(2, 60), width=st.integers(300, 800), upright=st.booleans(), seed=st.integers(0, 9))
def test_the_yardstick_takes_frames_of_any_shape(height, width, upright, seed):
    shape = (width, height, 3) if upright else (height, width, 3)
    meter = ResidualMeter()
    for frame in np.random.default_rng(seed).integers(0, 256, (3, *shape)).astype(np.uint8):
        meter.see(frame)
    assert len(meter.whole) == 3 and np.isfinite(meter.whole).all()


@settings(max_examples=15)
@given(height=st.integers(1, 40), bottom=st.booleans(), seed=st.integers(0, 99))
def test_a_ticker_at_the_edge_is_all_that_moves(height, bottom, seed):
    """What moves is a strip as wide as the picture and a few pixels high: its flow is that of a narrow picture."""
    noise = np.random.default_rng(seed).integers(0, 256, (40, 700, 3)).astype(np.uint8)
    first = np.full((360, 640, 3), 90, np.uint8)
    second = first.copy()
    rows = slice(360 - height, 360) if bottom else slice(0, height)
    first[rows], second[rows] = noise[:height, :640], noise[:height, 6:646]
    made = between(first, second, 0.5)
    assert made.shape == first.shape
    np.testing.assert_array_equal(made[100:260], first[100:260])
