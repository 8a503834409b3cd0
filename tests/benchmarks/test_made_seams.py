"""What judges seams makes them from what the product makes them from."""

from dataclasses import fields

import numpy as np

from benchmarks.made_seams import Footage
from data_catalog import Catalog, clip_id
from tango_models.interpolation.seam import Seam
from tango_models.truth.gaps import Place, take_out
from tasks.views.paths.seams import read_seam
from tasks.views.training.true_gaps import TrueGaps
from tests.tasks.test_interpolate_seams import SIDE, add_video


def known(seam: Seam) -> set[str]:
    return {field.name for field in fields(seam) if getattr(seam, field.name) is not None}


def test_seams_that_are_judged_know_all_that_those_of_a_render_do(tmp_path):
    catalog = Catalog(tmp_path)
    add_video(catalog, "v", (30.0, 40.0))
    boxes = np.full(8, np.nan, np.float32)
    rows = catalog.table("landmarks").read().to_pylist()
    catalog.table("landmarks").upsert([{**row, "hand_boxes": boxes} for row in rows])
    offsets = np.arange(-4, 4)
    rendered = read_seam(catalog, clip_id("v", 3), clip_id("v", 8), offsets, (SIDE, SIDE), cache_mb=16)
    assert known(rendered) >= {"outgoing_person", "incoming_arms"}

    measured = Footage(catalog, "v")._seam(16 + offsets, 32 + offsets)
    assert known(measured) == known(rendered)
    for name in known(rendered) - {"outgoing", "incoming", "outgoing_person", "incoming_person"}:
        assert np.allclose(getattr(measured, name), getattr(rendered, name), equal_nan=True, atol=1e-3), name

    gaps, place = TrueGaps(catalog, ["v"], lengths=[4], count=1), Place(2, 4, 1.0)
    shown = np.arange(place.window.start, place.window.stop)
    gap = take_out(np.zeros((len(shown), SIDE, SIDE, 3), np.uint8), gaps._seen("v", shown), place)
    assert known(gap.seam) - {"times", "after"} == known(rendered)
