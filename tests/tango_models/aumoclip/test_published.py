"""Conversion of a file with the published names and shapes."""

import os

import pytest
import torch

from tango_models.aumoclip import checkpoints, published
from tango_models.aumoclip.modeling import AudioInputs, AuMoClipConfig
from tango_models.errors import InputError

OLD, NEW = ("weight_g", "weight_v"), ("parametrizations.weight.original0", "parametrizations.weight.original1")


def pair(name: str, *shape: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": shape, f"{name}.bias": shape[:1]}


def speech_shapes(norm: tuple[str, str]) -> dict[str, tuple[int, ...]]:
    extractor, layer = "feature_extractor.conv_layers", "encoder.layers.0"
    shapes: dict[str, tuple[int, ...]] = {f"{extractor}.0.conv.weight": (512, 1, 10)}
    shapes |= pair(f"{extractor}.0.layer_norm", 512)
    shapes |= {f"{extractor}.{index}.conv.weight": (512, 512, 3 if index < 5 else 2) for index in range(1, 7)}
    shapes |= pair("feature_projection.layer_norm", 512) | pair("feature_projection.projection", 768, 512)
    shapes |= {"encoder.pos_conv_embed.conv.bias": (768,), f"encoder.pos_conv_embed.conv.{norm[0]}": (1, 1, 128)}
    shapes |= {f"encoder.pos_conv_embed.conv.{norm[1]}": (768, 48, 128)} | pair("encoder.layer_norm", 768)
    for name in ("q", "k", "v", "out"):
        shapes |= pair(f"{layer}.attention.{name}_proj", 768, 768)
    shapes |= pair(f"{layer}.layer_norm", 768) | pair(f"{layer}.final_layer_norm", 768)
    shapes |= pair(f"{layer}.feed_forward.intermediate_dense", 3072, 768)
    shapes |= pair(f"{layer}.feed_forward.output_dense", 768, 3072) | pair("proj_down", 512, 768)
    return {f"audio_encoder_fintune.{name}": shape for name, shape in shapes.items()}


def motion_shapes() -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {"pos_encoding.pe": (1, 80, 256)}
    for part, inputs, blocks in (("feature_extractor", 825, 3), ("encoder_cnn", 1081, 6)):
        for block in range(blocks):
            shapes |= pair(f"{part}.main.{3 * block}", 256, 256 if block else inputs, 3)
            for layer in (0, 2):
                shapes |= pair(f"{part}.main.{3 * block + 2}.model.{layer}", 256, 256, 3)
    layer = "encoder_trans.layers.0"
    shapes |= {f"{layer}.self_attn.in_proj_weight": (768, 256), f"{layer}.self_attn.in_proj_bias": (768,)}
    shapes |= pair(f"{layer}.self_attn.out_proj", 256, 256)
    shapes |= pair(f"{layer}.linear1", 512, 256) | pair(f"{layer}.linear2", 256, 512)
    shapes |= pair(f"{layer}.norm1", 256) | pair(f"{layer}.norm2", 256)
    return {f"motion_encoder_fintune.{name}": shape for name, shape in shapes.items()}


def published_shapes(norm: tuple[str, str]) -> dict[str, tuple[int, ...]]:
    shapes = speech_shapes(norm) | motion_shapes()
    for name, inputs in (("audio_low", 1024), ("audio_high", 1536), ("motion_low", 256), ("motion_high", 256)):
        shapes |= pair(f"{name}_mapping.mlp.0", 512, inputs) | pair(f"{name}_mapping.mlp.2", 256, 512)
    for name in ("audio_down_proj_2", "audio_down_proj_3"):
        shapes |= pair(name, 512, 768)
    for tower in ("audio_sa", "motion_sa"):
        for name in ("query", "key", "value", "out"):
            shapes |= pair(f"{tower}.{name}_proj", 256, 256)
    return shapes


def published_state(norm: tuple[str, str] = OLD, seed: int = 0) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    state = {name: 0.02 * torch.randn(shape, generator=generator) for name, shape in published_shapes(norm).items()}
    stock = ("audio_encoder.encoder.layer_norm.weight", "asr.lm_head.bias", "bert_model.pooler.dense.bias")
    scalars = {"low_temp": torch.tensor(0.07), "high_temp": torch.tensor(0.07)}
    return state | {name: torch.zeros(4) for name in (*stock, "smplx_model.v_template")} | scalars


def write(path, state):
    prefixed = {f"module.{name}": value for name, value in state.items()}
    moments = {"state": {0: {"exp_avg": torch.zeros(4)}}, "param_groups": [{"lr": 2e-5, "params": [0]}]}
    torch.save({"iteration": 3800, "model_state_dict": prefixed, "optimizer_state_dict": moments}, path)
    return path


@pytest.fixture(scope="module")
def state():
    return published_state()


@pytest.fixture(scope="module")
def converted(state, tmp_path_factory):
    path = write(tmp_path_factory.mktemp("published") / "ckpt.pth", state)
    model = published.convert_published(path)
    path.unlink()
    return model


def test_the_kept_tensors_have_the_published_counts():
    shapes = published_shapes(OLD)
    counts = {"audio_encoder_fintune.": 36, "motion_encoder_fintune.": 67, "audio_sa.": 8, "audio_low_mapping.": 4}
    for prefix, count in counts.items():
        assert sum(name.startswith(prefix) for name in shapes) == count
    values = sum(torch.Size(shape).numel() for shape in shapes.values())
    assert values == 16_798_080 + 656_128 + 918_272 + 2 * 393_728 + 2 * 263_168 + 6_933_504 + 2 * 262_912


def test_every_published_tensor_arrives_where_it_belongs(state, converted):
    audio, motion = converted.audio_tower, converted.motion_tower
    convolution = audio.encoder.encoder.pos_conv_embed.conv.parametrizations.weight
    places = {
        "audio_encoder_fintune.feature_extractor.conv_layers.3.conv.weight": (
            audio.encoder.feature_extractor.conv_layers[3].conv.weight
        ),
        "audio_encoder_fintune.encoder.pos_conv_embed.conv.weight_g": convolution.original0,
        "audio_encoder_fintune.encoder.pos_conv_embed.conv.weight_v": convolution.original1,
        "audio_down_proj_2.weight": audio.speech_projection.weight,
        "audio_down_proj_3.weight": audio.text_projection.weight,
        "audio_high_mapping.mlp.2.weight": audio.high_mapping.mlp[2].weight,
        "audio_sa.key_proj.bias": audio.attention.key_proj.bias,
        "motion_encoder_fintune.encoder_cnn.main.5.model.2.weight": motion.encoder.encoder_cnn.main[5].model[2].weight,
        "motion_encoder_fintune.pos_encoding.pe": motion.encoder.pos_encoding.pe,
        "motion_low_mapping.mlp.0.weight": motion.low_mapping.mlp[0].weight,
        "motion_sa.out_proj.weight": motion.attention.out_proj.weight,
    }
    for name, value in places.items():
        assert torch.equal(value, state[name]), name
    kept = sum(torch.Size(shape).numel() for shape in published_shapes(OLD).values())
    assert kept == converted.parameter_count() + motion.encoder.pos_encoding.pe.numel()
    assert not converted.training and not motion.mean.any() and bool((motion.scale == 1).all())


def test_both_spellings_of_the_weight_norm_and_our_own_file_give_the_same_output(state, converted, tmp_path):
    renamed = {name.replace(OLD[0], NEW[0]).replace(OLD[1], NEW[1]): value for name, value in state.items()}
    newer = published.convert_published(write(tmp_path / "newer.pth", renamed))
    own = checkpoints.load(checkpoints.save(converted, tmp_path))
    torch.manual_seed(0)
    motion = torch.randn(1, 64, 825)
    inputs = AudioInputs(
        waveform=torch.randn(1, 16_000),
        text=torch.randn(1, 49, 768),
        frozen_low=torch.randn(1, 49, 512),
        frozen_high=torch.randn(1, 49, 768),
    )
    with torch.no_grad():
        audio, body = converted.encode_audio(inputs), converted.encode_motion(motion)
        assert float(audio.low.std()) > 0 and float(body.high.std()) > 0
        for other in (newer, own):
            for name in ("low", "high", "cls", "attention"):
                assert torch.equal(getattr(other.encode_audio(inputs), name), getattr(audio, name))
                assert torch.equal(getattr(other.encode_motion(motion), name), getattr(body, name))
    for path in tmp_path.iterdir():
        path.unlink()


def small_state():
    """Names without the bulk: enough for faults that are found before the shapes are compared."""
    return {name: torch.zeros(1) for name in published_shapes(OLD)}


def refused(tmp_path, state, config=None) -> str:
    with pytest.raises(InputError) as caught:
        published.convert_published(write(tmp_path / "ckpt.pth", state), config)
    return str(caught.value)


def test_unknown_and_doubled_tensors_are_named(tmp_path):
    state = small_state()
    state["audio_encoder_extra.weight"] = torch.zeros(1)
    state["audio_encoder_fintune.encoder.pos_conv_embed.conv.parametrizations.weight.original0"] = torch.zeros(1)
    message = refused(tmp_path, state)
    assert "module.audio_encoder_extra.weight" in message
    assert "a second audio_tower.encoder.encoder.pos_conv_embed" in message


def test_missing_and_misshapen_tensors_are_named(tmp_path):
    small = AuMoClipConfig.paper(motion_width=16)
    message = refused(tmp_path, small_state() | {"proj.weight": torch.zeros(1)}, small)
    assert "unknown module.proj.weight" in message
    state = small_state()
    del state["motion_sa.out_proj.weight"]
    message = refused(tmp_path, state, small)
    assert "lacks motion_tower.attention.out_proj.weight" in message and "wrong shapes" in message
    assert "(1,) instead of" in message


def test_a_file_with_code_is_refused_and_does_not_run(tmp_path):
    class Payload:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "ran"),)

    path = tmp_path / "bad.pth"
    torch.save({"model_state_dict": {"module.low_temp": Payload()}}, path)
    with pytest.raises(InputError, match="could run code"):
        published.convert_published(path)
    assert not (tmp_path / "ran").exists()


def test_other_files_are_refused(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        published.convert_published(tmp_path / "none.pth")
    path = tmp_path / "other.pth"
    for content in (b"", b"hello", b"PK\x03\x04broken"):
        path.write_bytes(content)
        with pytest.raises(InputError):
            published.convert_published(path)
    torch.save({"weights": torch.zeros(1)}, path)
    with pytest.raises(InputError, match="model_state_dict"):
        published.convert_published(path)
