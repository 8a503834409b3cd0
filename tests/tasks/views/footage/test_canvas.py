"""Videos of several sizes on one canvas."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from data_catalog import Catalog
from tango_models.perception.landmarks import letterbox
from tasks.views.footage.canvas import canvas_size, fit_frame, fit_masks, fit_points


def test_the_canvas_is_the_size_of_most_footage(tmp_path):
    rows = [("a", 640, 360, 100), ("b", 768, 768, 90), ("c", 768, 768, 20)]
    Catalog(tmp_path).table("videos").upsert(
        {"video_id": v, "width": w, "height": h, "n_frames": n} for v, w, h, n in rows
    )
    assert canvas_size(Catalog(tmp_path), ["a", "b", "c"]) == (768, 768)
    assert canvas_size(Catalog(tmp_path), ["a", "b"]) == (640, 360)


def test_a_point_stays_on_its_pixel_when_the_picture_is_fitted():
    frame = np.zeros((90, 160, 3), np.uint8)
    frame[30:34, 100:104] = 255
    fitted = fit_frame(frame, (80, 80))
    assert fitted.shape == (80, 80, 3)
    y, x = (float(axis.mean()) for axis in np.nonzero(fitted[..., 0] > 100))
    assert np.allclose(fit_points(np.array([101.5, 31.5]), (160, 90), (80, 80)), [x, y], atol=1.0)


def test_a_frame_of_the_canvas_size_is_untouched():
    frame = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)
    assert fit_frame(frame, (64, 48)) is frame


sides = st.sampled_from([360, 540, 720, 1280])


@settings(max_examples=25, deadline=None)
@given(sides, sides, sides, sides, st.floats(0.3, 0.7), st.floats(0.3, 0.7))
def test_a_mask_lies_where_its_picture_does(width, height, canvas_width, canvas_height, x, y):
    left, top, inner, high = letterbox(width, height)
    rows, columns = np.mgrid[:64, :64]
    at = np.hypot((columns - left + 0.5) / inner * width - x * width, (rows - top + 0.5) / high * height - y * height)
    disc = (at < 0.2 * min(width, height))[None]
    found = fit_masks(disc, (width, height), (canvas_width, canvas_height))[0]
    pixel = np.array([canvas_width / found.shape[1], canvas_height / found.shape[0]])
    middle = (np.argwhere(found).mean(0)[::-1] + 0.5) * pixel
    wanted = fit_points(np.array([x * width, y * height]), (width, height), (canvas_width, canvas_height))
    assert np.abs(middle - wanted).max() < 0.03 * max(canvas_width, canvas_height)
