"""The stage of the mouths holds a few pictures at a time, whatever their size and number."""

import tracemalloc

import numpy as np
import pytest

import tasks.detect_mouths as stage_module
from data_catalog import Catalog
from data_catalog.tables.sizes import CLIP_FRAMES
from tango_models.lips.mouths import no_mesh
from tango_models.media.gop import encode_gop
from tasks.detect_mouths import DetectMouths, DetectMouthsConfig
from tasks.views.footage.frame_source import iter_frames
from tests.stages import do
from tests.tango_models.lips.faces import face

FRAMES, LEAD_IN = 40, 3


class OneFace:
    """The same face in all pictures but one in four, which has none."""

    def start(self, marks) -> None:
        self.looked = 0

    def find(self, picture: np.ndarray) -> np.ndarray:
        self.looked += 1
        height, width = picture.shape[:2]
        middle = [width / 2, height / 2, 0]
        return (face() * height / 4 + middle).astype(np.float32) if self.looked % 4 else no_mesh()


def stored(catalog: Catalog, width: int, height: int) -> None:
    picture = encode_gop(np.full((CLIP_FRAMES, height, width, 3), 90, np.uint8))
    catalog.table("frames").upsert(
        {"video_id": "v", "gop": k, "n_frames": CLIP_FRAMES, "pixels": picture, "audio": b"", "unit": "v"}
        for k in range(FRAMES // CLIP_FRAMES)
    )
    size = {"n_frames": FRAMES, "width": width, "height": height, "cuts": []}
    catalog.table("videos").upsert([{"video_id": "v", "unit": "v", **size}])
    shapes = {"body_xy": 66, "body_visibility": 33, "body_world": 99, "hands_xy": 84, "hands_local": 126}
    shapes |= {"hands_score": 2, "face_xy": 2 * 68, "face_z": 68, "hand_boxes": 8, "person_box": 4}
    nothing = {name: np.full(size, np.nan, np.float32) for name, size in shapes.items()}
    catalog.table("landmarks").upsert(
        {"video_id": "v", "frame": t, "unit": "v:0000", "face_score": 0.0, **nothing} for t in range(FRAMES)
    )


@pytest.mark.parametrize("start", [0, 20], ids=["from the first frame", "with a lead-in"])
@pytest.mark.parametrize("size", [(320, 180), (3840, 2160)], ids=["small", "3840 x 2160"])
def test_pictures_are_not_held_until_a_block_is_written(tmp_path, size, start, monkeypatch):
    # The decoder's own memory cannot be traced.
    monkeypatch.setattr(stage_module, "iter_frames", lambda *given: (frame.copy() for frame in iter_frames(*given)))
    catalog, stage = Catalog(tmp_path / "catalog"), DetectMouths(DetectMouthsConfig())
    stored(catalog, *size)
    stage._finder = OneFace()
    of = {"extract_frames": ["v"], "detect_landmarks": ["v:0000"]}
    unit = stage.unit("v:0000", subject="talk.mp4", of=of, video_id="v", start=start, stop=FRAMES)
    tracemalloc.start()
    try:
        do(catalog, stage, unit)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 3 * size[0] * size[1] * 3 + 20e6
    rows = catalog.table("mouths").read().to_pylist()
    assert [row["frame"] for row in rows] == list(range(start, FRAMES))
    first = start and LEAD_IN
    assert [np.isfinite(row["opening"]) for row in rows] == [(first + t + 1) % 4 > 0 for t in range(len(rows))]
