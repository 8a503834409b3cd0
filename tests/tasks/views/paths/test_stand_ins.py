"""Footage that shows pictures twice plays evenly, and what stands in for them is made once."""

import numpy as np
import pytest

from data_catalog import Catalog, clip_id
from tango_models.media.gop import encode_gop
from tasks.interpolate_seams import InterpolateSeams, InterpolateSeamsConfig
from tasks.rendering.output_frames import output_frames
from tasks.views.columns import pack_bits
from tasks.views.paths.playback import Playback, SeamWindow
from tasks.views.paths.stand_ins import (
    MadePictures,
    block_key,
    read_stand_ins,
    shown_blocks,
)
from tests.stages import do

SIDE, FRAMES = 96, 60
REPEATED = np.arange(FRAMES) % 5 == 4


def picture(t: float) -> np.ndarray:
    """A soft disc that moves by 1 px a frame."""
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    disc = np.exp(-((x - 15 - t) ** 2 + (y - 50) ** 2) / 200)
    return np.repeat((40 + 180 * disc)[..., None], 3, axis=2).astype(np.uint8)


def shown(frame: int) -> float:
    return 1.25 * (frame - np.count_nonzero(REPEATED[: frame + 1]))


def place(frame: np.ndarray) -> float:
    weight = np.clip(frame[..., 0].astype(float) - 60, 0, None)
    return float(np.average(np.arange(SIDE), weights=weight.sum(0)))


@pytest.fixture
def catalog(tmp_path) -> Catalog:
    catalog = Catalog(tmp_path)
    frames = [picture(shown(t)) for t in range(FRAMES)]
    catalog.table("videos").upsert(
        [
            {
                "video_id": "v",
                "n_frames": FRAMES,
                "width": SIDE,
                "height": SIDE,
                "repeated": pack_bits(REPEATED),
                "cuts": [],
                "unit": "v",
            }
        ]
    )
    gops = [encode_gop(np.stack(frames[k : k + 4])) for k in range(0, FRAMES, 4)]
    catalog.table("frames").upsert(
        {"video_id": "v", "gop": k, "n_frames": 4, "unit": "v", "pixels": gop} for k, gop in enumerate(gops)
    )
    return catalog


def make_all(catalog: Catalog) -> None:
    stage = InterpolateSeams(InterpolateSeamsConfig())
    stage.setup()
    for video, number in shown_blocks(catalog, playback(0, FRAMES)):
        of = {"extract_frames": [video]}
        do(catalog, stage, stage.unit(block_key(video, number), subject="v", of=of, video_id=video, block=number))


def playback(first: int, last: int, seams=()) -> Playback:
    return Playback(["v"] * (last - first), np.arange(first, last, dtype=np.int32), list(seams))


def test_the_disc_moves_on_in_every_frame(catalog):
    make_all(catalog)
    steps = {}
    for smooth in (False, True):
        frames = output_frames(catalog, playback(0, 59), "flow", (SIDE, SIDE), smooth=smooth)
        steps[smooth] = np.diff([place(frame) for frame in frames])
    assert np.min(steps[False]) < 0.1  # it stands still
    assert np.min(steps[True]) > 0.4 * np.median(steps[True])
    assert np.max(steps[True]) < 1.3 * np.median(steps[True])


def test_pictures_that_are_no_repeats_are_shown_as_they_are(catalog):
    make_all(catalog)
    plain = list(output_frames(catalog, playback(0, 59), "flow", (SIDE, SIDE), smooth=False))
    smooth = list(output_frames(catalog, playback(0, 59), "flow", (SIDE, SIDE), smooth=True))
    same = [np.array_equal(a, b) for a, b in zip(plain, smooth, strict=True)]
    assert same == (~REPEATED[:59]).tolist()


def test_only_what_a_path_shows_outside_its_seams_is_wanted(catalog):
    assert shown_blocks(catalog, playback(0, FRAMES)) == [("v", 0), ("v", 1)]
    assert shown_blocks(catalog, playback(0, 20)) == [("v", 0)]
    assert shown_blocks(catalog, playback(50, 54)) == []
    seam = SeamWindow(clip_id("v", 0), clip_id("v", 9), 4, 4)
    assert shown_blocks(catalog, playback(0, 8, [seam])) == []


def test_a_frame_between_is_found_by_its_place_in_its_clip(catalog):
    make_all(catalog)
    made = MadePictures(catalog, ["v"])
    made.prefetch([("v", 9), ("v", 10)])
    assert made.find("v", 10) is None
    wanted = read_stand_ins(catalog, ["v"])["v"][9]
    assert (
        place(picture(shown(wanted.left))) + 0.2 < place(made.find("v", 9)) < place(picture(shown(wanted.right))) - 0.2
    )
