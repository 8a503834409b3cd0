"""The fit's stage reads landmarks and writes poses a chunk at a time."""

import cv2
import numpy as np
import pytest

import tasks.fit_smplx as stage_module
from data_catalog import Catalog, track_id
from data_catalog.tables.sizes import CLIP_FRAMES
from data_catalog.tables.store import Table
from tango_models.body.fit.fitting import FitConfig, fit_smplx
from tango_models.body.motion_io import Motion, save_motion
from tango_models.body.smplx_body import Body
from tango_models.errors import InputError
from tango_models.media.gop import encode_gop
from tango_models.media.probe import content_id
from tasks.fit_smplx import FitSmplx, FitSmplxConfig
from tasks.runtime.stage import RowWriter
from tasks.views.columns import pack_masks, vectors
from tasks.views.footage.fit_picture import read_fit_picture
from tasks.views.footage.frame_source import GopCache
from tasks.views.motion import read_motion
from tests.stages import do
from tests.tango_models.body.exact_landmarks import SIZE, gesture, see
from tests.tango_models.body.faulty import without

FRAMES = 100
QUICK = FitConfig(shape_frames=4, shape_iterations=10, iterations=5, sample_frames=60, window=24, overlap=4, chunk=40)
_VECTORS = (
    "body_xy", "body_visibility", "body_world", "hands_xy", "hands_local", "hands_score", "face_xy", "face_z",
    "hand_boxes", "person_box",
)  # fmt: skip


@pytest.fixture
def stage():
    stage = FitSmplx(FitSmplxConfig(fit=QUICK))
    stage.setup()
    return stage


def stored(catalog, landmarks, stage):
    """Landmarks as rows of a video with grey pictures, and the unit that fits them."""
    columns = {name: vectors(getattr(landmarks, name)) for name in _VECTORS}
    columns |= {"mask": pack_masks(landmarks.mask), "face_score": landmarks.face_score.tolist()}
    catalog.table("landmarks").upsert(
        {"video_id": "v", "frame": t, "unit": "v:0000", **{name: columns[name][t] for name in columns}}
        for t in range(len(landmarks))
    )
    picture = encode_gop(np.full((CLIP_FRAMES, SIZE[1], SIZE[0], 3), 90, np.uint8))
    catalog.table("frames").upsert(
        {"video_id": "v", "gop": k, "n_frames": CLIP_FRAMES, "pixels": picture, "audio": b"", "unit": "v"}
        for k in range(-(-len(landmarks) // CLIP_FRAMES))
    )
    size = {"n_frames": len(landmarks), "width": SIZE[0], "height": SIZE[1]}
    catalog.table("videos").upsert([{"video_id": "v", "unit": "v", **size}])
    of = {"extract_frames": ["v"], "detect_landmarks": ["v:0000"]}
    return stage.unit("v", subject="talk.mp4", of=of, track="v", motion_uri="")


def test_rows_are_the_fit_and_are_read_and_written_by_chunks(tmp_path, stage, monkeypatch):
    catalog = Catalog(tmp_path / "catalog")
    landmarks, _ = see(gesture(FRAMES), Body.load())
    unit = stored(catalog, landmarks, stage)
    reads, writes = [], []
    read, write = Table.read, RowWriter.write
    monkeypatch.setattr(Table, "read", lambda *a, **k: (reads.append((a[1], t := read(*a, **k))), t)[1])
    monkeypatch.setattr(
        RowWriter, "write", lambda out, rows, **to: (writes.append(len(rows := list(rows))), write(out, rows, **to))[1]
    )
    hashes = do(catalog, stage, unit).hashes()
    monkeypatch.undo()
    assert hashes["motion"] and writes == [40, 40, 20, 1]  # and the row of the picture
    assert catalog.table("poses").count() == FRAMES and catalog.table("fits").count() == 1
    assert not any("mask" in columns for columns, _ in reads)
    fit, found = fit_smplx(landmarks, Body.load(), config=QUICK), read_motion(catalog, "v")
    np.testing.assert_allclose(found["poses"], fit.motion.poses, atol=1e-5)
    np.testing.assert_allclose(found["trans"], fit.motion.trans, atol=1e-5)
    np.testing.assert_allclose(found["confidence"], fit.confidence, atol=1e-5)
    np.testing.assert_array_equal(found["tracked"], fit.tracked)


def test_a_video_without_a_person_is_named(tmp_path, stage):
    catalog = Catalog(tmp_path / "catalog")
    landmarks, _ = see(gesture(20), Body.load())
    unit = stored(catalog, without(landmarks, list(range(1, 20))), stage)
    with pytest.raises(InputError, match=r"talk\.mp4: no person in 19 of 20 frames"):
        do(catalog, stage, unit)


def test_the_picture_shows_the_skeleton_over_frames_and_names_the_worst(tmp_path, stage):
    catalog = Catalog(tmp_path / "catalog")
    landmarks, _ = see(gesture(FRAMES), Body.load())
    landmarks.body_xy[70, 11:17] += 60.0  # a frame in which the network was wrong
    unit = stored(catalog, landmarks, stage)
    assert read_fit_picture(catalog, "v") is None
    do(catalog, stage, unit)
    (row,) = catalog.table("fits").read().to_pylist()
    assert row["worst_frame"] == 70 and 0 < row["reprojection"] <= row["reprojection_p95"] < 0.2
    picture = cv2.imdecode(np.frombuffer(read_fit_picture(catalog, "v"), np.uint8), cv2.IMREAD_COLOR_RGB)
    assert picture.shape == (300 + 24, 4 * 300, 3)
    drawn = (np.abs(picture[:300].astype(int) - 90).max(-1) > 60).reshape(300, 4, 300).sum((0, 2))
    assert (drawn > 500).all()  # bones over every grey frame


def test_the_picture_is_made_within_the_bound_that_is_set(tmp_path, monkeypatch):
    bounds, catalog = [], Catalog(tmp_path / "catalog")
    monkeypatch.setattr(stage_module, "GopCache", lambda *a, **k: bounds.append(k) or GopCache(*a, **k))
    stage = FitSmplx(FitSmplxConfig(fit=QUICK, frame_cache_mb=3))
    stage.setup()
    landmarks, _ = see(gesture(30), Body.load())
    do(catalog, stage, stored(catalog, landmarks, stage))
    assert bounds == [{"megabytes": 3}]


def test_imported_poses_have_no_picture_of_a_fit(tmp_path, stage):
    catalog = Catalog(tmp_path / "catalog")
    landmarks, _ = see(gesture(30), Body.load())
    unit = stored(catalog, landmarks, stage)
    do(catalog, stage, unit)
    assert read_fit_picture(catalog, "v")
    motion = read_motion(catalog, "v")
    file = tmp_path / "own.npz"
    save_motion(file, Motion(motion["poses"], motion["trans"], motion["betas"], motion["expressions"]))
    track = track_id("v", content_id(file))
    own = stage.unit(track, subject="v", of={"extract_frames": ["v"]}, track=track, motion_uri=str(file))
    do(catalog, stage, own)
    assert read_fit_picture(catalog, track) is None  # its camera is not known
    assert read_fit_picture(catalog, "v"), "another avatar may show the video as it was fitted"
    np.testing.assert_allclose(read_motion(catalog, track)["poses"], motion["poses"], atol=1e-6)
    file.write_bytes(b"another")
    with pytest.raises(InputError, match=r"own\.npz: changed since"):
        do(catalog, stage, own)
