import numpy as np
import pytest

from tango_models.body.motion_features import FEATURES_PER_JOINT, VELOCITY
from tango_models.body.skeleton import JOINT_COUNT, LEGS, UPPER_BODY
from tango_models.motion_graph.scoring.clip_beats import beating_speed, clip_beats
from tango_models.motion_graph.scoring.clip_prosody import ClipProsody
from tango_models.motion_graph.scoring.embedding_scorer import SlotEmbedding, embedding_rows
from tango_models.motion_graph.scoring.prosody_scorer import ProsodyScorer
from tango_models.motion_graph.scoring.scorers import create_scorer
from tango_models.speech.prosody import SpeechFeatures

NODES = 40
RUN = np.append(np.arange(1, NODES), -1).astype(np.int32)
JOINTS = len(UPPER_BODY)


def stroke(beat, joints=JOINTS, nodes=NODES):
    """(4 N, 13) speeds of joints that are slowest at one frame; the others keep their pace."""
    speed = np.full((nodes * 4, JOINTS), 0.8, np.float32)
    slow = np.minimum(0.2 + 0.1 * np.abs(np.arange(nodes * 4) - beat), 0.8)
    speed[:, :joints] = slow[:, None]
    return speed


@pytest.mark.parametrize("beat", [31, 50, 80, 82, 117])
def test_a_beat_is_where_the_joints_are_slowest_between_two_strokes(beat):
    beats = clip_beats(stroke(beat), RUN).reshape(-1)
    assert beats.argmax() == beat
    assert beats[beat] == 1
    assert beats[beat + 3] == pytest.approx(np.exp(-0.5))
    assert beats[beat + 12] < 0.01


def test_every_joint_counts_alike():
    assert clip_beats(stroke(50, joints=3), RUN).max() == pytest.approx(3 / JOINTS)


def test_trunk_and_arms_beat_and_the_legs_do_not():
    motion = np.zeros((20, JOINT_COUNT, FEATURES_PER_JOINT), np.float32)
    motion[:, :, VELOCITY] = [0.3, 0.0, 0.4]
    motion[:, list(LEGS)] = 7.0
    assert beating_speed(motion.reshape(20, -1)) == pytest.approx(np.full((20, JOINTS), 0.5))


def test_who_hardly_moves_beats_no_time_and_a_cut_is_no_beat():
    tremor = np.concatenate([0.02 * stroke(50), stroke(80)])
    assert clip_beats(tremor, np.append(np.arange(1, 80), -1).astype(np.int32))[:30].max() == 0
    slower = np.repeat(np.linspace(1, 0.5, 160)[:, None], JOINTS, axis=1)
    slower[80:] = slower[:80]
    cut = RUN.copy()
    cut[19] = -1  # two runs, each of them ever slower
    assert clip_beats(slower, cut).max() == 0


def test_clips_that_are_not_used_have_no_beats():
    speed = stroke(50)
    speed[48:60] = np.nan
    beats = clip_beats(speed, RUN)
    assert np.isfinite(beats).all()
    assert beats[12:15].max() == 0


@pytest.mark.parametrize("seed", range(10))
def test_any_motion_in_any_runs_gives_shares(seed):
    rng = np.random.default_rng(seed)
    nodes = int(rng.integers(1, 40))
    successor = np.append(np.arange(1, nodes), -1).astype(np.int32)
    successor[rng.random(nodes) < 0.3] = -1
    beats = clip_beats(np.abs(rng.normal(size=(nodes * 4, JOINTS))) * rng.choice([0, 1e-9, 1, 1e6]), successor)
    assert beats.shape == (nodes, 4)
    assert beats.dtype == np.float32
    assert 0 <= beats.min() <= beats.max() <= 1


@pytest.mark.parametrize("loud", [0.1, 1.0])
@pytest.mark.parametrize("scorer", ["prosody", "aumoclip"])
def test_every_onset_asks_for_a_beat_whatever_the_scorer_and_however_loud_it_is(scorer, loud):
    even = np.full((NODES, 4), 0.5, np.float32)
    clips = ClipProsody(even, np.ones(NODES, np.float32), RUN, clip_beats(stroke(81), RUN))
    onset = np.zeros(80, np.float32)
    onset[40 + 1] = loud
    high = np.eye(NODES, dtype=np.float32)
    low = np.repeat(high[:, None], 4, axis=1)
    rows = embedding_rows(SlotEmbedding(low[:20], high[:20]), SlotEmbedding(low, high))
    cost = []
    for heard in (onset, onset * 0):
        speech = SpeechFeatures(np.full(80, -20, np.float32), heard, np.ones(80, np.float32))
        share = create_scorer(scorer).prosody
        cost.append(ProsodyScorer().cost_rows(speech, clips, share=share, embedding=rows)[:])
    asked = (cost[0] - cost[1])[10]
    asked -= asked.min()  # the level knows of the onset too, of every clip the same
    assert asked.argmin() == 20
    assert asked.max() > 3
