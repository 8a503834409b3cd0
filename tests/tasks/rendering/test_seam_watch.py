"""Whom the seams' background is told from, and when a seam's visibility is known."""

import numpy as np
import pytest

from data_catalog import Catalog, clip_id
from tango_models.metrics.seam_visibility import ResidualMeter, visibility
from tango_models.perception.landmarks import letterbox
from tasks.rendering.seam_watch import SeamWatch
from tasks.views.columns import pack_masks
from tasks.views.paths.playback import Playback, SeamWindow

CANVAS = (320, 320)


def left_half(width: int, height: int) -> np.ndarray:
    """A person who fills the left half of such a picture, as masks are stored."""
    x, y, inner, high = letterbox(width, height)
    mask = np.zeros((64, 64), bool)
    mask[y : y + high, x : x + inner // 2] = True
    return mask


@pytest.mark.parametrize("size", [(320, 320), (320, 180), (180, 320)], ids=["the canvas's", "wide", "high"])
def test_the_person_is_where_the_video_shows_it_whatever_its_size(tmp_path, size):
    catalog = Catalog(tmp_path)
    catalog.table("videos").upsert([{"video_id": "v", "width": size[0], "height": size[1], "n_frames": 4}])
    masks = pack_masks(np.stack([left_half(*size)] * 4))
    clip = {"clip_id": clip_id("v", 0), "track_id": "v", "index": 0, "mask": b"".join(masks)}
    catalog.table("clips").upsert([clip])
    watch = SeamWatch(catalog, Playback(["v"] * 4, np.arange(4), []), CANVAS)
    person = watch._person(1)
    width = person.shape[1]
    assert person[:, : width // 2 - 2].all(), "up to the middle, and in the bars that continue the picture's edges"
    assert not person[:, width // 2 + 2 :].any()


@pytest.mark.parametrize("seed", range(5))
def test_a_seam_s_visibility_is_told_as_soon_as_it_can_be_and_is_that_of_the_whole(seed):
    random = np.random.default_rng(seed)
    residual = random.gamma(4.0, 1.0, 240)
    cuts = sorted(random.choice(np.arange(4, 236), 8, replace=False).tolist())
    seams = [SeamWindow("v:0", "v:1", cut, int(random.integers(0, 4))) for cut in cuts]
    windows = [seam.frames or range(seam.cut, seam.cut) for seam in seams]
    whole = visibility(residual, windows).seams
    meter = ResidualMeter()
    told: dict[int, tuple[int, float]] = {}
    for t, value in enumerate(residual):
        meter._whole.append(float(value))
        for k, window in enumerate(windows):
            if k not in told and (found := meter.prominent(window)) is not None:
                told[k] = t, found
    for k, (t, found) in told.items():
        assert found == pytest.approx(whole[k]) and t < windows[k].stop + 35
    assert {k for k, window in enumerate(windows) if window.stop < 200} <= set(told)
