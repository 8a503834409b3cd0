import json
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("espeakng_loader")

from tango_models.aumoclip.synthetic_data.arms import solve_arms
from tango_models.aumoclip.synthetic_data.motion import perform
from tango_models.aumoclip.synthetic_data.pairs import generate, read_shard, with_pauses, write_pairs
from tango_models.aumoclip.synthetic_data.plan import Manner, accents
from tango_models.aumoclip.synthetic_data.text import sentence, split_of
from tango_models.body.skeleton import JOINT
from tango_models.body.smplx_body import Body
from tango_models.errors import InputError
from tango_models.synthetic.arms import solve_arm
from tango_models.synthetic.vocabulary import GESTURES
from tango_models.synthetic.voice import RATE, Utterance, speak


@pytest.fixture(scope="module")
def joints():
    return Body.load().rest_joints().numpy().astype(float)


@pytest.fixture(scope="module")
def spoken():
    text = "The famous teacher carried an enormous hammer. Nobody in Vienna followed the golden river. " * 4
    return with_pauses(speak(text), np.random.default_rng(0))


def test_many_arms_at_once_are_the_arms_one_by_one(joints):
    states = np.stack([(g.left or g.right).vector() for g in GESTURES])
    for side in ("left", "right"):
        together = solve_arms(states, joints, side)
        for row, state in enumerate(states):
            for name, rotation in solve_arm(state, joints, side).items():
                np.testing.assert_allclose(together[name][row], rotation, atol=1e-9, err_msg=name)


def test_sentences_are_many_and_never_in_both_splits():
    rng = np.random.default_rng(0)
    train = {sentence(rng, "train") for _ in range(2000)}
    held_out = {sentence(rng, "held_out") for _ in range(300)}
    assert len(train) > 1800 and len(held_out) > 250
    assert not train & held_out
    assert {split_of(s) for s in held_out} == {"held_out"}
    assert not any("{" in s or "}" in s for s in train)


def test_voices_of_the_splits_never_meet():
    def variants(split):
        return {generate(split, seed=1, index=i, seconds=2).voice.split("+")[1] for i in range(6)}

    assert not variants("train") & variants("held_out")


def test_pauses_move_words_with_their_sound(spoken):
    plain = speak("The famous teacher carried an enormous hammer.")
    paused = with_pauses(plain, np.random.default_rng(3))
    assert len(plain.words) == len(paused.words) and paused.seconds > plain.seconds
    for before, after in zip(plain.words, paused.words, strict=True):
        assert after.end - after.start == pytest.approx(before.end - before.start, abs=1e-6)
        old, new = (round(w.start * RATE) for w in (before, after))
        count = int((before.end - before.start) * RATE) - 2
        np.testing.assert_allclose(paused.audio[new : new + count], plain.audio[old : old + count], atol=1e-6)


def wrist_speed(poses):
    poses = poses.copy()
    poses[:, :3] = 0
    wrists = Body.load().joints(poses).numpy()[:, [JOINT["left_wrist"], JOINT["right_wrist"]]]
    return np.linalg.norm(np.gradient(wrists, axis=0), axis=2).max(1) * 30


def test_hands_move_before_accents_and_rest_in_long_pauses(joints):
    parts = [speak("The famous teacher carried an enormous hammer beside the golden river of Vienna.")] * 2
    at = parts[0].seconds + 3
    later = replace(
        parts[0],
        words=tuple(replace(w, start=w.start + at, end=w.end + at) for w in parts[0].words),
        phonemes=tuple(replace(p, start=p.start + at, end=p.end + at) for p in parts[0].phonemes),
    )
    audio = np.concatenate([parts[0].audio, np.zeros(3 * RATE, np.float32), parts[0].audio])
    spoken = Utterance(audio, parts[0].words + later.words, parts[0].phonemes + later.phonemes)
    ratios, calm = [], []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        speed = wrist_speed(perform(spoken, replace(Manner.draw(rng), noise=0.0), joints, rng))
        time = np.arange(len(speed)) / 30
        before = np.any([(time > a.time - 0.2) & (time < a.time) for a in accents(spoken)], axis=0)
        quiet = (time > at - 1.2) & (time < at - 0.6)
        spoken_at = (time < at - 3) | (time > at)
        ratios.append(speed[before].mean() / speed[spoken_at & ~before].mean())
        calm.append(speed[quiet].mean() / speed[spoken_at].mean())
    assert np.mean(ratios) > 1.1
    assert np.mean(calm) < 0.25


def test_the_same_words_are_performed_in_many_ways(spoken, joints):
    performances = [perform(spoken, Manner.draw(rng), joints, rng) for rng in map(np.random.default_rng, (1, 2))]
    assert np.abs(performances[0] - performances[1]).mean() > 0.05


def test_shards_come_back_as_written_and_are_not_made_twice(tmp_path):
    names = write_pairs(tmp_path, 2 * 6 / 3600, "train", seed=5, seconds=6)
    assert len(names) == 2
    shard, again = read_shard(tmp_path, names[1]), generate("train", seed=5, index=1, seconds=6)
    np.testing.assert_array_equal(shard.motion, again.motion)
    np.testing.assert_array_equal(shard.audio, again.audio)
    assert shard.words == again.words and shard.voice == again.voice
    assert abs(len(shard.audio) / RATE - len(shard.motion) / 30) < 1 / 30
    assert shard.motion.shape[1] == 825 and np.isfinite(shard.motion).all()
    assert shard.words[-1][2] <= len(shard.audio) / RATE
    before = (tmp_path / f"{names[0]}.motion.npy").stat().st_mtime_ns
    assert write_pairs(tmp_path, 2 * 6 / 3600, "train", seed=5, seconds=6) == names
    assert (tmp_path / f"{names[0]}.motion.npy").stat().st_mtime_ns == before


def test_a_damaged_shard_and_no_hours_are_refused(tmp_path):
    (name,) = write_pairs(tmp_path, 3 / 3600, "train", seconds=3)
    (tmp_path / f"{name}.json").write_text(json.dumps({"words": [["a"]]}))
    with pytest.raises(InputError, match="no whole shard"):
        read_shard(tmp_path, name)
    with pytest.raises(InputError, match="nothing to generate"):
        write_pairs(tmp_path, 0, "train")
