"""What is shown while nobody speaks."""

import numpy as np
import pytest

from tango_models.motion_graph.reuse import even_reuse, repeat_window
from tango_models.motion_graph.scoring.prosody_scorer import ProsodyScorer
from tango_models.motion_graph.scoring.scorers import ClipProsody
from tango_models.motion_graph.search.path_search import Edges, search_path
from tango_models.speech.prosody import SpeechFeatures


def avatar():
    """Three runs of 40 clips: 3 s of gestures, 2 s of rest, with ramps of 0.3 s; jumps between clips of like speed."""
    frame = np.arange(480)
    moving = np.where(frame % 160 < 100, 1.0, 0.05)
    speed = np.convolve(moving, np.hanning(11)[1:-1] / np.hanning(11).sum(), mode="same").reshape(120, 4)
    successor = np.arange(1, 121, dtype=np.int32)
    successor[39::40] = -1
    end, begin = speed[:, 3], speed[:, 0]
    src, dst = np.nonzero(np.abs(end[:, None] - begin[None, :]) < 0.2)
    far = np.abs(src - dst) > 4
    rng = np.random.default_rng(0)
    chosen = np.flatnonzero(far)[rng.random(int(far.sum())) < 0.1]
    cost = 0.3 + 0.4 * rng.random(chosen.size, dtype=np.float32)
    edges = Edges(src[chosen].astype(np.int32), dst[chosen].astype(np.int32), cost, successor)
    clips = ClipProsody(
        speed.astype(np.float32), (speed.mean(axis=1) > 0.5).astype(np.float32), successor, np.zeros(speed.shape)
    )
    return edges, clips


def speech():
    voice = np.ones(900, np.float32)
    silences = [slice(60, 90), slice(200, 230), slice(380, 440), slice(600, 620), slice(760, 820)]
    for silence in silences:
        voice[silence] = 0.0
    rng = np.random.default_rng(1)
    onset = np.where(rng.random(900) < 0.15, rng.random(900), 0.0).astype(np.float32) * voice
    return SpeechFeatures(
        energy=np.where(voice > 0, -20.0, -70.0).astype(np.float32), onset=onset, voice=voice
    ), silences


def test_silence_rests_and_is_entered_smoothly():
    edges, clips = avatar()
    features, silences = speech()
    rows = ProsodyScorer().cost_rows(features, clips)
    steps, nodes = rows.shape
    path = search_path(
        rows,
        edges,
        max_reuse=even_reuse(steps, nodes),
        repeat_within=repeat_window(nodes),
    )
    assert path.feasible
    shown = clips.speed[path.nodes].reshape(-1)
    silent = np.zeros(900, bool)
    for silence in silences:
        silent[silence] = True
    assert shown[silent].mean() <= 0.4 * clips.speed.mean()
    assert shown[~silent].mean() > 0.95 * clips.speed.mean()  # rests reach a little into the speech around them
    assert np.abs(np.diff(shown)).max() < 0.35  # no cut between motion and rest


def test_rows_are_the_costs():
    _, clips = avatar()
    features, _ = speech()
    rows = ProsodyScorer().cost_rows(features, clips)
    whole = ProsodyScorer().node_cost(features, clips)
    assert whole.shape == rows.shape
    assert rows[30:50] == pytest.approx(whole[30:50])
