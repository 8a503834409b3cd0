from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import soundfile
import torch

from tango_models.aumoclip.backbones import EmbeddedBackbones
from tango_models.aumoclip.learning import recordings
from tango_models.aumoclip.learning.pairs import PairData, without_jaw
from tango_models.aumoclip.learning.recordings import find_pairs
from tango_models.body.motion_features import motion_representation
from tango_models.body.motion_io import Motion, save_motion
from tango_models.body.skeleton import JAW
from tango_models.body.smplx_body import Body
from tango_models.errors import InputError
from tango_models.speech.words import TimedWord
from tests.tango_models.aumoclip import tiny


def write_recording(folder, name, seconds, seed=0):
    """BEAT2's layout: a motion and a sound of the same name."""
    rng = np.random.default_rng(seed)
    folder.mkdir(exist_ok=True, parents=True)
    poses = np.cumsum(rng.normal(0, 0.02, (round(seconds * 30), 165)), axis=0).astype(np.float32)
    nothing = np.zeros((len(poses), 10))
    save_motion(folder / f"{name}.npz", Motion(poses, nothing[:, :3], nothing[0], nothing))
    soundfile.write(folder / f"{name}.wav", tiny.speech(seconds, seed), 16000)
    return poses


@pytest.fixture
def folder(tmp_path):
    for index, seconds in enumerate((20.0, 3.0, 15.0)):
        write_recording(tmp_path / "data", f"{index + 1}_ann_0_{index}", seconds, index)
    return tmp_path / "data"


def open_data(folder, cache, backbones=None, **options):
    return PairData.open(find_pairs(folder), backbones or EmbeddedBackbones(tiny.embedded()), cache, **options)


def test_a_window_holds_the_motion_and_the_speech_of_the_same_time(folder, tmp_path):
    backbones = EmbeddedBackbones(tiny.embedded())
    data = open_data(folder, tmp_path / "cache", backbones)
    assert len(data) == 8 + 6  # 600 and 450 frames; the 3 s are too short for a window
    batch = data.batch(np.array([2]))
    poses = write_recording(tmp_path / "again", "x", 20.0, 0)
    motion = motion_representation(poses, Body.load())[128:256]
    np.testing.assert_allclose(batch.motion[0].numpy(), motion, rtol=2e-3, atol=2e-3)
    samples = soundfile.read(folder / "1_ann_0_0.wav", dtype="float32")[0]
    inputs = recordings._frozen(backbones, backbones.inputs(backbones.open(samples), [128]))
    torch.testing.assert_close(batch.audio.frozen_low, inputs.frozen_low, rtol=2e-3, atol=2e-3)
    torch.testing.assert_close(batch.audio.frozen_high, inputs.frozen_high, rtol=2e-3, atol=2e-3)


def test_what_is_frozen_is_computed_once_and_again_when_the_recording_changes(folder, tmp_path, monkeypatch):
    computed = []
    compute = recordings._compute
    monkeypatch.setattr(
        recordings, "_compute", lambda source, *rest: computed.append(source.name) or compute(source, *rest)
    )
    first = open_data(folder, tmp_path / "cache")
    assert len(computed) == 3
    second = open_data(folder, tmp_path / "cache")
    assert len(computed) == 3
    torch.testing.assert_close(first.batch(np.arange(4)).motion, second.batch(np.arange(4)).motion)
    write_recording(folder, "1_ann_0_0", 20.0, seed=9)
    open_data(folder, tmp_path / "cache")
    assert computed[3:] == ["1_ann_0_0"]


def test_words_reach_their_windows(folder, tmp_path):
    config = tiny.embedded(text_source="words")
    backbones = EmbeddedBackbones(config, text=tiny.text_encoder())
    words = (TimedWord("hello", 1.0, 1.5), TimedWord("again", 12.0, 12.6))
    sources = [replace(source, words=words) for source in find_pairs(folder)]
    data = PairData.open(sources, backbones, tmp_path / "cache")
    batch = data.batch(np.array([0, 5]))
    expected = backbones.window_text(words, [0, 5 * 64])
    torch.testing.assert_close(batch.audio.text, expected, rtol=2e-3, atol=2e-3)
    assert not torch.allclose(batch.audio.text[0], batch.audio.text[1], atol=0.05)
    silent = data.augment(batch, np.random.default_rng(0), jaw=0.0, text=1.0)
    torch.testing.assert_close(silent.audio.text, backbones.window_text((), [0, 320]))


def test_drawn_windows_do_not_overlap_while_there_are_others(folder, tmp_path):
    data = open_data(folder, tmp_path / "cache")
    for seed in range(8):
        windows = data.draw(np.random.default_rng(seed), 6, per_recording=3)
        spans = sorted((data.recording_of(np.array([w]))[0], data._row[w] * 64) for w in windows)
        assert len(set(windows)) == 6
        for (one, start), (other, following) in pairwise(spans):
            assert one != other or following - start >= 128
    assert sorted(data.draw(np.random.default_rng(0), len(data))) == list(range(len(data)))
    with pytest.raises(ValueError, match="cannot fill"):
        data.draw(np.random.default_rng(0), len(data) + 1)


def test_a_still_mouth_changes_the_jaw_alone():
    poses = np.random.default_rng(0).normal(0, 0.2, (40, 165)).astype(np.float32)
    still = poses.copy()
    still[:, 3 * JAW : 3 * JAW + 3] = 0
    moving = torch.from_numpy(motion_representation(poses, Body.load()))[None]
    expected = torch.from_numpy(motion_representation(still, Body.load()))[None]
    torch.testing.assert_close(without_jaw(moving), expected, atol=1e-5, rtol=1e-5)


def test_folders_that_cannot_be_paired_are_refused(folder, tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        find_pairs(tmp_path / "nowhere")
    with pytest.raises(InputError, match="no pairs"):
        (tmp_path / "empty").mkdir()
        find_pairs(tmp_path / "empty")
    (folder / "2_ann_0_1.wav").unlink()
    with pytest.raises(InputError, match="has no sound"):
        find_pairs(folder)
    write_recording(tmp_path / "short", "a", 2.0)
    with pytest.raises(InputError, match="shorter"):
        open_data(tmp_path / "short", tmp_path / "cache")
