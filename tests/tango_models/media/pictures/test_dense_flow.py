"""Flow of pictures that are long and narrow: OpenCV's own ends the process there."""

import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tango_models.interpolation.warping.matching import match_frames
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
@given(height=st.integers(8, 40), upright=st.booleans(), seed=st.integers(0, 99))
def test_a_ticker_is_all_that_moves(height, upright, seed):
    """Where a strip as wide as the picture moves and nothing else, it alone is matched."""
    noise = np.random.default_rng(seed).integers(0, 256, (height, 700, 3)).astype(np.uint8)
    strips = [
        np.ascontiguousarray(part.swapaxes(0, 1) if upright else part) for part in (noise[:, :640], noise[:, 6:646])
    ]
    match = match_frames(*strips, None, flow_side=256)
    assert np.isfinite(match.forward).all() and np.isfinite(match.backward).all()
