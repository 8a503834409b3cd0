"""The stage of the landmarks: a lone speaker's are the network's own; of two people it keeps to one in all segments."""

import numpy as np
import pytest

import tasks.detect_landmarks as stage_module
from data_catalog import Catalog, Provenance
from data_catalog.tables.sizes import CLIP_FRAMES
from flows.intake.notes import left_out
from tango_models.media.gop import encode_gop, iter_gop
from tango_models.perception import HolisticDetector
from tango_models.synthetic.company import Place
from tasks.detect_landmarks import DetectLandmarks, DetectLandmarksConfig
from tasks.runtime.stage import RowWriter
from tasks.views.columns import matrix
from tests.stages import do
from tests.tango_models.perception.two_people import SIDE, moving, scene

FRAMES = 24


@pytest.fixture(scope="module")
def stage():
    stage = DetectLandmarks(DetectLandmarksConfig())
    stage.setup()
    return stage


def store(catalog: Catalog, video_id: str, frames: list[np.ndarray]) -> list[np.ndarray]:
    """Frames as an extracted video. Returns them as they are read from the catalog."""
    groups = [np.stack(frames[k : k + CLIP_FRAMES]) for k in range(0, len(frames), CLIP_FRAMES)]
    data = [encode_gop(group) for group in groups]
    rows = (
        {"video_id": video_id, "gop": k, "n_frames": len(group), "pixels": data[k], "audio": b""}
        for k, group in enumerate(groups)
    )
    out = RowWriter(catalog, "extract_frames", Provenance(video_id, "i", "1", "c", "r"))
    out.write(rows, table="frames")
    out.flush()
    video = {"video_id": video_id, "file_name": f"{video_id}.mp4", "n_frames": len(frames), "cuts": []}
    size = {"width": frames[0].shape[1], "height": frames[0].shape[0], "unit": video_id}
    catalog.table("videos").upsert([{**video, **size}])
    return [frame for gop in data for frame in iter_gop(gop)]


def detect(catalog: Catalog, stage: DetectLandmarks, video_id: str, start: int, stop: int) -> str:
    inputs = {"video_id": video_id, "start": start, "stop": stop}
    unit = stage.unit(f"{video_id}:{start}", subject=video_id, of={"extract_frames": [video_id]}, **inputs)
    return do(catalog, stage, unit).hashes()["landmarks"]


def rows(catalog: Catalog, video_id: str):
    return catalog.table("landmarks").read(where=f"video_id = '{video_id}'")


def test_a_lone_speaker_s_landmarks_are_the_network_s_of_the_stored_frames(tmp_path, stage):
    catalog = Catalog(tmp_path / "catalog")
    frames = store(catalog, "alone", scene(12, lambda u: Place(150), lambda u: None).frames)
    detect(catalog, stage, "alone", 0, 12)
    with HolisticDetector() as detector:
        expected = detector.detect(frames)
    found = rows(catalog, "alone")
    np.testing.assert_array_equal(matrix(found["body_xy"]), expected.body_xy.reshape(12, -1))
    np.testing.assert_array_equal(matrix(found["hands_xy"]), expected.hands_xy.reshape(12, -1))
    assert set(found["others"].to_pylist()) == {0}
    assert left_out(catalog, [{"video_id": "alone", "file_name": "alone.mp4"}]) == []


def test_every_segment_follows_the_same_person_and_it_is_said(tmp_path, stage, monkeypatch):
    catalog = Catalog(tmp_path / "catalog")
    room = scene(FRAMES, lambda u: Place(115, 0.9), lambda u: Place(moving(500, 275, 0.3, 0.5)(u), 1.05))
    store(catalog, "two", room.frames)
    monkeypatch.setattr(stage_module, "LEAD_IN_FRAMES", 2)
    later = detect(catalog, stage, "two", 16, FRAMES)  # a worker may begin with any of them
    detect(catalog, stage, "two", 0, 16)
    found = rows(catalog, "two")
    shoulders = matrix(found["body_xy"]).reshape(FRAMES, 33, 2)[:, [11, 12]]
    assert np.linalg.norm(shoulders - room.speaker[:, [16, 17]], axis=-1).max() < 0.1 * SIDE
    boxes = matrix(found["person_box"])[-4:]
    assert (boxes[:, 2] < room.other[-4:, 15, 0]).all()  # and neither does his outline hold the other one's head
    others = found["others"].to_pylist()
    assert others[0] == 0 and others[-1] == 1 and sorted(others) == others
    (note,) = left_out(catalog, [{"video_id": "two", "file_name": "two.mp4"}])
    assert note.startswith(f"two.mp4: 2 people in view (in {sum(others)} of {FRAMES} frames)")
    again = DetectLandmarks(DetectLandmarksConfig())
    again.setup()
    assert detect(catalog, again, "two", 16, FRAMES) == later  # whichever worker does it
