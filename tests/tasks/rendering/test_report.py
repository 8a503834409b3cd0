"""The page of a render: its pictures within their room, all seams in its table."""

from pathlib import Path

import numpy as np

from data_catalog import Catalog, clip_id
from tango_models.interpolation.seam_placement import Placement
from tasks.rendering.report import RenderReport
from tasks.views.paths.playback import Playback, play
from tasks.views.paths.transitions import transition_id, transition_key

RUNS, SIZE = 60, (96, 96)


def rendered(catalog: Catalog) -> Playback:
    """A path of 59 jumps over 40 clips of one video, with all that a report reads of it."""
    rng = np.random.default_rng(0)
    clips = [clip_id("v", int(first) + k) for first in rng.integers(0, 34, RUNS) for k in range(6)]
    jumps, n = [6 * k for k in range(1, RUNS)], 24 * RUNS
    playback = play(clips, jumps, n, place=lambda s, d, before, after: Placement(0, min(before, after, 4)))
    path = {"path_id": "p", "speech_id": "s", "clip_ids": clips, "seams": jumps, "cost": 1.0}
    catalog.table("paths").upsert([{**path, "seam_cost": rng.random(len(jumps)).tolist()}])
    sound = {"loudness": [-30.0] * n, "onset": [0.0] * n, "voice": [0.9] * n}
    catalog.table("speech").upsert([{"speech_id": "s", "file_name": "talk.wav", "n_frames": n, **sound}])
    video = {"video_id": "v", "file_name": "v.mp4", "width": 96, "height": 96, "n_frames": 160}
    catalog.table("videos").upsert([{**video, "repeated": bytes(20), "cuts": []}])
    catalog.table("clips").upsert(
        {"clip_id": clip_id("v", k), "track_id": "v", "index": k, "motion_energy": [0.1] * 4, "mask": bytes(2048)}
        for k in range(40)
    )
    terms = {"pose": 0.1, "velocity": 0.2, "translation": 0.3, "mask_iou": 0.9, "hand_iou": 0.8}
    pairs = sorted({(seam.src, seam.dst) for seam in playback.seams})
    catalog.table("edges").upsert({"src": a, "dst": b, **terms} for a, b in pairs)
    made = {}
    for seam in playback.seams:
        key = transition_key(seam, "flow", SIZE)
        kept = {"src": seam.src, "dst": seam.dst, "interpolator_id": transition_id("flow", seam.shift, seam.half, SIZE)}
        made[key] = {"unit": key, **kept, "sharpness": 0.9, "jump": float(rng.random())}
    catalog.table("transitions").upsert(made.values())
    return playback


def test_a_page_keeps_within_its_room_and_lists_every_seam(tmp_path: Path):
    catalog = Catalog(tmp_path / "catalog")
    playback = rendered(catalog)
    noise = np.kron(np.random.default_rng(1).integers(0, 255, (6, 6, 3)), np.ones((16, 16, 1))).astype(np.uint8)
    sizes = {}
    for room in (300_000, 100_000_000):
        report = RenderReport(catalog, "p", playback, method="flow", size=SIZE, most_bytes=room)
        for t in range(len(playback.frame)):
            report.see(t, np.roll(noise, t, axis=1))
        page = tmp_path / f"{room}.html"
        settings = {"avatar": "anna", "seams": {"smooth_cadence": True}, "versions": {}}
        metrics = report.write(page, Path("out.mp4"), settings)
        text = page.read_text()
        assert metrics["seams"] == RUNS - 1 and report.poster.startswith("data:image/jpeg;base64,")
        table = text[text.index('<table class="seams">') :]
        assert table.count("<button") == RUNS - 1 and table.count("pose 0.1 ") == RUNS - 1
        assert table.count("jump ") == RUNS - 1
        pictured = text.count("data:image/jpeg")
        assert (f"{pictured} of {RUNS - 1} are pictured" in text) == (pictured < RUNS - 1)
        sizes[room] = len(text), pictured
        visible = report._watch.figures()[0]
        kept = [visible[k] for k in report._strips.strips]
        least = sorted(visible, reverse=True)[: len(kept)][-1]
        assert min(kept) >= least - 0.011, "those that can be seen best, whatever was predicted"
    assert sizes[100_000_000][1] == RUNS - 1 > sizes[300_000][1] > 0
    assert (
        sum(
            len(part.split('"', 1)[0])
            for part in (tmp_path / "300000.html").read_text().split("image/jpeg;base64,")[1:]
        )
        <= 300_000
    )
