"""Two people in one file, across a cut, are noticed."""

import numpy as np
import pytest

from data_catalog import Catalog
from tango_models.media.gop import encode_gop
from tango_models.perception.face_points import COLUMN
from tasks.views.columns import pack_masks
from tasks.views.footage.appearance import changed_looks

RED, GREEN = ((60, 80, 110), (180, 60, 60)), ((200, 190, 150), (20, 120, 60))
WIDTH, HEIGHT = 160, 120
PLACES = np.random.default_rng(0).uniform((70, 30), (90, 55), (len(COLUMN), 2)).astype(np.float32)


def _picture(room, clothes, seed: int) -> np.ndarray:
    picture = np.empty((HEIGHT, WIDTH, 3), np.int64)
    picture[:] = room
    picture[60:] = clothes
    return (picture + np.random.default_rng(seed).integers(-8, 9, picture.shape)).clip(0, 255).astype(np.uint8)


def _footage(tmp_path, shots) -> tuple[Catalog, int, np.ndarray]:
    """A catalog with a video of shots, each (frames, look, whether somebody is seen); its length and its cuts."""
    catalog = Catalog(tmp_path / "catalog")
    frames = [_picture(*look, seed) for seed, (length, look, _) in enumerate(shots) for _ in range(length)]
    seen = [somebody for length, _, somebody in shots for _ in range(length)]
    gops = [np.stack(frames[first : first + 4]) for first in range(0, len(frames), 4)]
    catalog.table("frames").upsert(
        {"video_id": "v", "gop": k, "n_frames": len(gop), "pixels": encode_gop(gop)} for k, gop in enumerate(gops)
    )
    mask = np.zeros((1, 64, 64), np.uint8)
    mask[:, 32:56] = 1
    catalog.table("landmarks").upsert(
        {
            "video_id": "v",
            "frame": t,
            "mask": pack_masks(mask if somebody else 0 * mask)[0],
            "face_xy": (PLACES if somebody else PLACES * np.nan).ravel(),
            "face_z": np.zeros(len(PLACES), np.float32),
            "face_score": float(somebody),
        }
        for t, somebody in enumerate(seen)
    )
    return catalog, len(frames), np.cumsum([length for length, _, _ in shots])[:-1]


@pytest.mark.parametrize("lengths", [(40, 60), (60, 41), (40, 30, 61), (20, 18, 90, 17)])
def test_a_shot_that_looks_otherwise_is_named_with_its_time(tmp_path, lengths):
    shots = [(length, GREEN if k == 1 else RED, True) for k, length in enumerate(lengths)]
    catalog, n_frames, cuts = _footage(tmp_path, shots)
    note = changed_looks(catalog, "v", n_frames, cuts, cache_mb=64)
    other = 0 if len(lengths) == 2 and lengths[1] > lengths[0] else 1  # the shorter one
    first = sum(lengths[:other])
    assert f"(other room, clothes from {first / 30:.1f} s to {(first + lengths[other]) / 30:.1f} s)" in note
    assert "in its longest shot" in note and "an avatar of their own" in note


@pytest.mark.parametrize(
    "shots",
    [
        [(100, RED, True)],
        [(40, RED, True), (40, RED, True), (30, RED, True)],
        [(60, RED, True), (12, GREEN, True)],  # a flash
        [(40, RED, True), (60, GREEN, False)],  # nobody is seen in it
        [(40, RED, False), (60, GREEN, False)],
    ],
)
def test_nothing_is_said_of_one_person_in_many_shots_and_of_shots_of_nobody(tmp_path, shots):
    catalog, n_frames, cuts = _footage(tmp_path, shots)
    assert changed_looks(catalog, "v", n_frames, cuts, cache_mb=64) == ""


def test_how_many_shots_are_looked_at_does_not_grow_with_their_number(monkeypatch):
    seen = []
    monkeypatch.setattr("tasks.views.footage.appearance._appearance", lambda *given: seen.append(given) or _nobody())
    assert changed_looks(None, "v", 16 * 90, 16 * np.arange(1, 90), cache_mb=64) == ""
    assert len(seen) == 24


def _nobody():
    from tango_models.perception.appearance import Appearance

    return Appearance(*(np.full(shape, np.nan, np.float32) for shape in ((8, 216), (216,), (12, 3))))
