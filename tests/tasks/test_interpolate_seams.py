"""The frames that no camera took: planned from the catalog alone, made once, and in time with what lies around them."""

import json

import numpy as np
import pytest

from data_catalog import Catalog, Unit, clip_id
from tango_models.media.gop import encode_gop
from tango_models.motion_graph.pictures import FACE_SIDE
from tasks.interpolate_seams import InterpolateSeams, InterpolateSeamsConfig, read_playback
from tasks.render_video import output_frames
from tasks.runtime.workers import StageWorker
from tasks.views.columns import pack_bits, pack_masks
from tests.tango_models.interpolation.scenes import SIDE, figure

CLIPS = 12
FRAMES = 4 * CLIPS
REPEATED = np.arange(FRAMES) % 5 == 4


HAND = {"v": (30.0, 40.0), "w": (46.0, 48.0)}
"""Where the speaker's right hand rests in each video."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A catalog with two videos and a path of 4 clips of each."""
    folder = tmp_path_factory.mktemp("catalog")
    catalog = Catalog(folder)
    for video, hand in HAND.items():
        add_video(catalog, video, hand)
    clips = [clip_id("v", k) for k in (1, 2, 3, 4)] + [clip_id("w", k) for k in (3, 4, 5, 6)]
    path = {"path_id": "p", "speech_id": "s", "clip_ids": clips, "seams": [4], "seam_cost": [0.5], "cost": 0.5}
    catalog.table("paths").upsert([{**path, "avatar": "a", "settings": json.dumps({})}])
    catalog.table("speech").upsert([{"speech_id": "s", "n_frames": 32}])
    finish(catalog, "retrieve_path", "p", "path")
    return folder


def finish(catalog: Catalog, stage: str, unit: str, *fields: str) -> None:
    done = Unit(stage, unit, unit, "", "1", "", {})
    catalog.finish(done, table="units", n_rows=1, run_id="test", seconds=0.0, fields={name: name for name in fields})


def add_video(catalog: Catalog, video: str, hand: tuple[float, float]) -> None:
    """A figure that walks slowly to the right, in 24 fps stored as 30."""
    shown = np.arange(FRAMES) - REPEATED  # a repeat shows the frame before
    pictures = [figure(60 + 0.5 * t, 80, hand=hand) for t in shown.tolist()]
    size = {"width": SIDE, "height": SIDE, "n_frames": FRAMES}
    catalog.table("videos").upsert([{"video_id": video, **size, "repeated": pack_bits(REPEATED), "cuts": []}])
    catalog.table("frames").upsert(
        {"video_id": video, "gop": k, "n_frames": 4, "pixels": encode_gop(np.stack(pictures[4 * k : 4 * k + 4]))}
        for k in range(CLIPS)
    )
    catalog.table("clips").upsert(
        {
            "clip_id": clip_id(video, k),
            "video_id": video,
            "index": k,
            "shot": 0,
            "usable": True,
            "repeated": REPEATED[4 * k : 4 * k + 4].tolist(),
            "head": np.tile(np.float32([0.5, 0.2, 0.1]), 4),
            "face": bytes(4 * FACE_SIDE**2),
        }
        for k in range(CLIPS)
    )
    circle = np.stack([np.cos(np.arange(21)), np.sin(np.arange(21))], axis=-1)
    mask = pack_masks(np.ones((1, 64, 64)))[0]
    body = np.full((33, 2), 60, np.float32)
    catalog.table("landmarks").upsert(
        {
            "video_id": video,
            "frame": t,
            "body_xy": body.ravel(),
            "body_visibility": np.zeros(33, np.float32),
            "hands_xy": np.stack([np.full((21, 2), np.nan), hand + 8 * circle]).astype(np.float32).ravel(),
            "mask": mask,
        }
        for t in range(FRAMES)
    )
    finish(catalog, "extract_frames", video, "pixels", "timing")
    finish(catalog, "create_clips", video, "motion")


def plan(catalog: Catalog, **config) -> list[Unit]:
    return InterpolateSeams(InterpolateSeamsConfig(**config)).plan(catalog, path_id="p", interpolator="flow")


def test_what_a_path_needs_is_made_once_and_a_changed_setting_makes_it_again(folder):
    catalog = Catalog(folder)
    units = plan(catalog)
    assert len(units) == 3  # the seam, and a block of each video
    worker = StageWorker("interpolate_seams", {}, catalog.uri, None, "test")
    assert all(worker.process(unit).ok for unit in units)
    assert catalog.pending(plan(catalog)) == []
    assert len(catalog.pending(plan(catalog, smooth_cadence=False))) == 1  # the seam, without pictures in between
    rows = catalog.table("transitions").read().to_pylist()
    assert sorted(row["src"] == row["dst"] for row in rows).count(False) == 1
    seam = read_playback(catalog, "p", InterpolateSeamsConfig()).seams[0]
    assert next(row["n_frames"] for row in rows if row["src"] != row["dst"]) == 2 * seam.half > 4

    playback = read_playback(catalog, "p", InterpolateSeamsConfig())
    frames = list(output_frames(catalog, playback, method(units), (SIDE, SIDE), smooth=True))
    assert len(frames) == 32
    tracks = [hand_place(frame) for frame in frames[seam.frames.start - 1 : seam.frames.stop + 1]]
    whole = np.linalg.norm(np.subtract(tracks[-1], tracks[0]))
    assert np.linalg.norm(np.diff(tracks, axis=0), axis=-1).max() < 0.5 * whole


def test_the_pictures_between_can_be_made_ahead_of_any_path(folder):
    catalog = Catalog(folder)
    stage = InterpolateSeams(InterpolateSeamsConfig())
    ahead = stage.plan(catalog, video_id="v", uri="somewhere")
    later = {unit.key: unit.version for unit in plan(catalog)}
    assert ahead and all(later[unit.key] == unit.version for unit in ahead)
    assert InterpolateSeams(InterpolateSeamsConfig(smooth_cadence=False)).plan(catalog, video_id="v") == []


def method(units: list[Unit]) -> str:
    return next(unit.inputs["method"] for unit in units if "method" in unit.inputs)


def hand_place(frame: np.ndarray) -> np.ndarray:
    skin = np.abs(frame.astype(int) - [235, 190, 165]).max(-1) < 40
    return np.argwhere(skin).mean(0)
