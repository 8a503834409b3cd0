"""The public weights that ACInterp starts from, brought into its own file, strictly.

Every tensor of every file goes to exactly one place or stands on `LEFT`; every place gets exactly one tensor or stands
on `NEW`. Nothing in a file is executed.
"""

from __future__ import annotations

import pickle
import re
from pathlib import Path

import torch

from tango_models.errors import InputError
from tango_models.interpolation.acinterp.configuration import ACInterpConfig
from tango_models.interpolation.acinterp.modeling import ACInterp
from tango_models.interpolation.acinterp.reference import behind_the_last
from tango_models.interpolation.acinterp.weight_files import raise_mismatch, read_tensors

LEFT = (
    r".*\.pos_encoder\.pe",  # sinusoidal positions, computed
    r"(vision_model\.)?embeddings\.position_ids",  # 0, 1, 2, …
)
"""Tensors of the files that nothing needs, as patterns."""
NEW = ("seed_guider", "latent_scale", "pos_embed.pe")
"""What no public file holds: ACInterp's own guider, which starts by saying nothing, and constants."""

_SUFFIXES = (".safetensors", ".pth", ".bin", ".ckpt", ".pt")
_HUB = ("diffusion_pytorch_model", "pytorch_model", "model")
_UNET = ("stable-diffusion-v1-5/unet", "unet")
_PARTS = {
    "vae": ("sd-vae-ft-mse", "stable-diffusion-v1-5/vae", "vae"),
    "image_encoder": ("image_encoder",),
    "motion": ("motion_module", "mm_sd_v15_v2"),
    "denoising": ("denoising_unet", *_UNET),
    "reference": ("reference_unet", *_UNET),
    "pose_guider": ("pose_guider",),
}
_MOTION = (
    (r"\.temporal_transformer\.", "."),
    (r"\.attention_blocks\.0\.", ".attn1."),
    (r"\.attention_blocks\.1\.", ".attn2."),
    (r"\.norms\.0\.", ".norm1."),
    (r"\.norms\.1\.", ".norm2."),
    (r"\.ff_norm\.", ".norm3."),
)
_OLD_VAE = ((".query.", ".to_q."), (".key.", ".to_k."), (".value.", ".to_v."), (".proj_attn.", ".to_out.0."))


def convert_published(folder: Path, config: ACInterpConfig | None = None) -> ACInterp:
    """The model of a folder of public files.

    It holds `denoising_unet`, `reference_unet`, `pose_guider` and `motion_module` of AnimateAnyone (.pth or
    .safetensors), and as folders in the hub's layout `sd-vae-ft-mse` and `image_encoder`. Without the first three
    it needs `stable-diffusion-v1-5/unet`, from which both networks then start and the pose guider says nothing.

    Raises:
        InputError: a file is missing or cannot be read, or has tensors that are missing, unknown or of another shape.
    """
    if not folder.is_dir():
        raise InputError(str(folder), "is no folder", "name the folder of the public weights")
    found = {part: _find(folder, names) for part, names in _PARTS.items()}
    own = [part for part in ("denoising", "reference", "pose_guider") if _own(found[part], part)]
    if 0 < len(own) < 3:
        missing = {"denoising": "denoising_unet", "reference": "reference_unet", "pose_guider": "pose_guider"}
        lacking = ", ".join(name for part, name in missing.items() if part not in own)
        raise InputError(str(folder), f"lacks {lacking}", "add it; those three were trained together")
    if absent := [_PARTS[p][0] for p in ("vae", "image_encoder", "motion", "denoising") if found[p] is None]:
        raise InputError(str(folder), f"lacks {', '.join(absent)}", "add the public files of that name")
    model = ACInterp(config or ACInterpConfig())
    targets = _targets(model)
    for part, path in found.items():
        if path is not None:
            state = _renamed(part, _read(path))
            if part == "reference":  # its end, which AnimateAnyone does not read, begins as the denoising network's
                end = {n: v for n, v in targets["denoising"].items() if behind_the_last(model.config, n)}
                state = end | state
            _fill(targets[part], state, path)
    return model.eval()


def _own(path: Path | None, part: str) -> bool:
    return path is not None and path.stem == _PARTS[part][0]


def _find(folder: Path, names: tuple[str, ...]) -> Path | None:
    """The first of some files, or folders in the hub's layout."""
    for name in names:
        places = [folder / name, *(folder / name / inside for inside in _HUB)]
        for place in places:
            for suffix in _SUFFIXES:
                path = place.with_name(place.name + suffix)
                if path.is_file():
                    return path
    return None


def _read(path: Path) -> dict[str, torch.Tensor]:
    if path.suffix == ".safetensors":
        return read_tensors(path)
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        fault = f"cannot be read as plain tensors ({type(error).__name__})"
        raise InputError(str(path), fault, "copy it again, or convert it to safetensors") from error
    if isinstance(state, dict) and isinstance(state.get("state_dict"), dict):
        state = state["state_dict"]
    if not isinstance(state, dict) or not all(isinstance(v, torch.Tensor) for v in state.values()):
        raise InputError(str(path), "holds other things than tensors", "use the published file")
    return {name.removeprefix("module."): value.float() for name, value in state.items()}


def _renamed(part: str, state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Under our names, without what is left."""
    made = {}
    for name, value in state.items():
        if any(re.fullmatch(pattern, name) for pattern in LEFT):
            continue
        new = name
        if part == "motion":
            for pattern, ours in _MOTION:
                new = re.sub(pattern, ours, new)
        if part == "vae":
            for old, ours in _OLD_VAE:
                new = new.replace(old, ours)
            if re.search(r"attentions\.\d+\.to_", new) and new.endswith("weight") and value.ndim == 4:
                value = value[..., 0, 0]  # once a 1 x 1 convolution
        made[new] = value
    return made


def _targets(model: ACInterp) -> dict[str, dict[str, torch.Tensor]]:
    """By part, all tensors that a file has to fill."""
    denoising = {n: v for n, v in model.denoising.state_dict().items() if not n.endswith("pos_embed.pe")}
    encoder = model.image_encoder.state_dict()
    return {
        "vae": model.vae.state_dict(),
        "image_encoder": {n: v for n, v in encoder.items() if not n.endswith("position_ids")},
        "motion": {n: v for n, v in denoising.items() if ".motion_modules." in n},
        "denoising": {n: v for n, v in denoising.items() if ".motion_modules." not in n},
        "reference": model.reference.state_dict(),
        "pose_guider": model.pose_guider.state_dict(),
    }


def _fill(target: dict[str, torch.Tensor], state: dict[str, torch.Tensor], path: Path) -> None:
    shapes = {n for n in target.keys() & state.keys() if target[n].shape != state[n].shape}
    raise_mismatch(
        str(path),
        {
            "lacks": target.keys() - state.keys(),
            "has the unknown": state.keys() - target.keys(),
            "has of another shape": {f"{n} {tuple(state[n].shape)} for {tuple(target[n].shape)}" for n in shapes},
        },
    )
    for name, value in state.items():
        target[name].copy_(value)
