"""Which frames of a path get a mouth, and when."""

import numpy as np
import pytest

from data_catalog import Catalog
from tango_models.lips.lead import USUAL_LEAD
from tango_models.lips.library import clear
from tango_models.speech.phones import Phones
from tasks.match_lips import _shown
from tasks.views.footage.heard import heard_row
from tasks.views.footage.mouths import mouth_rows, read_library
from tasks.views.footage.own_lips import read_lead, read_learned
from tasks.views.paths.playback import Playback, SeamWindow
from tests.tango_models.lips.faces import mouths
from tests.tango_models.lips.talkers import own_way, speech


def playback(*seams: SeamWindow, frames: int = 40) -> Playback:
    return Playback(["v"] * frames, np.arange(frames), list(seams))


@pytest.mark.parametrize("yaw", [50, -41, 90, np.nan])
def test_a_face_that_is_turned_away_keeps_its_own_mouth(yaw):
    seen = mouths(np.full(40, 0.1))
    seen.yaw[10:13] = yaw
    seen.yaw[30] = 39
    shown = _shown(playback(), clear(seen))
    assert np.flatnonzero(~shown).tolist() == [10, 11, 12]


def test_around_a_seam_all_frames_are_painted_or_none():
    seen = mouths(np.full(40, 0.1))
    seen.yaw[18], seen.covered[30] = 60, True
    seams = [SeamWindow("v:0", "v:1", 20, 4), SeamWindow("v:0", "v:1", 30, 0), SeamWindow("v:0", "v:1", 36, 2)]
    shown = _shown(playback(*seams), clear(seen))
    assert np.flatnonzero(~shown).tolist() == [*range(16, 24), 30]


@pytest.mark.parametrize("lead", [None, 0, 2, 4])
def test_the_lead_of_the_lips_is_that_of_the_footage(tmp_path, lead):
    """Lips that follow the loudness of a voice's syllables, so many frames sooner; None: footage without sound."""
    frames = 240
    level = np.convolve(np.random.default_rng(4).uniform(size=frames + 10), np.ones(5) / 5, "same")
    catalog = Catalog(tmp_path)
    opening = 0.02 + 0.5 * level[(lead or 0) : (lead or 0) + frames]
    catalog.table("videos").upsert([{"video_id": "v", "n_frames": frames, "cuts": [], "unit": "v"}])
    catalog.table("mouths").upsert([row | {"unit": "v:0000"} for row in mouth_rows("v", 0, mouths(opening))])
    if lead is not None:
        energy = 60 * np.log10(np.maximum(level[:frames], 1e-3))
        row = heard_row("v", 0, Phones((), np.zeros(0)), np.ones(frames), energy)
        catalog.table("footage_sounds").upsert([row | {"unit": "v"}])
    library = read_library(catalog, ["v"])
    assert library is not None
    assert read_lead(catalog, ["v"], library) == (USUAL_LEAD if lead is None else lead)
    assert read_learned(catalog, ["v"], library) is None


@pytest.mark.parametrize("lead", [3, 1])
def test_what_two_videos_say_of_how_a_speakers_lips_go_is_put_together(tmp_path, lead):
    """Mouths as `own_way` has them, so many frames ahead of the sound."""
    catalog = Catalog(tmp_path)
    for seed, video in enumerate("vw"):
        heard = speech(50, seed)
        way, count = own_way(heard, seed), len(heard.voice)
        sounds = heard_row(video, 0, heard.phones, heard.voice, heard.energy)
        catalog.table("footage_sounds").upsert([sounds | {"unit": video}])
        opening = np.roll(0.02 + 0.2 * np.clip(way.opening, 0, 1.2), -lead)
        catalog.table("videos").upsert([{"video_id": video, "n_frames": count, "cuts": [], "unit": video}])
        rows = mouth_rows(video, 0, mouths(opening))
        catalog.table("mouths").upsert([row | {"unit": f"{video}:0000"} for row in rows])
    library = read_library(catalog, ["v", "w"])
    assert library is not None
    learned = read_learned(catalog, ["v", "w"], library)
    assert learned is not None
    before, after = learned.gained["opening"]
    assert after > before + 0.15
