"""What the lips of renders are compared with."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_catalog import Catalog
from flows.models import lip_watch
from flows.models.lip_watch import LipWatch, popping_at_random
from tango_models.lips.visemes import lip_targets
from tango_models.lips.watch import SeenLips
from tango_models.speech.phones import Phones
from tango_models.speech.prosody import SpeechFeatures
from tasks.views.footage.mouths import mouth_rows, read_library
from tests.tango_models.lips.faces import mouths

OPENINGS = 0.15 + 0.15 * np.sin(np.arange(120) / 5)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6), st.integers(50, 200))
def test_random_moments_are_not_the_still_ones(seed, count):
    """Motion that comes and goes: as many moments pop as there are such frames, however dense."""
    random = np.random.default_rng(seed)
    jerky = [np.where(random.uniform(size=600) < 0.1, 20.0, 1.0), np.full(20, 1.0)]
    still = [np.full(600, 1.0)]
    assert popping_at_random(jerky, count) > 0.4 and popping_at_random(still, count) == 0
    assert np.isnan(popping_at_random([np.ones(5)], count)) and np.isnan(popping_at_random([], count))


@pytest.fixture
def watch(tmp_path, monkeypatch):
    """An avatar of two videos of different sizes; no picture is looked at."""
    catalog = Catalog(tmp_path)
    for video, (width, height), move in (("v", (1000, 1000), 0), ("w", (2000, 1000), 500)):
        seen = mouths(OPENINGS)
        seen.mesh[:, :, 0] += move
        row = {"video_id": video, "n_frames": 120, "cuts": [], "unit": video, "width": width, "height": height}
        catalog.table("videos").upsert([row])
        catalog.table("mouths").upsert([row | {"unit": f"{video}:0000"} for row in mouth_rows(video, 0, seen)])
    library = read_library(catalog, ["v", "w"])
    assert library is not None
    residual = {"off.mp4": np.ones(60), "match.mp4": np.ones(60)}
    residual["off.mp4"][30] = residual["match.mp4"][[30, 10]] = 9.0
    features = SpeechFeatures(-30 + 10 * np.sin(np.arange(60) / 3), np.zeros(60), np.ones(60))
    phones = Phones(("a", "m", "a"), np.array([0.5, 0.8, 1.1]))
    said = Phones(("a", "m"), np.array([0.5, 1.5]))
    heard = lip_watch._Heard(features, phones, lip_targets(phones, features.voice, features.energy), said)
    monkeypatch.setattr(lip_watch, "_hear", lambda audio, said: heard)
    monkeypatch.setattr("tasks.views.speech.read_speech_audio", lambda catalog, speech: np.zeros(0))
    monkeypatch.setattr("tango_models.media.pictures.frames.iter_frames", lambda uri: uri)
    opening = np.full(60, 0.25)
    opening[20:25] = 0.0  # around 0.8 s less a lead of 3 frames, and not around 1.5 s

    def seen_lips(uri, box):
        return SeenLips(opening, np.ones(60), np.ones(60), residual[uri])

    monkeypatch.setattr("tango_models.lips.watch.watch_lips", seen_lips)
    run = np.repeat([0, 1, 2], 20)
    strength = np.where(np.arange(60) < 30, 0.0, 1.0)
    lips = {"path_id": "p", "part": 0, "run": run.tolist(), "strength": strength.tolist(), "unit": "p:lips"}
    catalog.table("lips").upsert([lips])
    return LipWatch(catalog, ["v", "w"], library, lambda content: None)


def row(lips: str) -> dict:
    return {
        "uri": f"{lips}.mp4",
        "path_id": "p",
        "speech_id": "s",
        "settings": json.dumps({"lips": lips}),
        "source_video": ["v"] * 60,
        "source_frame": list(range(60)),
    }


def test_a_render_stands_beside_the_same_moments_without_and_a_random_mouth(watch):
    watch.render(row("off"))
    lines = watch.render(row("match"))
    assert [line.lips for line in lines] == ["match", "random"], "off was watched"
    # The first change, at 20, is not painted; around the second, at 40, nothing pops in either.
    assert (lines[0].pops, lines[0].beside, lines[0].which) == (0.0, 0.0, "off")
    watch._unpainted["p"] = np.where(np.arange(60) == 38, 9.0, 1.0)
    assert watch.render(row("match"))[0].beside == 1.0


def test_without_a_render_to_compare_the_footage_serves(watch):
    watch._footage = [np.ones(100)]
    first, *others = watch.render(row("match"))
    assert (first.beside, first.which) == (0.0, "footage")
    assert [line.lips for line in others] == ["random", "off"]


def test_closures_are_judged_by_what_was_said_too_where_it_is_known(watch):
    line = watch.render(row("match"))[0]
    assert (line.closed, line.known) == (1.0, 0.0), "the m that was heard is closed, that which was said is not"
