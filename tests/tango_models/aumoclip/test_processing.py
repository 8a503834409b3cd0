"""Recordings and motions of any length."""

import numpy as np
import pytest
import torch

from tango_models.aumoclip import processing
from tango_models.aumoclip.backbones import EmbeddedBackbones
from tango_models.aumoclip.modeling import AuMoClip
from tango_models.aumoclip.processing import MotionEncoder, SpeechEncoder
from tango_models.errors import InputError
from tests.tango_models.aumoclip import tiny


@pytest.fixture(scope="module")
def model() -> AuMoClip:
    torch.manual_seed(0)
    return AuMoClip(tiny.embedded())


@pytest.fixture(scope="module")
def speech_encoder(model) -> SpeechEncoder:
    return SpeechEncoder(model, EmbeddedBackbones(model.config))


def motion(frames: int, seed: int = 0) -> np.ndarray:
    steps = np.random.default_rng(seed).standard_normal((frames, 825)) * 0.1
    return np.cumsum(steps, axis=0).astype(np.float32)


def check(embedding, frames: int):
    assert embedding.low.shape == embedding.high.shape == (frames, 256)
    assert embedding.low.dtype == embedding.high.dtype == np.float32
    for rows in (embedding.low, embedding.high):
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("seconds", [0.1, 0.5, 1.0, 4.26, 4.267, 4.3, 5.0, 8.533, 12.7, 15.0, 20.0])
def test_speech_gives_one_row_per_frame(speech_encoder, seconds):
    samples = tiny.speech(seconds)
    check(speech_encoder.encode(samples), round(len(samples) / 16_000 * 30))


def test_a_single_sample_is_no_frame_and_silence_is_no_fault(speech_encoder):
    assert len(speech_encoder.encode(np.zeros(1, np.float32))) == 0
    check(speech_encoder.encode(np.zeros(30_000, np.float32)), 56)


@pytest.mark.parametrize("frames", [1, 2, 127, 128, 129, 200, 333])
def test_motion_gives_one_row_per_frame(model, frames):
    check(MotionEncoder(model).encode(motion(frames)), frames)


def test_long_speech_equals_its_parts_away_from_the_ends(speech_encoder):
    part = tiny.speech(19.2)  # 576 frames, nine hops
    alone, twice = speech_encoder.encode(part), speech_encoder.encode(np.concatenate([part, part]))
    for name in ("low", "high"):
        one, two = getattr(alone, name), getattr(twice, name)
        np.testing.assert_allclose(two[:448], one[:448], atol=2e-3)
        np.testing.assert_allclose(two[576 + 128 :], one[128:], atol=2e-3)


def test_a_window_on_its_own_is_the_models_own_output(model):
    window = motion(128)
    with torch.no_grad():
        output = model.eval().encode_motion(torch.from_numpy(window)[None])
    embedding = MotionEncoder(model).encode(window)
    np.testing.assert_allclose(embedding.low, torch.nn.functional.normalize(output.low[0], dim=-1).numpy(), atol=1e-5)
    clip = torch.nn.functional.normalize(output.cls[0], dim=-1).numpy()
    np.testing.assert_allclose(embedding.high, np.repeat(clip[None], 128, axis=0), atol=1e-5)


def test_the_clip_level_changes_smoothly(model):
    high = MotionEncoder(model).encode(motion(640)).high
    steps = np.linalg.norm(np.diff(high, axis=0), axis=1)
    windows = np.linalg.norm(high[64::64] - high[:-64:64], axis=1)
    assert steps.max() < 0.1 * windows.max()  # a change between windows is spread over many frames


def test_no_window_reaches_over_a_break(model):
    first, second = motion(200, 1), motion(90, 2)
    encoder = MotionEncoder(model)
    joined = encoder.encode(np.concatenate([first, second]), breaks=[200])
    for name in ("low", "high"):
        parts = [getattr(encoder.encode(part), name) for part in (first, second)]
        np.testing.assert_allclose(getattr(joined, name), np.concatenate(parts), atol=1e-5)


def test_few_windows_are_computed_at_a_time(model, monkeypatch):
    sizes = []
    encode = model.encode_motion
    monkeypatch.setattr(model, "encode_motion", lambda windows: sizes.append(len(windows)) or encode(windows))
    check(MotionEncoder(model).encode(motion(3000)), 3000)
    assert len(sizes) > 3 and max(sizes) <= 8


def test_unusable_input_is_named(model, speech_encoder):
    encoder = MotionEncoder(model)
    bad = motion(50)
    bad[17, 3] = np.nan
    for values, fault in ((bad, "first in frame 17"), (bad[:0], "shape"), (bad[:, :100], "825")):
        with pytest.raises(InputError, match=fault):
            encoder.encode(values)
    for breaks in ([0], [50], [-1], [10, 60]):
        with pytest.raises(InputError, match="breaks"):
            encoder.encode(motion(50), breaks)
    with pytest.raises(InputError, match="shape"):
        speech_encoder.encode(np.zeros(0, np.float32))
    with pytest.raises(InputError, match="shape"):
        speech_encoder.encode(np.zeros((2, 100), np.float32))
    with pytest.raises(InputError, match="not numbers"):
        speech_encoder.encode(np.full(1000, np.nan, np.float32))


def test_model_and_backbones_must_agree_on_text(model):
    with pytest.raises(ValueError, match="text"):
        SpeechEncoder(model, EmbeddedBackbones(tiny.embedded(text_source="words"), text=tiny.text_encoder()))


def test_the_parts_of_a_speech_are_the_whole_and_come_as_they_are_done(speech_encoder, monkeypatch):
    speech = tiny.speech(40.0)
    held = []
    add = processing._Blend.add

    def watched(blend, starts, output):
        add(blend, starts, output)
        held.append(len(blend._low))

    monkeypatch.setattr(processing._Blend, "add", watched)
    parts = list(speech_encoder.encode_parts(speech))
    whole = speech_encoder.encode(speech)
    assert len(parts) > 1
    assert np.array_equal(np.concatenate([part.low for part in parts]), whole.low)
    assert np.array_equal(np.concatenate([part.high for part in parts]), whole.high)
    window = speech_encoder.model.config.window_frames
    assert max(held) <= window + processing.HOP * processing._BATCH < len(whole.low)
