"""Mouths and lips go into the catalog and come out as they were."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_catalog import Catalog
from tango_models.lips.blending import painted_lips
from tango_models.lips.shapes import gap_of
from tango_models.lips.visemes import LipTargets
from tasks.views.footage.mouths import head_box, mouth_rows, read_library, read_mouths
from tasks.views.paths.lips import lip_figures, lip_row, painted_changes, read_lip_track, read_lips
from tests.tango_models.lips.faces import library, mouths

OPENINGS = 0.15 + 0.15 * np.sin(np.arange(70) / 5)


def store(catalog: Catalog, video: str, seen, **more) -> None:
    catalog.table("videos").upsert([{"video_id": video, "n_frames": len(seen), "cuts": [40], "unit": video}])
    rows = [row | {"unit": f"{video}:0000", **more} for row in mouth_rows(video, 0, seen)]
    catalog.table("mouths").upsert(rows)


@pytest.mark.parametrize("older", [{}, {"protrusion": 0.1}], ids=["of now", "of an older release"])
def test_mouths_come_back_to_a_sixteenth_of_a_pixel(tmp_path, older):
    catalog, seen = Catalog(tmp_path), mouths(OPENINGS)
    seen.mesh[3] = np.nan
    for name in ("opening", "width", "yaw"):
        getattr(seen, name)[3] = np.nan
    seen.covered[5] = True
    store(catalog, "v", seen, **older)
    frames, found = read_mouths(catalog, "v", range(70))
    assert frames.tolist() == list(range(70)) and found.found.tolist() == [k != 3 for k in range(70)]
    np.testing.assert_allclose(found.mesh[4:], seen.mesh[4:], atol=1 / 16 + 1e-3)
    np.testing.assert_allclose(found.opening, seen.opening, atol=1e-6)
    assert found.covered.tolist() == [k == 5 for k in range(70)]
    assert read_mouths(catalog, "v", [7, 9])[0].tolist() == [7, 9] and read_mouths(catalog, "v")[1].mesh.shape[1] == 0


def test_a_library_holds_all_videos_and_knows_their_cuts(tmp_path):
    catalog = Catalog(tmp_path)
    for video in ("v", "w"):
        store(catalog, video, mouths(OPENINGS))
    found = read_library(catalog, ["v", "w"])
    assert found is not None and len(found) == 140 and found.range.speaks
    assert np.flatnonzero(~found.follows).tolist() == [0, 40, 70, 110]
    np.testing.assert_allclose(found.shape[:70], found.shape[70:], atol=1e-6)


def test_footage_without_a_face_has_no_library(tmp_path):
    catalog, seen = Catalog(tmp_path), mouths(OPENINGS)
    seen.mesh[:] = np.nan
    seen.opening[:] = np.nan
    store(catalog, "v", seen)
    assert read_library(catalog, ["v"]) is None


def test_lips_come_back_with_the_picture_of_every_mouth(tmp_path):
    catalog, known = Catalog(tmp_path), library(OPENINGS)
    chosen = np.r_[10:20, 40:50]
    shapes = known.shape[chosen]
    painted = painted_lips(chosen, np.full(20, -1), np.ones(20, bool), shapes, known)
    flat = np.zeros(20, np.float32)
    targets = LipTargets(flat, flat, flat > 0)
    row = lip_row("p", 0, ["v"], known, painted, shapes, targets, slice(0, 20))
    catalog.table("lips").upsert([row | {"unit": "p:lips"}, lip_row("q", 0, note="nobody speaks") | {"unit": "q:lips"}])
    found = read_lips(catalog, "p", 0)
    assert found is not None
    assert found.pictures == [("v", int(k)) for k in chosen]
    assert [found.others[k] for k in (8, 9, 10, 11)] == [None, ("v", 39), ("v", 20), None]
    assert found.run.tolist() == [0] * 10 + [1] * 10
    np.testing.assert_array_equal(found.shape, shapes)
    assert read_lips(catalog, "q", 0) is None and read_lips(catalog, "p", 1) is None
    opening, changes = read_lip_track(catalog, "p", 20)
    shown = painted.strength > 0
    np.testing.assert_allclose(opening[shown], gap_of(shapes)[shown], rtol=1e-5)
    assert np.isnan(opening[~shown]).all() and changes.tolist() == [10]
    assert np.isnan(read_lip_track(catalog, "q", 20)[0]).all() and not len(read_lip_track(catalog, "q", 20)[1])


def test_a_note_says_whether_the_lips_are_painted(tmp_path):
    catalog, known = Catalog(tmp_path), library(OPENINGS)
    chosen = np.arange(10)
    painted = painted_lips(chosen, np.full(10, -1), np.ones(10, bool), known.shape[chosen], known)
    flat = np.zeros(10, np.float32)
    targets = LipTargets(flat, flat, flat > 0)
    rows = [
        lip_row("p", 0, ["v"], known, painted, known.shape[chosen], targets, slice(0, 10), note="never wide open"),
        lip_row("q", 0, note="nobody speaks"),
    ]
    catalog.table("lips").upsert(row | {"unit": f"{row['path_id']}:lips"} for row in rows)
    assert lip_figures(catalog, "p")[1] == ["never wide open"]
    assert lip_figures(catalog, "q")[1] == ["the lips move as in the footage: nobody speaks"]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from([0.0, 0.2, 1.0])), max_size=40))
def test_only_changes_that_are_painted_count(frames):
    run, strength = np.cumsum([r for r, _ in frames]), np.array([s for _, s in frames])
    found = painted_changes(run, strength).tolist()
    for t in range(1, len(frames)):
        assert (t in found) == (run[t] != run[t - 1] and bool(strength[t] > 0 or strength[t - 1] > 0))


def test_the_head_is_where_the_canvas_shows_it(tmp_path):
    catalog, seen = Catalog(tmp_path), mouths(OPENINGS)
    for video, (width, height), move in (("v", (1000, 1000), 0), ("w", (2000, 1000), 500), ("x", (500, 500), 0)):
        placed = mouths(OPENINGS)
        placed.mesh[:, :, 0] += move
        placed.mesh[3] = np.nan
        if video == "x":
            placed.mesh[:] = np.nan
        store(catalog, video, placed)
        catalog.table("videos").upsert([{"video_id": video, "width": width, "height": height, "unit": video}])
    alone = head_box(catalog, ["w"], (2000, 1000))
    face = seen.mesh[0, :, :2] + np.array([500, 0])
    low, high = face.min(0), face.max(0)
    assert alone is not None and (np.array(alone[:2]) < low).all() and (np.array(alone[2:]) > high).all()
    # The other picture is half as wide and lies in the canvas's middle, where this one has its face.
    assert head_box(catalog, ["v", "w", "x"], (2000, 1000)) == pytest.approx(alone, abs=2)
    assert head_box(catalog, ["w"], (1000, 500)) == pytest.approx(np.array(alone) / 2, abs=2)
    assert head_box(catalog, ["x"], (2000, 1000)) is None
