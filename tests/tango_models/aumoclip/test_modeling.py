"""Shapes, lengths and gradients of both towers."""

import pytest
import torch

from tango_models.aumoclip.attention import ClipAttention
from tango_models.aumoclip.modeling import AudioInputs, AuMoClip, AuMoClipConfig
from tango_models.errors import InputError
from tests.tango_models.aumoclip import tiny


@pytest.fixture(scope="module")
def paper() -> AuMoClip:
    torch.manual_seed(0)
    return AuMoClip(AuMoClipConfig.paper()).eval()


def frozen(config: AuMoClipConfig, samples: int, batch: int = 2) -> AudioInputs:
    count = (samples - 400) // 320 + 1
    return AudioInputs(
        text=torch.randn(batch, count, config.text_dim),
        waveform=torch.randn(batch, samples),
        frozen_low=torch.randn(batch, count, config.frozen_low_dim),
        frozen_high=torch.randn(batch, count, config.frozen_high_dim),
    )


def test_the_published_size_has_27_1_million_trained_parameters(paper):
    assert paper.parameter_count() == pytest.approx(27.1e6, rel=0.01)


def test_every_stage_of_the_audio_tower_has_the_published_shape(paper):
    shapes = {}
    tower = paper.audio_tower
    stages = {
        "L1": tower.encoder.feature_extractor,
        "L5": tower.low_mapping,
        "H0": tower.speech_projection,
        "H1": tower.text_projection,
        "H3": tower.encoder.proj_down,
        "H5": tower.high_mapping,
    }

    def note(stage):
        def hook(module, inputs, output):
            shapes[stage] = tuple(inputs[0].shape), tuple(output.shape)

        return hook

    hooks = [module.register_forward_hook(note(stage)) for stage, module in stages.items()]
    with torch.no_grad():
        output = paper.encode_audio(frozen(paper.config, 68_266))
    for hook in hooks:
        hook.remove()
    assert shapes == {
        "L1": ((2, 68_266), (2, 512, 213)),
        "L5": ((2, 128, 1024), (2, 128, 256)),
        "H0": ((2, 213, 768), (2, 213, 512)),
        "H1": ((2, 213, 768), (2, 213, 512)),
        "H3": ((2, 213, 768), (2, 213, 512)),
        "H5": ((2, 64, 1536), (2, 64, 256)),
    }
    check_output(output, 128)


def test_every_stage_of_the_motion_tower_has_the_published_shape(paper):
    with torch.no_grad():
        low, high = paper.motion_tower.encoder(torch.randn(2, 64, 825))
        output = paper.encode_motion(torch.randn(2, 128, 825))
    assert low.shape == high.shape == (2, 64, 256)
    check_output(output, 128)


