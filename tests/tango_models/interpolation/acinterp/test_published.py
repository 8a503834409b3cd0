"""Public files at a tiny geometry, with the keys that the published ones have."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from tango_models.errors import InputError
from tango_models.interpolation.acinterp import checkpoints
from tango_models.interpolation.acinterp.modeling import ACInterp
from tango_models.interpolation.acinterp.published import NEW, convert_published
from tango_models.interpolation.acinterp.reference import behind_the_last
from tango_models.interpolation.acinterp.weight_files import ACINTERP, read_header
from tests.tango_models.interpolation.acinterp.tiny import shake, tiny_config, tiny_model


def published_motion(name: str) -> str:
    """Our name of a motion module's parameter, as AnimateDiff's files call it."""
    module, rest = name.split(".motion_modules.")
    number, rest = rest.split(".", 1)
    for ours, theirs in (
        (".attn1.", ".attention_blocks.0."), (".attn2.", ".attention_blocks.1."), (".norm1.", ".norms.0."),
        (".norm2.", ".norms.1."), (".norm3.", ".ff_norm."),
    ):  # fmt: skip
        rest = rest.replace(ours, theirs)
    return f"{module}.motion_modules.{number}.temporal_transformer.{rest}"


def files_of(model: ACInterp) -> dict[str, dict[str, torch.Tensor]]:
    """By file name, what the public files would hold if they were this model's."""

    def weights(module: torch.nn.Module) -> dict[str, torch.Tensor]:
        return {n: v.clone() for n, v in module.state_dict().items() if not n.endswith("pos_embed.pe")}

    denoising = weights(model.denoising)
    motion = {published_motion(n): v for n, v in denoising.items() if ".motion_modules." in n}
    motion[
        "down_blocks.0.motion_modules.0.temporal_transformer.transformer_blocks.0.attention_blocks.0.pos_encoder.pe"
    ] = torch.zeros(1, 24, 8)
    vae = {}
    for name, value in weights(model.vae).items():
        for ours, old in (
            (".to_q.", ".query."),
            (".to_k.", ".key."),
            (".to_v.", ".value."),
            (".to_out.0.", ".proj_attn."),
        ):
            name = name.replace(ours, old)
        vae[name] = value
    encoder = weights(model.image_encoder)
    encoder["vision_model.embeddings.position_ids"] = torch.arange(5)[None]
    return {
        "denoising_unet.pth": {n: v for n, v in denoising.items() if ".motion_modules." not in n},
        "reference_unet.pth": {
            n: v for n, v in weights(model.reference).items() if not behind_the_last(model.config, n)
        },
        "pose_guider.pth": weights(model.pose_guider),
        "motion_module.pth": motion,
        "sd-vae-ft-mse/diffusion_pytorch_model.safetensors": vae,
        "image_encoder/pytorch_model.bin": encoder,
    }  # fmt: skip


def write_files(folder: Path, files: dict[str, dict[str, torch.Tensor]]) -> Path:
    for name, state in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".safetensors":
            save_file(state, str(path))
        else:
            torch.save(state, path)
    return folder


@pytest.fixture(scope="module")
def given() -> ACInterp:
    model = tiny_model(seed=5)
    shake(model, seed=6)
    return model


def test_every_parameter_of_the_files_is_used_once(given: ACInterp, tmp_path: Path):
    made = convert_published(write_files(tmp_path, files_of(given)), tiny_config())
    known = dict(given.named_parameters())
    for name, value in made.named_parameters():
        if name.startswith(NEW):
            continue
        if name.startswith("reference.") and behind_the_last(given.config, name.removeprefix("reference.")):
            name = name.replace("reference.", "denoising.", 1)
        assert torch.equal(value, known[name]), name
    assert not made.seed_guider.conv_out.weight.any()


def test_the_converted_model_says_the_same_after_a_file_of_ours(given: ACInterp, tmp_path: Path):
    checkpoints.save(given, tmp_path / "a.safetensors", notes={"stage": "2", "avatars": ["kim"]})
    back = checkpoints.load(tmp_path / "a.safetensors")
    assert all(torch.equal(a, b) for a, b in zip(given.parameters(), back.parameters(), strict=True))
    assert read_header(tmp_path / "a.safetensors", ACINTERP)["notes"]["avatars"] == ["kim"]


def test_stable_diffusion_alone_is_a_start(given: ACInterp, tmp_path: Path):
    files = files_of(given)
    unet = {n: v.clone() for n, v in given.reference.state_dict().items()}
    files = {n: files[n] for n in files if n.split(".")[0] not in ("denoising_unet", "reference_unet", "pose_guider")}
    files["stable-diffusion-v1-5/unet/diffusion_pytorch_model.bin"] = unet
    made = convert_published(write_files(tmp_path, files), tiny_config())
    assert torch.equal(made.denoising.conv_out.weight, unet["conv_out.weight"])
    assert torch.equal(made.reference.conv_in.weight, unet["conv_in.weight"])
    assert not made.pose_guider.conv_out.weight.any()


@pytest.mark.parametrize("name", ["motion_module.pth", "reference_unet.pth", "image_encoder/pytorch_model.bin"])
def test_a_missing_file_is_named(given: ACInterp, tmp_path: Path, name: str):
    files = files_of(given)
    del files[name]
    with pytest.raises(InputError, match=name.split("/")[0].split(".")[0]):
        convert_published(write_files(tmp_path, files), tiny_config())


@pytest.mark.parametrize(
    "name", ["motion_module.pth", "denoising_unet.pth", "sd-vae-ft-mse/diffusion_pytorch_model.safetensors"]
)
@pytest.mark.parametrize("fault", ["lacks", "unknown", "shape"])
def test_a_file_that_does_not_fit_is_refused_by_the_key(given: ACInterp, tmp_path: Path, name: str, fault: str):
    files = files_of(given)
    key = next(k for k in sorted(files[name]) if k.endswith("weight"))
    value = files[name].pop(key)
    if fault == "unknown":
        files[name] |= {key: value, "surplus.weight": value.clone()}
    if fault == "shape":
        files[name][key] = torch.zeros(*value.shape, 2)
    with pytest.raises(InputError, match="surplus.weight" if fault == "unknown" else key.split(".")[-2]):
        convert_published(write_files(tmp_path, files), tiny_config())


def test_nothing_in_a_file_is_executed(given: ACInterp, tmp_path: Path):
    class Bomb:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "harm",))

    write_files(tmp_path, files_of(given))
    torch.save({"a": Bomb()}, tmp_path / "motion_module.pth")
    with pytest.raises(InputError, match="motion_module"):
        convert_published(tmp_path, tiny_config())
    assert not (tmp_path / "harm").exists()
    (tmp_path / "motion_module.pth").write_bytes(b"no archive")
    with pytest.raises(InputError, match="motion_module"):
        convert_published(tmp_path, tiny_config())
