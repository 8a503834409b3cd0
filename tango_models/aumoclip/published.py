"""The published checkpoint's tensors under this model's names."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path
from typing import Any

import torch

from tango_models.aumoclip.checkpoints import load_strictly, raise_mismatch
from tango_models.aumoclip.configuration import AuMoClipConfig
from tango_models.aumoclip.modeling import AuMoClip
from tango_models.errors import InputError

_KEPT = {
    "audio_encoder_fintune.": "audio_tower.encoder.",
    "audio_low_mapping.": "audio_tower.low_mapping.",
    "audio_high_mapping.": "audio_tower.high_mapping.",
    "audio_down_proj_2.": "audio_tower.speech_projection.",
    "audio_down_proj_3.": "audio_tower.text_projection.",
    "audio_sa.": "audio_tower.attention.",
    "motion_encoder_fintune.": "motion_tower.encoder.",
    "motion_low_mapping.": "motion_tower.low_mapping.",
    "motion_high_mapping.": "motion_tower.high_mapping.",
    "motion_sa.": "motion_tower.attention.",
}
_DROPPED = ("audio_encoder.", "asr.", "bert_model.", "smplx_model.")  # stock models, and the licensed body
_DROPPED_SCALARS = ("low_temp", "high_temp")  # never used in training
_WEIGHT_NORM = {  # the spelling before and since torch's parametrizations
    "pos_conv_embed.conv.weight_g": "pos_conv_embed.conv.parametrizations.weight.original0",
    "pos_conv_embed.conv.weight_v": "pos_conv_embed.conv.parametrizations.weight.original1",
}
_OURS = ("motion_tower.mean", "motion_tower.scale")  # the published model does not standardise


def convert_published(path: str | Path, config: AuMoClipConfig | None = None) -> AuMoClip:
    """Read the published .pth strictly: every tensor is either used once or known to be of no use here.

    Args:
        path: a torch file with `model_state_dict`. It is read as tensors only; code in it does not run.
        config: of the model in the file, `paper` by default.

    Raises:
        InputError: not such a file, or tensors that are missing, unknown, doubled or of another shape (named).
    """
    path = Path(path)
    state: dict[str, torch.Tensor] = {}
    unknown, doubled = set(), set()
    for published, value in _read(path).items():
        name = published.replace("module.", "")
        if name in _DROPPED_SCALARS or name.startswith(_DROPPED):
            continue
        ours = _rename(name)
        if ours is None:
            unknown.add(published)
        elif ours in state:
            doubled.add(f"{published} (a second {ours})")
        else:
            state[ours] = value
    raise_mismatch(path, set(), unknown | doubled, set())
    model = AuMoClip(config or AuMoClipConfig.paper())
    own = model.state_dict()
    load_strictly(model, {**state, **{name: own[name] for name in _OURS}}, path)
    return model


def _rename(name: str) -> str | None:
    for prefix, ours in _KEPT.items():
        if name.startswith(prefix):
            name = ours + name.removeprefix(prefix)
            for old, new in _WEIGHT_NORM.items():
                name = name.replace(old, new)
            return None if name in _OURS else name
    return None


def _read(path: Path) -> dict[str, torch.Tensor]:
    subject = f"published checkpoint {path}"
    if not path.is_file():
        raise InputError(subject, "does not exist", "name the published ckpt.pth")
    try:
        # mapped, so that the two thirds that are dropped are never read
        loaded: Any = torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except pickle.UnpicklingError as error:
        fault = "holds objects other than tensors, which could run code, or is no torch file"
        raise InputError(subject, fault, "get the file from its authors again") from error
    except (RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        raise InputError(subject, f"cannot be read ({error})", "copy it again") from error
    state = loaded.get("model_state_dict") if isinstance(loaded, dict) else None
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise InputError(subject, "has no model_state_dict of tensors", "name the published ckpt.pth")
    return state
