"""Which frames of a path get a mouth, and when."""

import numpy as np
import pytest

from data_catalog import Catalog
from tango_models.lips.lead import USUAL_LEAD
from tango_models.lips.library import clear
from tango_models.speech import prosody
from tasks.match_lips import _shown
from tasks.views.footage.lip_lead import read_lead
from tasks.views.footage.mouths import mouth_rows, read_library
from tasks.views.paths.playback import Playback, SeamWindow
from tests.tango_models.lips.faces import mouths


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
def test_the_lead_of_the_lips_is_that_of_the_footage(tmp_path, monkeypatch, lead):
    """Lips that follow the loudness of a voice's syllables, so many frames sooner; None: footage without sound."""
    frames, rate = 240, 16_000
    level = np.convolve(np.random.default_rng(4).uniform(size=frames + 10), np.ones(5) / 5, "same")
    catalog = Catalog(tmp_path)
    opening = 0.02 + 0.5 * level[(lead or 0) : (lead or 0) + frames]
    catalog.table("videos").upsert([{"video_id": "v", "n_frames": frames, "cuts": [], "unit": "v"}])
    catalog.table("mouths").upsert([row | {"unit": "v:0000"} for row in mouth_rows("v", 0, mouths(opening))])
    t = np.arange(frames * rate // 30) / rate
    tone = np.sign(np.sin(2 * np.pi * 140 * t)) * 0.5 * np.interp(t * 30 - 0.5, np.arange(frames), level[:frames]) ** 3
    sound = b"" if lead is None else (tone * 32767).astype("<i2").tobytes()
    step = 4 * rate * 2 // 30
    catalog.table("frames").upsert(
        {
            "video_id": "v",
            "gop": k,
            "n_frames": 4,
            "pixels": b"",
            "unit": "v",
            "audio": sound[k * step : (k + 1) * step],
        }
        for k in range(frames // 4)
    )
    monkeypatch.setattr(prosody, "voice_activity", lambda audio: np.ones(len(prosody.energy(audio))))
    library = read_library(catalog, ["v"])
    assert library is not None
    assert read_lead(catalog, ["v"], library) == (USUAL_LEAD if lead is None else lead)
