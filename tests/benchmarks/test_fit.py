import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from benchmarks.fit import _COLUMNS, _of_all, _procrustes, _reprojection, _tremor, _worst, samples
from tests.tango_models.body.exact_landmarks import gesture, see


def test_procrustes_forgives_place_turn_and_size_but_no_mirror_image():
    truth = np.random.default_rng(0).standard_normal((10, 3))
    found = 2 * truth @ Rotation.from_rotvec([0.3, -1, 2]).as_matrix() + [1, 2, 3]
    assert _procrustes(found, truth) == pytest.approx(0, abs=1e-9)
    assert _procrustes(found * [-1, 1, 1], truth) > 0.1


def test_tremor_is_of_the_frames_asked_for_and_not_of_steady_motion():
    points = np.zeros((20, 2, 2))
    points[..., 0] = np.arange(20)[:, None]
    points[10:, :, 1] = (-1.0) ** np.arange(10)[:, None]
    assert _tremor(points, np.arange(18) < 7) == pytest.approx(0, abs=1e-9)
    assert _tremor(points, np.arange(18) > 10) == pytest.approx(4 / np.sqrt(2))


def test_arms_are_compared_in_percent_of_the_person():
    from tango_models.body.smplx_body import Body

    landmarks, _ = see(gesture(4), Body.load())  # a person of 708 pixels
    pixels = landmarks.body_xy[:, [11, 13, 15, 12, 14, 16]] + [7.08, 0]
    found = _reprojection(landmarks, pixels)
    assert found["off"] == pytest.approx(1.0, abs=1e-3) and found["off_p95"] == pytest.approx(1.0, abs=1e-3)


def test_what_no_video_has_is_an_empty_cell_and_what_one_has_is_its_figure():
    measured = {"off": 1.0, "off_p95": 2.0, "focal": 2.2, "confidence": 0.9}  # a real clip: no joints are known
    cells = dict(zip([key for _, key, _ in _COLUMNS], _of_all([measured], _worst), strict=True))
    assert cells == dict.fromkeys(cells, "") | {"off": "1.00", "off_p95": "2.00", "confidence": "0.90"}
    both = [measured, measured | {"body": 30.0, "confidence": 0.5, "calmer": 4.0}]
    cells = dict(zip([key for _, key, _ in _COLUMNS], _of_all(both, _worst), strict=True))
    assert (cells["body"], cells["confidence"], cells["calmer"], cells["hand"]) == ("30.0", "0.50", "4.0", "")


def test_a_name_of_no_video_is_refused_with_those_that_there_are(tmp_path):
    with pytest.raises(SystemExit, match=r"no such video: nobody; there are .*bruno"):
        list(samples(tmp_path, ["bruno", "nobody"], 180))
