"""The frames that no camera took: planned from the catalog alone, made once, and in time with what lies around them."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from data_catalog import Catalog, Unit, clip_id
from tango_models.media.gop import encode_gop
from tango_models.motion_graph.edge_config import CUT
from tango_models.motion_graph.pictures import FACE_SIDE, PICTURE_SIDE
from tasks.rendering.output_frames import output_frames
from tasks.rendering.seam_figures import read_seam_figures
from tasks.runtime.cluster.workers import StageWorker
from tasks.views.columns import pack_bits, pack_masks
from tasks.views.footage.segments import segment_key
from tasks.views.paths.path_layout import SeamLayout, read_playback
from tests.stages import mark_done, plan
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
    catalog.table("paths").upsert([{**path, "unit": "p", "settings": json.dumps({})}])
    catalog.table("speech").upsert([{"speech_id": "s", "n_frames": 32, "unit": "s"}])
    mark_done(catalog, "analyse_speech", "s")
    mark_done(catalog, "retrieve_path", "p", of={"create_clips": ["v", "w"]})
    return folder


def add_video(catalog: Catalog, video: str, hand: tuple[float, float]) -> None:
    """A figure that walks slowly to the right, in 24 fps stored as 30."""
    shown = np.arange(FRAMES) - REPEATED  # a repeat shows the frame before
    pictures = [figure(60 + 0.5 * t, 80, hand=hand) for t in shown.tolist()]
    size = {"width": SIDE, "height": SIDE, "n_frames": FRAMES, "unit": video}
    catalog.table("videos").upsert([{"video_id": video, **size, "repeated": pack_bits(REPEATED), "cuts": []}])
    gops = [encode_gop(np.stack(pictures[4 * k : 4 * k + 4])) for k in range(CLIPS)]
    catalog.table("frames").upsert(
        {"video_id": video, "gop": k, "n_frames": 4, "unit": video, "pixels": gops[k]} for k in range(CLIPS)
    )
    catalog.table("clips").upsert(
        {
            "clip_id": clip_id(video, k),
            "track_id": video,
            "unit": video,
            "index": k,
            "shot": 0,
            "usable": True,
            "repeated": REPEATED[4 * k : 4 * k + 4].tolist(),
            "surprise": [1.0] * 4,
            "head": np.tile(np.float32([0.5, 0.2, 0.1]), 4),
            "face": bytes(4 * FACE_SIDE**2),
            "picture": bytes(4 * PICTURE_SIDE**2),
            "mask": b"".join(pack_masks(np.ones((4, 64, 64)))),
        }
        for k in range(CLIPS)
    )
    circle = np.stack([np.cos(np.arange(21)), np.sin(np.arange(21))], axis=-1)
    mask = pack_masks(np.ones((1, 64, 64)))[0]
    body = np.full((33, 2), 60, np.float32)
    catalog.table("landmarks").upsert(
        {
            "video_id": video,
            "unit": segment_key(video, 0),
            "frame": t,
            "body_xy": body.ravel(),
            "body_visibility": np.zeros(33, np.float32),
            "hands_xy": np.stack([np.full((21, 2), np.nan), hand + 8 * circle]).astype(np.float32).ravel(),
            "mask": mask,
        }
        for t in range(FRAMES)
    )
    mark_done(catalog, "extract_frames", video)
    mark_done(catalog, "detect_landmarks", segment_key(video, 0), of={"extract_frames": [video]})
    mark_done(catalog, "create_clips", video, of={"extract_frames": [video]})


def wanted(catalog: Catalog, **config) -> list[Unit]:
    return plan(catalog, "interpolate_seams", config=config, path_id="p", interpolator="flow")


def test_what_a_path_needs_is_made_once_and_a_changed_setting_makes_it_again(folder):
    catalog = Catalog(folder)
    units = wanted(catalog)
    assert len(units) == 3  # the seam, and a block of each video
    worker = StageWorker("interpolate_seams", {}, catalog.uri, None, "test")
    assert all(worker.process(unit).ok for unit in units)
    assert catalog.pending(wanted(catalog)) == []
    assert len(catalog.pending(wanted(catalog, smooth_cadence=False))) == 1  # the seam, without pictures in between
    rows = catalog.table("transitions").read().to_pylist()
    assert sorted(row["src"] == row["dst"] for row in rows).count(False) == 1
    seam = read_playback(catalog, "p", SeamLayout()).seams[0]
    assert next(row["n_frames"] for row in rows if row["src"] != row["dst"]) == 2 * seam.half > 4

    playback = read_playback(catalog, "p", SeamLayout())
    frames = list(output_frames(catalog, playback, method(units), (SIDE, SIDE), smooth=True))
    assert len(frames) == 32
    tracks = [hand_place(frame) for frame in frames[seam.frames.start - 1 : seam.frames.stop + 1]]
    whole = np.linalg.norm(np.subtract(tracks[-1], tracks[0]))
    assert np.linalg.norm(np.diff(tracks, axis=0), axis=-1).max() < 0.5 * whole


def test_around_a_cut_no_frame_is_made(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "catalog")
    catalog = Catalog(tmp_path / "catalog")
    row = catalog.table("paths").read().to_pylist()[0]
    for cost in (0.99 * CUT, CUT):
        catalog.table("paths").upsert([row | {"seam_cost": [cost]}])
        (seam,) = read_playback(catalog, "p", SeamLayout()).seams
        assert (seam.half == 0) == (cost == CUT)
        assert len(wanted(catalog)) == (2 if cost == CUT else 3)
    playback = read_playback(catalog, "p", SeamLayout())
    assert playback.frame.tolist() == [*range(4, 20), *range(12, 28)]
    (figures,) = read_seam_figures(catalog, playback, "flow", (SIDE, SIDE))
    assert figures.made_by == "a cut" and not figures.quality


def method(units: list[Unit]) -> str:
    return next(unit.inputs["method"] for unit in units if "method" in unit.inputs)


def hand_place(frame: np.ndarray) -> np.ndarray:
    skin = np.abs(frame.astype(int) - [235, 190, 165]).max(-1) < 40
    return np.argwhere(skin).mean(0)


def test_new_landmarks_make_a_seam_again(folder):
    catalog = Catalog(folder)
    before = {unit.key: unit.version for unit in wanted(catalog)}
    record = catalog.record("detect_landmarks", segment_key("w", 0))
    changed = Unit("detect_landmarks", record.unit, "w", record.code_version, record.config_hash, record.upstream)
    changed = replace(changed, input_hash=record.input_hash)
    catalog.finish(changed, n_rows=1, run_id="test", seconds=0.0, fields={"landmarks": "others"})
    after = {unit.key: unit.version for unit in wanted(catalog)}
    assert [">" in key for key in after if after[key] != before[key]] == [True]  # the pictures in between stay
