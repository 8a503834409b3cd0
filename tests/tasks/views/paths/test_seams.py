"""What a seam shows, out of the catalog: its two runs, and the footage beyond them."""

import numpy as np
import pytest

from data_catalog import Catalog, clip_id
from tango_models.media.gop import encode_gop
from tasks.views.columns import pack_bits, pack_masks
from tasks.views.paths.seams import frames_beyond, read_seam, runs_shown

CLIPS, SIDE = 20, 32
FRAMES = 4 * CLIPS
CUT = 40  # frame from which another shot begins


def grey(frame: int) -> int:
    return 8 + 3 * frame


@pytest.fixture(scope="module")
def catalog(tmp_path_factory) -> Catalog:
    """Every frame of a video has a grey of its own."""
    catalog = Catalog(tmp_path_factory.mktemp("catalog"))
    size = {"video_id": "v", "width": SIDE, "height": SIDE, "n_frames": FRAMES, "cuts": [CUT]}
    catalog.table("videos").upsert([{**size, "repeated": pack_bits(np.zeros(FRAMES, bool))}])
    pictures = [np.full((SIDE, SIDE, 3), grey(t), np.uint8) for t in range(FRAMES)]
    catalog.table("frames").upsert(
        {"video_id": "v", "gop": k, "n_frames": 4, "pixels": encode_gop(np.stack(pictures[4 * k : 4 * k + 4]))}
        for k in range(CLIPS)
    )
    catalog.table("landmarks").upsert(
        {
            "video_id": "v",
            "frame": t,
            "body_xy": np.zeros(66, np.float32),
            "body_visibility": np.zeros(33, np.float32),
            "hands_xy": np.zeros(84, np.float32),
            "mask": pack_masks(np.ones((1, 64, 64)))[0],
        }
        for t in range(FRAMES)
    )
    return catalog


def numbers(pictures: np.ndarray) -> list[int]:
    """Source frames, told by their grey."""
    return np.rint((pictures.reshape(len(pictures), -1).mean(1) - 8) / 3).astype(int).tolist()


def test_the_footage_goes_on_beyond_both_ends_frame_after_frame(catalog):
    offsets = np.arange(-6, 6)
    seam = read_seam(catalog, clip_id("v", 4), clip_id("v", 14), offsets, (SIDE, SIDE), around=2, cache_mb=8)
    assert numbers(seam.outgoing) == list(range(14, 26)) and numbers(seam.before) == [12, 13]
    assert numbers(seam.incoming) == list(range(50, 62)) and numbers(seam.after) == [62, 63]
    plain = read_seam(catalog, clip_id("v", 4), clip_id("v", 14), offsets, (SIDE, SIDE), cache_mb=8)
    assert plain.before is None and plain.after is None
    assert (plain.outgoing == seam.outgoing).all() and (plain.incoming == seam.incoming).all()


@pytest.mark.parametrize("seed", range(40))
def test_frames_beyond_are_of_the_shot_true_and_next_to_the_seam(catalog, seed):
    rng = np.random.default_rng(seed)
    src, dst = (clip_id("v", int(rng.integers(CLIPS))) for _ in range(2))
    half, count = int(rng.integers(3, 9)), int(rng.integers(1, 4))
    offsets = np.arange(-half, half) + int(rng.integers(-2, 3))
    runs = runs_shown(catalog, src, dst, offsets, smooth=False)
    beyond = frames_beyond(catalog, src, dst, offsets, count, smooth=False)
    first, last = runs["outgoing"][1][0].left, runs["incoming"][1][-1].left
    before, after = ([s.left for s in beyond[name][1]] for name in ("before", "after"))
    assert len(before) <= count and len(after) <= count
    assert before == list(range(first - len(before), first)) or not before
    assert after == list(range(last + 1, last + 1 + len(after))) or not after
    shots = [(0, CUT), (CUT, FRAMES)]
    for run, at, missing in ((before, first, count - len(before)), (after, last, count - len(after))):
        shot = next(shot for shot in shots if at in range(*shot))
        assert all(frame in range(*shot) for frame in run)
        if missing and run:  # no more than the shot has
            assert run[0] == shot[0] if run is before else run[-1] == shot[1] - 1
