"""Pictures of the videos that failed."""

import base64

import cv2
import numpy as np
import pytest

from data_catalog import Catalog
from flows import outcome
from flows.outcome import FlowReport, publish
from flows.thumbnails import MOST, thumbnails
from tango_models.media.gop import encode_gop
from tasks.runtime.run_stage import StageSummary


def _enter(catalog: Catalog, video: str, height: int, width: int, pixels: np.ndarray | None = None) -> None:
    """A video of twelve frames."""
    if pixels is None:
        pixels = np.full((4, height, width, 3), 100, np.uint8)
    row = {"video_id": video, "n_frames": 12, "cuts": [], "unit": video, "width": width, "height": height}
    catalog.table("videos").upsert([row])
    gops = [{"video_id": video, "gop": k, "n_frames": 4, "pixels": encode_gop(pixels), "unit": video} for k in range(3)]
    catalog.table("frames").upsert(gops)


def _seen(uri: str) -> np.ndarray:
    kind, _, data = uri.partition(",")
    assert kind == "data:image/jpeg;base64"
    assert len(data) <= 11_000
    return cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)


SIZES = [((360, 640), (90, 160)), ((640, 360), (160, 90)), ((64, 640), (16, 160))]


@pytest.mark.parametrize(("size", "small"), SIZES)
def test_a_picture_is_small_whatever_the_video_is(tmp_path, size, small):
    catalog = Catalog(tmp_path)
    _enter(catalog, "v", *size)
    assert _seen(thumbnails(catalog, ["v"])["v"]).shape[:2] == small


def test_noise_takes_no_more_room_and_what_is_not_there_or_broken_has_none(tmp_path):
    catalog = Catalog(tmp_path)
    _enter(catalog, "noise", 320, 320, np.random.default_rng(0).integers(0, 255, (4, 320, 320, 3), dtype=np.uint8))
    catalog.table("videos").upsert([{"video_id": "lost", "n_frames": 12, "cuts": [], "unit": "lost"}])
    found = thumbnails(catalog, ["noise", "never", "noise"])
    assert set(found) <= {"noise"} and all(_seen(uri) is not None for uri in found.values())
    assert "lost" not in thumbnails(catalog, ["lost"])
    assert thumbnails(catalog, []) == {}


def test_the_pictures_of_a_run_are_bounded_and_stand_in_the_row_of_their_video(tmp_path, monkeypatch):
    catalog = Catalog(tmp_path)
    names = [f"v{k:02}" for k in range(MOST + 3)]
    for name in names:
        _enter(catalog, name, 64, 64)
    stages = [
        StageSummary(
            stage="detect_landmarks", scope=f"{n}.mp4", videos=[n], failed=1, errors=[f"{n}.mp4: is dark; light it"]
        )
        for n in names
    ]
    shown = {}
    monkeypatch.setattr(
        outcome, "show_table", lambda rows, *, key, pictures=(), **_: shown.update({key: (rows, pictures)})
    )
    publish(FlowReport(subject="d", refused=["x.mp4: is empty; copy it again"], stages=stages), catalog)
    rows, pictures = shown["failures-d"]
    assert len(rows) == len(pictures) == MOST + 4
    assert [bool(uri) for uri in pictures] == [False, *[True] * MOST, *[False] * 3]
    assert sum(map(len, pictures)) < 250_000