def check_output(output, frames: int):
    assert output.low.shape == output.high.shape == (2, frames, 256)
    assert output.attention.shape == (2, 8, -(-frames // 2))
    assert torch.allclose(output.attention.sum(dim=-1), torch.ones(2, 8), atol=1e-5)
    assert torch.allclose(output.cls, output.high[:, 0], atol=1e-6)


@pytest.mark.parametrize(
    ("samples", "features", "frames", "repeated"),
    [(68_266, 213, 128, True), (16_000, 49, 30, True), (48_000, 149, 90, True), (136_532, 426, 256, True)],
)
def test_audio_lengths(samples, features, frames, repeated):
    config = tiny.paper()
    model = AuMoClip(config).eval()
    inputs = frozen(config, samples)
    with torch.no_grad():
        assert model.audio_tower.encoder.low(inputs.waveform, inputs.frozen_low).shape[1] == features
        output = model.encode_audio(inputs)
    check_output(output, frames)
    assert torch.equal(output.low[:, -1], output.low[:, -2]) is repeated  # 127 made even by repeating the last


def test_cached_features_of_214_frames_give_128_without_repeating():
    config = tiny.embedded()
    low, high = torch.randn(2, 214, 80), torch.randn(2, 214, 160)
    with torch.no_grad():
        output = AuMoClip(config).eval().encode_audio(AudioInputs(frozen_low=low, frozen_high=high))
    check_output(output, 128)
    assert not torch.equal(output.low[:, -1], output.low[:, -2])


def test_features_of_unequal_length_are_extended_by_their_last_frame():
    config = tiny.paper()
    model = AuMoClip(config).eval()
    inputs = frozen(config, 68_266)
    longer = AudioInputs(
        text=torch.cat([inputs.text, inputs.text[:, -1:]], dim=1),
        waveform=inputs.waveform,
        frozen_low=torch.cat([inputs.frozen_low, inputs.frozen_low[:, -1:]], dim=1),
        frozen_high=torch.cat([inputs.frozen_high, inputs.frozen_high[:, -1:]], dim=1),
    )
    mixed = AudioInputs(longer.text, inputs.waveform, inputs.frozen_low, inputs.frozen_high)
    with torch.no_grad():
        assert torch.equal(model.encode_audio(mixed).high, model.encode_audio(longer).high)


def test_an_event_stays_at_its_time_in_the_low_level():
    torch.manual_seed(0)
    model = AuMoClip(tiny.embedded()).eval()
    low, high, motion = torch.randn(1, 214, 80), torch.randn(1, 214, 160), torch.randn(1, 128, 825)
    with torch.no_grad():
        speech = model.encode_audio(AudioInputs(frozen_low=low, frozen_high=high)).low
        body = model.encode_motion(motion).low
        low[:, 100] += 5  # 2.0 s: frame 60
        motion[:, 60] += 5
        louder = model.encode_audio(AudioInputs(frozen_low=low, frozen_high=high)).low
        moved = model.encode_motion(motion).low
    for before, after, reach in ((speech, louder, 21), (body, moved, 20)):
        change = (after - before)[0].norm(dim=-1)
        assert 59 <= int(change.argmax()) <= 61
        touched = torch.nonzero(change > 1e-5)[:, 0]
        assert 60 - reach <= int(touched.min()) and int(touched.max()) <= 60 + reach


@pytest.mark.parametrize("frames", [1, 2, 7, 128, 160])
def test_motion_of_any_length_to_160_frames_keeps_its_length(frames):
    with torch.no_grad():
        output = AuMoClip(tiny.embedded()).eval().encode_motion(torch.randn(2, frames, 825))
    check_output(output, frames)


def test_longer_motion_windows_are_refused():
    with pytest.raises(ValueError, match="1 to 160 frames"):
        AuMoClip(tiny.embedded()).encode_motion(torch.randn(1, 161, 825))


def graded(module) -> bool:
    grads = [parameter.grad for parameter in module.parameters()]
    return any(grad is not None and bool(grad.abs().sum() > 0) for grad in grads)


@pytest.mark.parametrize("config", [tiny.paper(), tiny.embedded()], ids=["paper", "embedded"])
def test_the_high_level_does_not_train_the_low_level_of_speech(config):
    torch.manual_seed(0)
    model = AuMoClip(config).eval()
    inputs = frozen(config, 68_266)
    tower = model.audio_tower
    model.encode_audio(inputs).cls.square().sum().backward()
    assert not graded(tower.encoder.feature_extractor) and not graded(tower.low_mapping)
    assert graded(tower.encoder.feature_projection) and graded(tower.encoder.encoder) and graded(tower.high_mapping)
    assert graded(tower.attention) and graded(tower.speech_projection) and graded(tower.text_projection)
    assert not graded(model.motion_tower)
    model.zero_grad()
    model.encode_audio(inputs).low.square().sum().backward()
    assert graded(tower.encoder.feature_extractor) and graded(tower.low_mapping)
    assert not graded(tower.encoder.encoder) and not graded(tower.high_mapping)


def test_the_high_level_does_not_train_the_low_level_of_motion():
    torch.manual_seed(0)
    model = AuMoClip(tiny.embedded()).eval()
    encoder = model.motion_tower.encoder
    model.encode_motion(torch.randn(2, 128, 825)).cls.square().sum().backward()
    assert not graded(encoder.feature_extractor) and not graded(model.motion_tower.low_mapping)
    assert graded(encoder.encoder_cnn) and graded(encoder.encoder_trans) and graded(model.motion_tower.attention)
    model.zero_grad()
    model.encode_motion(torch.randn(2, 128, 825)).low.square().sum().backward()
    assert graded(encoder.feature_extractor) and not graded(encoder.encoder_cnn)


def test_the_attention_is_plain_multi_head_attention():
    torch.manual_seed(0)
    ours = ClipAttention(width=32, heads=4)
    theirs = torch.nn.MultiheadAttention(32, 4, batch_first=True)
    with torch.no_grad():
        parts = ours.query_proj, ours.key_proj, ours.value_proj
        theirs.in_proj_weight.copy_(torch.cat([part.weight for part in parts]))
        theirs.in_proj_bias.copy_(torch.cat([part.bias for part in parts]))
        theirs.out_proj.load_state_dict(ours.out_proj.state_dict())
        values = torch.randn(2, 6, 32)
        expected, weights = theirs(values, values, values, average_attn_weights=False)
        attended, attention = ours(values)
    assert torch.allclose(attended, expected, atol=1e-5)
    assert torch.allclose(attention, weights[:, :, 0], atol=1e-6)


def test_the_position_code_repeats():
    code = AuMoClip(tiny.embedded()).motion_tower.encoder.pos_encoding.pe
    assert code.shape == (1, 80, 16)
    assert torch.equal(code[:, :20], code[:, 60:80])
    assert not torch.equal(code[:, :20], code[:, 1:21])


def test_standardised_motion_gives_what_the_plain_model_gives_for_standard_motion():
    torch.manual_seed(0)
    model = AuMoClip(tiny.embedded()).eval()
    motion, mean, deviation = torch.randn(2, 64, 825), torch.randn(825), torch.rand(825) + 0.5
    with torch.no_grad():
        expected = model.encode_motion(motion).low
        model.motion_tower.set_statistics(mean, deviation)
        assert torch.allclose(model.encode_motion(motion * deviation + mean).low, expected, atol=1e-4)


def test_missing_inputs_are_named():
    model = AuMoClip(tiny.paper())
    text = torch.zeros(1, 213, 12)
    with pytest.raises(ValueError, match="frozen_low"):
        model.encode_audio(AudioInputs(text=text, waveform=torch.zeros(1, 68_266)))
    inputs = frozen(tiny.paper(), 68_266)
    inputs.waveform = None
    with pytest.raises(ValueError, match="waveform"):
        model.encode_audio(inputs)
    inputs = frozen(tiny.paper(), 68_266)
    inputs.text = None
    with pytest.raises(ValueError, match="reads text"):
        model.encode_audio(inputs)


def test_configurations_survive_json_and_refuse_nonsense():
    for config in (AuMoClipConfig.paper(), AuMoClipConfig.embedded()):
        assert AuMoClipConfig.from_dict(config.to_dict()) == config
    with pytest.raises(InputError, match="colour"):
        AuMoClipConfig.from_dict({"colour": 1})
    with pytest.raises(InputError, match="divisor"):
        AuMoClipConfig.paper(attention_heads=7)
    with pytest.raises(InputError, match="pair ctc with wav2vec2"):
        AuMoClipConfig.embedded(text_source="ctc")
