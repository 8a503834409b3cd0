"""The worst moments of the lips of a render."""

import numpy as np

from data_catalog import Catalog
from tango_models.lips.blending import PaintedLips
from tango_models.lips.visemes import LipTargets
from tasks.rendering.lip_watch import LipWatch
from tasks.rendering.seam_strips import inlined
from tasks.views.footage.mouths import mouth_rows
from tasks.views.paths.lips import lip_row
from tasks.views.paths.playback import Playback
from tests.tango_models.lips.faces import library, mouths

FRAMES, CHANGES = 120, (20, 50, 80, 110)
SHOWN = 80
"""At this change the head jumps."""


def test_the_change_that_can_be_seen_is_pictured_first_and_only_the_head(tmp_path):
    catalog, seen = Catalog(tmp_path), mouths(np.full(FRAMES, 0.1) + 0.05 * np.sin(np.arange(FRAMES)))
    video = {"video_id": "v", "n_frames": FRAMES, "cuts": [], "width": 1000, "height": 1000, "unit": "v"}
    catalog.table("videos").upsert([video])
    catalog.table("mouths").upsert([row | {"unit": "v:0000"} for row in mouth_rows("v", 0, seen)])
    known = library(np.full(FRAMES, 0.1) + 0.05 * np.sin(np.arange(FRAMES)))
    mouth = np.arange(FRAMES)
    for change in CHANGES:
        mouth[change:] = mouth[change:] * 7 % FRAMES
    flat, strength = np.zeros(FRAMES, np.float32), np.ones(FRAMES, np.float32)
    strength[:30] = 0
    painted = PaintedLips(mouth, np.full(FRAMES, -1), flat, strength)
    targets = LipTargets(flat, flat, flat > 0)
    row = lip_row("p", 0, ["v"], known, painted, known.shape[mouth], targets, slice(0, FRAMES))
    row["run"] = np.searchsorted(CHANGES, np.arange(FRAMES), side="right").tolist()
    catalog.table("lips").upsert([row | {"unit": "p:lips"}])
    playback = Playback(["v"] * FRAMES, np.arange(FRAMES), [])

    def watched(most_bytes: int) -> tuple[list, float, np.ndarray]:
        watch = LipWatch(catalog, "p", playback, (1000, 1000), most_bytes=most_bytes)
        rng = np.random.default_rng(0)
        noise = np.kron(rng.integers(80, 120, (50, 50, 3)), np.ones((20, 20, 1))).astype(np.uint8)
        for t in range(FRAMES):
            picture = noise.copy() if t < SHOWN else 255 - noise
            picture[0, 0] = t  # outside the head anything may happen
            watch.see(t, picture)
        return *watch.moments(), watch.opening

    every, share, opening = watched(10**8)
    assert [moment.output_frame for moment in every] == [50, 80, 110], "the first is not painted"
    assert share == 1 / 3 and np.isnan(opening[:30]).all() and np.isfinite(opening[30:]).all()
    one = max(inlined(moment.strip) for moment in every)
    (worst,), _, _ = watched(one)
    assert worst.output_frame == SHOWN and worst.visibility == max(moment.visibility for moment in every) > 2.5
