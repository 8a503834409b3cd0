"""What both runs show around a jump, out of the catalog: along the take, and no further."""

import numpy as np
import pytest

from data_catalog import Catalog, clip_id
from tasks.views.paths.seam_surroundings import REACH, Surroundings

CLIPS = 12
CUT = 8  # clip from which another shot begins


@pytest.fixture
def catalog(tmp_path) -> Catalog:
    catalog = Catalog(tmp_path)
    catalog.table("videos").upsert([{"video_id": "v", "width": 200, "height": 100, "n_frames": 4 * CLIPS}])
    catalog.table("clips").upsert(
        {
            "clip_id": clip_id("v", k),
            "track_id": "v",
            "index": k,
            "shot": int(k >= CUT),
            "usable": k != 10,
            "repeated": [False, False, True, False],
            "surprise": [1.0, 1.0, 0.0, 2.0],
            "head": np.tile(np.float32([0.5, 0.2, 0.1]), 4),
            "face": bytes([k]) * (4 * 24 * 24),
            "picture": b"".join(bytes([4 * k + t - t // 2]) * 1024 for t in range(4)),  # frame 2 repeats frame 1
            "mask": b"".join([b"\xff" * 256 + bytes(256)] * 4),
        }
        for k in range(CLIPS)
    )
    catalog.table("landmarks").upsert(
        {
            "video_id": "v",
            "frame": t,
            "hands_xy": np.full(84, float(t), np.float32),
            "body_xy": np.full(66, float(t), np.float32),
        }
        for t in range(4 * CLIPS)
    )
    return catalog


def around(catalog: Catalog, clip: int, *, from_end: bool, smooth: bool = False, canvas=(200, 100)):
    key = clip_id("v", clip)
    jump = (key, clip_id("v", 0)) if from_end else (clip_id("v", 0), key)
    return Surroundings(catalog, [jump], canvas).run(key, from_end=from_end, smooth=smooth)


def frames(run) -> list[int]:
    """Source frames, told by the hands' place."""
    return np.rint(run.hands[:, 0, 0, 0] * 100).astype(int).tolist()


def test_a_run_goes_on_in_both_directions(catalog):
    run = around(catalog, 4, from_end=False)
    assert frames(run) == list(range(16 - 4 * REACH, 16 + 4 * REACH)) and not run.held.any()
    assert run.face[0, 0, 0] == 0 and run.face[16, 0, 0] == 4
    assert run.picture[:, 0].tolist() == [t - (t % 4) // 2 for t in range(32)] and run.person.shape == run.picture.shape
    assert run.person[:, :512].all() and not run.person[:, 512:].any()
    assert np.allclose(run.usual, 1)  # grey level from frame to frame, whatever a frame shows twice
    assert run.repeated.tolist() == [t % 4 == 2 for t in range(8 * REACH)]


def test_it_is_held_at_a_shot_change_an_unusable_clip_and_the_end(catalog):
    before_cut = around(catalog, CUT - 1, from_end=True)
    assert frames(before_cut)[16:] == [31] * 16 and before_cut.held.tolist() == [False] * 16 + [True] * 16
    behind_cut = around(catalog, CUT, from_end=False)
    assert frames(behind_cut)[:16] == [32] * 16 and frames(behind_cut)[16:24] == list(range(32, 40))
    assert behind_cut.held.tolist() == [True] * 16 + [False] * 8 + [True] * 8  # clip 10 cannot be shown
    assert around(catalog, CLIPS - 1, from_end=True).held[16:].all()


def test_a_picture_in_between_is_where_it_will_be_shown(catalog):
    run = around(catalog, 4, from_end=False, smooth=True)
    assert not run.repeated.any() and frames(run)[4:] == list(range(4, 32))


def test_places_are_those_on_the_canvas(catalog):
    run = around(catalog, 4, from_end=False, canvas=(400, 200))
    assert np.allclose(run.hands[0], around(catalog, 4, from_end=False).hands[0], atol=1e-6)
    square = around(catalog, 4, from_end=False, canvas=(200, 200))
    assert np.allclose(square.head[0], [0.25, 0.35, 0.05], atol=1e-6)
