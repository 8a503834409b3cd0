"""Frames out of the catalog: the right ones, from caches that hold no more bytes than they may."""

import numpy as np
import pytest

from data_catalog import Catalog
from tango_models.media.gop import encode_gop, iter_gop
from tasks.views.footage.frame_source import FRAME_CACHE_MB, GopCache, iter_frames

GOPS, SIDE = 24, 64
FRAME = SIDE * SIDE * 3


@pytest.fixture(scope="module")
def footage(tmp_path_factory):
    """A catalog with two videos of 96 frames, and those frames."""
    catalog, frames = Catalog(tmp_path_factory.mktemp("catalog")), {}
    for video, tone in (("v", 40), ("w", 140)):
        pictures = np.empty((4 * GOPS, SIDE, SIDE, 3), np.uint8)
        for t in range(len(pictures)):
            pictures[t] = tone + t % 90
            pictures[t, :, : t % SIDE] = 20
        data = [encode_gop(pictures[4 * k : 4 * k + 4]) for k in range(GOPS)]
        catalog.table("frames").upsert(
            {"video_id": video, "gop": k, "n_frames": 4, "pixels": data[k]} for k in range(GOPS)
        )
        frames[video] = np.stack([frame for one in data for frame in iter_gop(one)])
    return catalog, frames


WALK = [("v", f) for f in range(30)] + [("w", f) for f in range(60, 80)] + [("v", f) for f in range(8, 20)]


@pytest.mark.parametrize(
    "bound", [FRAME // 2, 4 * FRAME, 10 * FRAME, 100 * FRAME], ids=lambda n: f"{n / FRAME:g} frames"
)
@pytest.mark.parametrize("told", [True, False], ids=["expected", "unexpected"])
def test_a_cache_holds_its_bound_and_gives_the_right_frames(footage, bound, told):
    catalog, frames = footage
    cache = GopCache(catalog, megabytes=bound / 1e6)
    if told:
        cache.expect((video, frame // 4) for video, frame in WALK)
    for video, frame in WALK:
        assert np.array_equal(cache.frame(video, frame), frames[video][frame])
        assert cache.held <= max(bound, 4 * FRAME)  # one GOP is always held: that which was asked for


def test_what_is_expected_is_read_several_at_a_time(footage, monkeypatch):
    catalog, _ = footage
    cache = GopCache(catalog, megabytes=FRAME_CACHE_MB)
    reads = []
    read = cache._table.read_blobs
    monkeypatch.setattr(cache._table, "read_blobs", lambda *a, **k: reads.append(a) or read(*a, **k))
    cache.expect(("v", gop) for gop in range(GOPS))
    for gop in range(GOPS):
        cache.gop("v", gop)
    assert len(reads) <= 4  # 4, then 16 and 4


def test_a_frame_in_use_does_not_keep_its_gop(footage):
    frame = GopCache(footage[0], megabytes=FRAME_CACHE_MB).frame("v", 5)
    assert frame.base is None or memoryview(frame.base).nbytes <= FRAME


@pytest.mark.parametrize(("start", "stop"), [(0, 96), (3, 90), (17, 18), (92, 96)])
def test_frames_in_a_row_are_those_of_the_range(footage, start, stop):
    catalog, frames = footage
    assert np.array_equal(np.stack(list(iter_frames(catalog, "v", start, stop))), frames["v"][start:stop])
